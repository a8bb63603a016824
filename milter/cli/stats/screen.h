/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * screen.h - the whole terminal, for as long as it is needed, and keys one by one.
 *
 * Sequences that every terminal of the last decades knows (ECMA-48, and the second
 * screen of xterm), each frame drawn whole in one write: with plain text and single
 * letters for keys, curses would bring a library and a database to do no more.
 *
 * The terminal is as it was before after screen_close(), while stopped by ^Z, and after
 * any signal that ends the process but SIGKILL.  One screen at a time; for the main
 * thread.
 */
#ifndef METERMARK_CLI_STATS_SCREEN_H
#define METERMARK_CLI_STATS_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

enum screen_event {
	SCREEN_TIME,   /* it is time */
	SCREEN_KEY,    /* a key */
	SCREEN_RESIZE, /* the size has changed, or all must be drawn again */
	SCREEN_END     /* a signal to end has come, or the terminal has gone */
};

/* 0, or -1 with a sentence: stdin or stdout is no terminal, or cannot do this. */
int screen_open(char *err, size_t errlen);
void screen_close(void);
/* Lines and places of each; COLUMNS and LINES of the environment do not matter. */
void screen_size(size_t *lines, size_t *columns);
/*
 * Wait until deadline (system/clock.h's clock_mono_ms()). For SCREEN_KEY, *key is one
 * character; arrow keys and other sequences are ignored.
 */
enum screen_event screen_wait(int64_t deadline_ms, char *key);
/*
 * Show a frame: lines of UTF-8 with LF, SGR sequences allowed.  What is beyond the
 * screen's edges is left out; what was shown before goes.  0, or -1 when the terminal
 * has gone.
 */
int screen_show(struct str frame);
/* The signal that SCREEN_END came for; 0: none. */
int screen_signal(void);

#endif
