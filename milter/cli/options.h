/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the options of a subcommand, as one table.
 *
 * Parsing, --help and shell completion all read the table, so an option is one row.
 * Every subcommand also has -h and --help, which have no row.
 */
#ifndef METERMARK_CLI_OPTIONS_H
#define METERMARK_CLI_OPTIONS_H

#include <stddef.h>

struct options_row {
	const char *name;     /* "format", for --format */
	char letter;          /* 'f', for -f */
	const char *argument; /* "FORM"; NULL: the option takes no argument */
	const char *help;     /* may have several lines */
	/*
	 * Where the value goes, as offset in the struct that options_read() fills: a
	 * bool without an argument, otherwise a pointer to the text in argv.  Not used
	 * with take().
	 */
	size_t at;
	/* NULL, or says in the phrase what was expected instead of a text: 0, or -1. */
	int (*check)(const char *text, char *phrase, size_t size);
	/* Takes the argument (NULL without one) into the struct; 0, or -1 after saying
	 * what is wrong. */
	int (*take)(void *into, const char *text);
};

struct options_table {
	const char *usage;              /* what --help says before the options */
	const struct options_row *rows; /* the last one has no name */
	const char *more;               /* what --help says after them */
	const char *verbs;              /* "generate record test", or NULL */
};

#define OPTIONS_NOT_DONE (-1)

/*
 * Read argv into the struct; optind is then the first argument that is no option.
 * OPTIONS_NOT_DONE, or the exit status: help was asked for and printed, or an option
 * was wrong and a message says so.
 */
int options_read(const struct options_table *, void *into, int argc, char **argv);

#endif
