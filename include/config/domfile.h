/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domfile.h - the file that domain_table names, read into the settings.
 *
 * Its form is config/domtable.h's business.  Key files are not opened here: the first
 * message that needs one does that (dkim/keypool.h), and keycheck.h beforehand.
 * Thread-safe.
 */
#ifndef METERMARK_CONFIG_DOMFILE_H
#define METERMARK_CONFIG_DOMFILE_H

#include <stddef.h>

#include "config/conf.h"

/*
 * Fill conf->table, unless there is none to read.  0, or -1 with "FILE:LINE: sentence"
 * about the first wrong line in err, and the others, up to DOMTABLE_ERRORS_MAX, to
 * warn(arg, sentence), which may be NULL.
 */
int domfile_load(struct conf *, void (*warn)(void *, const char *), void *arg,
    char *err, size_t errlen);

#endif
