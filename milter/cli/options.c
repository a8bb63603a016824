/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - parsing and --help from a table of options.
 */
#include "cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/term.h"
#include "text/buf.h"

#define ROWS_MAX 24
#define HELP_MAX 16384
#define WIDE 24 /* help for a wider option begins on the next line */

/* "-f, --format FORM" */
static void
add_option(struct buf *out, const struct options_row *row)
{
	buf_addf(out, "-%c, --%s", row->letter, row->name);
	if (row->argument != NULL)
		buf_addf(out, " %s", row->argument);
}

static size_t
width(const struct options_row *row)
{
	size_t argument = row->argument != NULL ? 1 + strlen(row->argument) : 0;

	return strlen("-f, --") + strlen(row->name) + argument;
}

/* The place in a line where the help of all rows begins. */
static size_t
help_column(const struct options_row *rows)
{
	size_t widest = 0;

	for (; rows->name != NULL; rows++)
		if (width(rows) <= WIDE && width(rows) > widest)
			widest = width(rows);
	return 2 + widest + 2;
}

static void
add_row(struct buf *out, const struct options_row *row, size_t column)
{
	size_t at = 2 + width(row);
	const char *line = row->help;

	buf_adds(out, "  ");
	add_option(out, row);
	if (at + 2 > column) {
		buf_addc(out, '\n');
		at = 0;
	}
	for (;;) {
		size_t n = strcspn(line, "\n");

		buf_addf(out, "%*s%.*s\n", (int)(column - at), "", (int)n, line);
		if (line[n] == '\0')
			break;
		line += n + 1;
		at = 0;
	}
}

static int
help(const struct options_table *o)
{
	size_t column = help_column(o->rows);
	struct buf out;

	buf_init(&out, HELP_MAX);
	buf_addf(&out, "%s\n", o->usage);
	for (const struct options_row *row = o->rows; row->name != NULL; row++)
		add_row(&out, row, column);
	buf_addf(&out, "\n%s", o->more);
	term_put(buf_str(&out));
	buf_fini(&out);
	return term_finish();
}

static const struct options_row *
find(const struct options_row *rows, int letter)
{
	for (; rows->name != NULL; rows++)
		if (rows->letter == letter)
			return rows;
	return NULL;
}

static int
take(const struct options_row *row, void *into)
{
	static const bool yes = true;
	char *place = (char *)into + row->at, phrase[256];

	if (row->take != NULL)
		return row->take(into, optarg);
	if (row->check != NULL && row->check(optarg, phrase, sizeof(phrase)) != 0) {
		term_say("--%s: found \"%s\", expected %s", row->name, optarg, phrase);
		return -1;
	}
	/* memcpy(), as the pointer there may be to char or to const char. */
	if (row->argument != NULL)
		memcpy(place, &optarg, sizeof(optarg));
	else
		memcpy(place, &yes, sizeof(yes));
	return 0;
}

int
options_read(const struct options_table *o, void *into, int argc, char **argv)
{
	struct option longs[ROWS_MAX + 2] = { { "help", no_argument, NULL, 'h' } };
	char letters[2 * ROWS_MAX + 2] = "h";
	size_t n = 1, end = 1;
	bool wants_help = false;
	int letter;

	for (const struct options_row *row = o->rows; row->name != NULL; row++) {
		assert(n <= ROWS_MAX);
		longs[n++] = (struct option) { row->name,
			row->argument != NULL ? required_argument : no_argument, NULL,
			row->letter };
		letters[end++] = row->letter;
		if (row->argument != NULL)
			letters[end++] = ':';
	}
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct options_row *row = find(o->rows, letter);

		if (letter == 'h') {
			wants_help = true;
		} else if (row == NULL) {
			term_say("--help tells the options");
			return EX_USAGE;
		} else if (take(row, into) != 0) {
			return EX_USAGE;
		}
	}
	return wants_help ? help(o) : OPTIONS_NOT_DONE;
}
