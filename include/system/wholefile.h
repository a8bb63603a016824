/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wholefile.h - a file as one piece of memory.  Thread-safe.
 */
#ifndef METERMARK_SYSTEM_WHOLEFILE_H
#define METERMARK_SYSTEM_WHOLEFILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Read a regular file of the directory dirfd; the caller frees *p, which has room for a
 * NUL after the bytes read.  0, or -1 with a sentence in err; if there is no such file,
 * errno is ENOENT.
 */
int wholefile_read(
    int dirfd, const char *name, uint8_t **p, size_t *n, char *err, size_t errlen);
/*
 * Replace the file `name`: the content is written as name.new, synced if sync is set,
 * and renamed.  0, or -1 with a sentence and errno: the old file is as it was.
 */
int wholefile_write(int dirfd, const char *name, const void *p, size_t n, int sync,
    char *err, size_t errlen);
/* Write all n bytes to a blocking descriptor.  0, or -1 with errno. */
int wholefile_put(int fd, const void *p, size_t n);

#endif
