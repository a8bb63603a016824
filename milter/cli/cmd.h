/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd.h - the subcommands of metermark.
 *
 * A subcommand is a function NAME_main() and a table NAME_options, in
 * milter/cli/FOLDER/NAME.c, and has one row in the table of milter/cli/main.c. The
 * function returns one of the exit statuses below; it never ends the process itself.
 */
#ifndef METERMARK_CLI_CMD_H
#define METERMARK_CLI_CMD_H

#include <sysexits.h>

#include "cli/options.h"

struct cmd {
	const char *name;
	const char
	    *summary; /* for metermark --help: no period, at most 60 characters */
	/* argv[0] is "metermark NAME": getopt() begins its messages with it. */
	int (*run)(int argc, char **argv);
	const struct options_table *options;
};

/*
 * Exit statuses, those of <sysexits.h> and three names of our own; metermark(1) lists
 * them.
 *
 *     0   EX_OK           done
 *     1   CMD_NOT_FOUND   what was asked for by name is not there
 *     1   CMD_FAILED      a check has failed (check, doctor, key test), a token does
 *                         not verify (token), a message would be refused (explain)
 *     3   CMD_NOT_ALL     done, but not all of it could be (import-opendkim)
 *    64   EX_USAGE        wrong options or arguments
 *    66   EX_NOINPUT      a file to read from is not there or cannot be read
 *    69   EX_UNAVAILABLE  Redis cannot be reached
 *    71   EX_OSERR        out of memory
 *    73   EX_CANTCREAT    a file could not be written
 *    74   EX_IOERR        the output could not be written
 *    75   EX_TEMPFAIL     Redis answers, but cannot serve now: try again
 *    76   EX_PROTOCOL     Redis answered what we did not expect
 *    77   EX_NOPERM       Redis refused: password, user or rights
 *    78   EX_CONFIG       a configuration file that cannot be read or is wrong
 */
enum { CMD_NOT_FOUND = 1, CMD_FAILED = 1, CMD_NOT_ALL = 3 };

/* The subcommands and their options. */
int campaigns_main(int argc, char **argv);
int check_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int forget_main(int argc, char **argv);
int import_opendkim_main(int argc, char **argv);
int key_main(int argc, char **argv);
int stats_main(int argc, char **argv);
int token_main(int argc, char **argv);
int watch_main(int argc, char **argv);
extern const struct options_table campaigns_options;
extern const struct options_table check_options;
extern const struct options_table doctor_options;
extern const struct options_table explain_options;
extern const struct options_table forget_options;
extern const struct options_table import_opendkim_options;
extern const struct options_table key_options;
extern const struct options_table stats_options;
extern const struct options_table token_options;
extern const struct options_table watch_options;

#endif
