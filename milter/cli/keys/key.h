/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key.h - the parts of `metermark key`: DKIM keys made, published and looked at.
 */
#ifndef METERMARK_CLI_KEYS_KEY_H
#define METERMARK_CLI_KEYS_KEY_H

#include <stdbool.h>
#include <stddef.h>

struct key_options {
	const char *config, *domain, *selector, *format, *resolver, *owner;
	unsigned bits; /* 0: not given */
	bool ed25519;
	char **args;
	size_t n_args;
};

/* key_make.c: an exit status each. */
int key_generate(const struct key_options *);
int key_record(const struct key_options *);
/* key_check.c */
int key_test(const struct key_options *);

#endif
