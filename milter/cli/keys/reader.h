/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader.h - the account that must be able to read a key: the daemon's.
 */
#ifndef METERMARK_CLI_KEYS_READER_H
#define METERMARK_CLI_KEYS_READER_H

#include <stdbool.h>
#include <stddef.h>

#define READER_MAX 64 /* bytes of an account's name, its NUL included */

/*
 * owner where that is given, else the user of the settings in config (NULL: those of
 * the host), else metermark, if the host has that account.  False when none is known.
 * A name that is given is not looked up.
 */
bool reader_find(const char *owner, const char *config, char out[READER_MAX]);

#endif
