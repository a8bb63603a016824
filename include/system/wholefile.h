/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wholefile.h - a file as one piece of memory.  Thread-safe.
 */
#ifndef METERMARK_SYSTEM_WHOLEFILE_H
#define METERMARK_SYSTEM_WHOLEFILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Read a regular file of the directory dirfd; *p is the caller's to free(), and has
 * room for a NUL behind what was read.  0, or -1 with a sentence in err; where it is
 * not there, errno is ENOENT then.
 */
int wholefile_read(
    int dirfd, const char *name, uint8_t **p, size_t *n, char *err, size_t errlen);
/*
 * Put a file of that content in the place of name: written as name.new, brought to disk
 * when sync is set, renamed.  0, or -1 with a sentence, and errno: then the old one is
 * as it was.
 */
int wholefile_write(int dirfd, const char *name, const void *p, size_t n, int sync,
    char *err, size_t errlen);
/* All n bytes to a descriptor that blocks.  0, or -1 with errno. */
int wholefile_put(int fd, const void *p, size_t n);

#endif
