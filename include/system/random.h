/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random.h - random bytes, from OpenSSL's libcrypto.  Thread-safe.
 */
#ifndef METERMARK_SYSTEM_RANDOM_H
#define METERMARK_SYSTEM_RANDOM_H

#include <stddef.h>

/* Fill p with n random bytes fit for keys.  0, or -1 if the system gives none. */
int random_bytes(void *p, size_t n);

#endif
