/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * term.h - output to the terminal.
 *
 * Results go to stdout, and nothing else does. Messages go to stderr as "metermark
 * stats: sentence"; everything that could move a terminal's cursor is escaped in them.
 */
#ifndef METERMARK_CLI_TERM_H
#define METERMARK_CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "text/str.h"

struct term {
	bool tty;       /* stdout is a terminal */
	bool style;     /* bold may be used: a terminal, no NO_COLOR, TERM not dumb */
	bool utf8;      /* the locale's characters are UTF-8 */
	size_t columns; /* places in a line; 0: no limit, as stdout is no terminal */
};

/* Look at stdout and the environment (COLUMNS, NO_COLOR, TERM, LC_ALL ...).  Sets
 * LC_CTYPE. */
void term_probe(struct term *);

/* The name that messages begin with; borrowed. */
void term_name(const char *);
/* One line on stderr.  The format gives a sentence without the period. */
void term_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Read the argument of an option that takes a number from 1 on. 0, or -1 after a
 * message if the text is no such number.
 */
int term_number(const char *option, const char *text, size_t *out);

/* Write to stdout.  Errors stay with stdout until term_finish(). */
void term_put(struct str);
/*
 * Flush stdout.  EX_OK, or EX_IOERR with a message; a reader that has gone (a closed
 * pipe) is EX_IOERR without one.
 */
int term_finish(void);

#endif
