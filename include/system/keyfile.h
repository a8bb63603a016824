/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyfile.h - a secret file read, if nobody else could have read or replaced it.
 *
 * Whoever can read a DKIM key signs in its owner's name; whoever can write the file, or
 * a folder above it, puts his own in place.  The checks are made of the file that is
 * then read, links followed first.  Thread-safe.
 */
#ifndef METERMARK_SYSTEM_KEYFILE_H
#define METERMARK_SYSTEM_KEYFILE_H

#include <stddef.h>

#include "text/buf.h"

#define KEYFILE_MAX ((size_t)65536) /* bytes */

/*
 * All of the file, appended to out.  It and its folders must belong to root, the caller
 * or user (NULL: nobody else); others may not read or write it, its group may read it
 * when that is root's, the caller's or user's.  0, or -1 with a sentence that names the
 * file or the folder at fault and the cure, after which user can read it.  warn gets a
 * sentence, or stays as it is, when user will not be able to read the file after root
 * is given up, or a group may write to a folder.
 */
int keyfile_read(const char *file, const char *user, struct buf *out, char *err,
    size_t errlen, char *warn, size_t warnlen);

#endif
