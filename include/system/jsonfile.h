/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jsonfile.h - one JSON object as a small file of a directory.  Thread-safe.
 */
#ifndef METERMARK_SYSTEM_JSONFILE_H
#define METERMARK_SYSTEM_JSONFILE_H

#include <stddef.h>

struct json_t;

/*
 * Write the object as dir/name: the whole file or nothing; it is not synced.  Takes
 * over root in any case; NULL stands for an object that found no memory.  0, or -1 with
 * err.
 */
int jsonfile_write(
    const char *dir, const char *name, struct json_t *root, char *err, size_t errlen);
/*
 * Read the object, which the caller gives to json_decref().  NULL with err: there is no
 * file, or no object in it.
 */
struct json_t *jsonfile_read(
    const char *dir, const char *name, char *err, size_t errlen);

#endif
