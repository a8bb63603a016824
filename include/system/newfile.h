/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * newfile.h - a secret put into a file that was not there.
 */
#ifndef METERMARK_SYSTEM_NEWFILE_H
#define METERMARK_SYSTEM_NEWFILE_H

#include <stddef.h>

#include "text/str.h"

/*
 * Make the file, mode 0600; as root and with a reader, root's file of mode 0640 with
 * the reader's group, so that the daemon can read it and not change it.  All of it is
 * on the disk, or -1 with a sentence: what is there already stays, half a file does
 * not.
 */
int newfile_secret(
    const char *file, struct str text, const char *reader, char *err, size_t errlen);

#endif
