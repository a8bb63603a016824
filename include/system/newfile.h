/* SPDX-License-Identifier: BSD-2-Clause */
/* newfile.h - writes a secret into a new file. */
#ifndef METERMARK_SYSTEM_NEWFILE_H
#define METERMARK_SYSTEM_NEWFILE_H

#include <stddef.h>

#include "text/str.h"

/*
 * Make the file with mode 0600; as root and with a reader, it is root's with mode 0640
 * and the reader's group, so that the daemon can read it and not change it.  0: all of
 * it is on disk.  -1 with a sentence: an existing file stays as it is, and half a file
 * is removed.
 */
int newfile_secret(
    const char *file, struct str text, const char *reader, char *err, size_t errlen);

#endif
