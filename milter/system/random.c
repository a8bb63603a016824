/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random.c - random bytes from libcrypto.  See the header.
 */
#include "system/random.h"

#include <openssl/rand.h>

int
random_bytes(void *p, size_t n)
{
	unsigned char *at = p;

	while (n > 0) {
		int part = n > 1024 ? 1024 : (int)n;

		if (RAND_bytes(at, part) != 1)
			return -1;
		at += part;
		n -= (size_t)part;
	}
	return 0;
}
