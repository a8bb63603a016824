/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_opendkim.c - `metermark import-opendkim`: options, what is said, and the order
 * of the work.  milter/cli/opendkim/import.h tells the rest.
 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/opendkim/import.h"
#include "cli/options.h"
#include "cli/term.h"
#include "text/visible.h"

#define OUTPUT_MAX ((size_t)1 << 30)
#define COMMENTS_MAX ((size_t)16 * 1024 * 1024)

/* Is it lost, for all that the table says?  CARRIED settings have code of their own. */
static bool
is_lost(const struct import_setting *s)
{
	long number = 0;
	bool truth = false;

	switch (s->known->fate) {
	case ODKCONF_LOST:
		return true;
	case ODKCONF_LOST_TRUE:
		return odkconf_bool(s->value, &truth) == 0 && truth;
	case ODKCONF_LOST_FALSE:
		return odkconf_bool(s->value, &truth) == 0 && !truth;
	case ODKCONF_LOST_NONZERO:
		return odkconf_int(s->value, &number) != 0 || number != 0;
	case ODKCONF_CARRIED:
	case ODKCONF_NEEDLESS:
	case ODKCONF_VERIFY:
		break;
	}
	return false;
}

/* Every line has its end in the new file. */
static void
account(struct import *im)
{
	for (size_t i = 0; i < im->n; i++) {
		const struct import_setting *s = &im->v[i];

		if (s->known == NULL)
			import_lost(im, s->file, s->line, "unknown setting",
			    "%.*s is not known to opendkim 2.11 nor to this command",
			    s->name.len > 60 ? 60 : (int)s->name.len, s->name.p);
		else if (s->overridden)
			import_needless_line(im, s, "a later line says it again");
		else if (is_lost(s))
			import_lost(im, s->file, s->line, s->known->name, "%s",
			    s->known->reason);
		else if (s->known->fate != ODKCONF_CARRIED)
			import_needless_line(im, s, s->known->reason);
	}
}

static void
head(const struct import *im, struct buf *out)
{
	buf_adds(out, "# metermark.conf made by metermark import-opendkim from ");
	visible_add(out, str_of(im->file), true);
	buf_adds(out,
	    "\n# Settings name the lines they come from; metermark.conf(5) explains them.\n# Check it with: metermark-milter -t -c FILE\n\n");
}

static void
comments(struct buf *out, const char *title, const struct buf *text)
{
	if (text->len == 0)
		return;
	buf_addf(out, "\n# %s\n", title);
	buf_addstr(out, buf_str(text));
}

static int
convert(struct import *im, struct buf *conf, struct buf *table, bool *use_table)
{
	struct buf sections;
	int status = import_read(im);

	buf_init(&sections, OUTPUT_MAX);
	if (status == EX_OK) {
		account(im);
		head(im, conf);
		status = import_carry(im, conf);
	}
	if (status == EX_OK)
		status = import_sign(im);
	if (status == EX_OK) {
		import_check_keys(im);
		status = import_domains(im, &sections, table, use_table);
	}
	if (status == EX_OK) {
		buf_addstr(conf, buf_str(&sections));
		comments(conf, "Not carried over:", &im->lost_text);
		comments(conf, "Cannot be used yet:", &im->unready_text);
		comments(conf, "Worth knowing:", &im->note_text);
		comments(conf, "Not needed:", &im->needless_text);
	}
	if (status == EX_OK && (buf_failed(conf) || buf_failed(table)))
		status = import_no_memory();
	buf_fini(&sections);
	return status;
}

static int
run(struct import *im)
{
	struct buf conf, table;
	bool use_table = false;
	int status;

	buf_init(&conf, OUTPUT_MAX);
	buf_init(&table, OUTPUT_MAX);
	buf_init(&im->lost_text, COMMENTS_MAX);
	buf_init(&im->unready_text, COMMENTS_MAX);
	buf_init(&im->note_text, COMMENTS_MAX);
	buf_init(&im->needless_text, COMMENTS_MAX);
	status = convert(im, &conf, &table, &use_table);
	if (status == EX_OK && im->output != NULL) {
		status = import_save(im, &conf, use_table ? &table : NULL);
	} else if (status == EX_OK) {
		term_put(buf_str(&conf));
		status = term_finish();
	}
	buf_fini(&im->lost_text);
	buf_fini(&im->unready_text);
	buf_fini(&im->note_text);
	buf_fini(&im->needless_text);
	buf_fini(&conf);
	buf_fini(&table);
	return status == EX_OK && im->lost ? CMD_NOT_ALL : status;
}

static const struct options_row rows[] = {
	{ "output", 'o', "FOLDER",
	    "write FOLDER/metermark.conf, and for many domains\n"
	    "FOLDER/domain_table; files that are there stay",
	    .at = offsetof(struct import, output) },
	{ 0 },
};

const struct options_table import_opendkim_options = {
	.usage =
	    "usage: metermark import-opendkim [-o FOLDER] [FILE]\n"
	    "\n"
	    "Prints a metermark.conf that signs the mail which opendkim signs with FILE\n"
	    "(/etc/opendkim.conf), by the same keys.  What cannot be carried over is named on\n"
	    "stderr.  Nothing of opendkim is changed.\n",
	.rows = rows,
	.more =
	    "Status: 0 all was carried over, 3 not all, 64 usage, 66 a file cannot be read,\n"
	    "73 a file cannot be written, 78 opendkim itself would not start with it.\n",
};

int
import_opendkim_main(int argc, char **argv)
{
	struct import *im = calloc(1, sizeof(*im));
	int status;

	if (im == NULL)
		return import_no_memory();
	status = options_read(&import_opendkim_options, im, argc, argv);
	if (status == OPTIONS_NOT_DONE && argc - optind > 1) {
		term_say("expected one file; --help tells more");
		status = EX_USAGE;
	}
	im->file = optind < argc ? argv[optind] : "/etc/opendkim.conf";
	if (status == OPTIONS_NOT_DONE)
		status = run(im);
	for (size_t i = 0; i < im->n_texts; i++)
		free(im->texts[i]);
	free(im->texts);
	free(im->v);
	odktable_free(im->table);
	free(im);
	return status;
}
