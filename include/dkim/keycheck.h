/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycheck.h - the key files of a domain_table, looked at before mail needs them.
 *
 * Keys of a table are decoded on first use, so a load says nothing of them.  Two looks:
 * a quick one at every load, whether each file can be opened; a thorough one for
 * metermark-milter -t, which decodes all of them, in as many threads as there are CPUs.
 * What stands in several lines is looked at once.  Files that are another one for each
 * From domain cannot be known beforehand and are left out.
 */
#ifndef METERMARK_DKIM_KEYCHECK_H
#define METERMARK_DKIM_KEYCHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"

/* So many sentences are given; the rest is only counted. */
#define KEYCHECK_SHOWN_MAX 20

/* Files seen, and what came of it. */
struct keycheck_result {
	size_t files;
	size_t wrong;     /* of them, or of the lines that name them */
	size_t unwise;    /* allowed, but with a warning */
	size_t templates; /* lines left out */
};

struct keycheck_job {
	/* About what is wrong, "TABLE:LINE: sentence", by line. */
	void (*wrong)(void *arg, const char *sentence);
	/* About what is allowed but unwise; NULL: not asked for. */
	void (*warn)(void *arg, const char *sentence);
	/* Now and then, from whichever thread, never two at once; NULL: not asked for.
	 */
	void (*progress)(void *arg, size_t done, size_t all);
	void *arg;
	const char *user; /* as in keyring_read() */
	bool decode;      /* the thorough look */
};

/* Of a conf with a table.  0, whatever was found, or -1 when out of memory. */
int keycheck_run(
    const struct conf *, const struct keycheck_job *, struct keycheck_result *);

#endif
