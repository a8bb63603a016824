/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycheck.h - checks the key files of a domain_table before mail needs them.
 *
 * Keys of a table are decoded on first use, so loading the table finds no fault in
 * them.  There are two checks: a quick one at every load, whether each file can be
 * opened; and a thorough one for metermark-milter -t, which decodes all keys in as many
 * threads as there are CPUs.  A file that several lines name is checked once.  Lines
 * whose file depends on the From domain cannot be checked beforehand and are skipped.
 */
#ifndef METERMARK_DKIM_KEYCHECK_H
#define METERMARK_DKIM_KEYCHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"

/* At most this many sentences are given; further ones are only counted. */
#define KEYCHECK_SHOWN_MAX 20

/* The number of files checked, and the results. */
struct keycheck_result {
	size_t files;
	size_t wrong;     /* files, or lines that name them, with an error */
	size_t unwise;    /* files that are allowed, but with a warning */
	size_t templates; /* lines skipped, since their file depends on the message */
};

struct keycheck_job {
	/* Gets errors, as "TABLE:LINE: sentence", in the order of lines. */
	void (*wrong)(void *arg, const char *sentence);
	/* Gets warnings in the same form; may be NULL. */
	void (*warn)(void *arg, const char *sentence);
	/*
	 * Called from time to time from any thread, never from two at once; may be
	 * NULL.
	 */
	void (*progress)(void *arg, size_t done, size_t all);
	void *arg;
	const char *user; /* as in keyring_read() */
	bool decode;      /* the thorough check */
};

/*
 * Checks the files of a conf that has a table.  Returns 0 whatever was found, or -1 if
 * memory is short.
 */
int keycheck_run(
    const struct conf *, const struct keycheck_job *, struct keycheck_result *);

#endif
