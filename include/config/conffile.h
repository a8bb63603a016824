/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffile.h - metermark.conf read by libconfuse into a struct conf.
 *
 * Every error names the file, the line, what was found and what was expected.
 * libconfuse is not re-entrant: one call at a time in a process.
 */
#ifndef METERMARK_CONFIG_CONFFILE_H
#define METERMARK_CONFIG_CONFFILE_H

#include <stddef.h>

#include "config/conf.h"

/* Where it is when nothing else is said. */
#define CONFFILE_DEFAULT SYSCONFDIR "/metermark/metermark.conf"

/*
 * Read and check a file.  0 with *out filled (conf_fini() it), or -1 with "FILE:LINE:
 * sentence" in err, and *out untouched.  Of CONFFILE_DEFAULT, where there
 * is none, the sentence has the cure.  Key files are not opened here: dkim/keyring.h
 * does that; the line of each key is kept, so that its errors can name it too.
 */
int conffile_read(const char *file, struct conf *out, char *err, size_t errlen);

/*
 * What is allowed but unwise in settings that conffile_read() gave, the mode of their
 * file included: one call of warn(arg, sentence) each.
 */
void conffile_advise(
    const struct conf *, void (*warn)(void *, const char *), void *arg);

#endif
