/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyfile.h - reads a secret file if nobody else could have read or replaced it.
 *
 * Anybody who can read a DKIM key can sign in its owner's name; anybody who can write
 * the file, or a folder above it, can put a key of their own there.  Links are followed
 * first, and the checks are made on the file that is then read.  Thread-safe.
 */
#ifndef METERMARK_SYSTEM_KEYFILE_H
#define METERMARK_SYSTEM_KEYFILE_H

#include <stddef.h>

#include "text/buf.h"

#define KEYFILE_MAX ((size_t)65536) /* bytes */

/*
 * Append all of the file to out.  It and its folders must belong to root, the caller or
 * user (NULL: to no other account).  Others may not read or write it; its group may
 * read it if that is root's, the caller's or user's.  0, or -1 with a sentence that
 * names the file or the folder at fault and the fix, after which user can read it.
 * warn gets a sentence if user will not be able to read the file after root is given
 * up, or if a group may write to a folder; otherwise it stays as it is.
 */
int keyfile_read(const char *file, const char *user, struct buf *out, char *err,
    size_t errlen, char *warn, size_t warnlen);

#endif
