/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token.h - what the files of `metermark token` share.
 *
 * token.c has the options and `key` and `make`, token_decode.c has `decode`,
 * token_load.c loads keys.
 */
#ifndef METERMARK_CLI_KEYS_TOKEN_H
#define METERMARK_CLI_KEYS_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/target.h"
#include "token/token.h"

struct token_options {
	struct target_options target; /* its config names the settings, too */
	const char *keys[sizeof(TOKEN_KEY_IDS)]; /* -K ID=FILE */
	size_t n_keys;
	const char *owner;                /* of key */
	const char *campaign, *recipient; /* of make */
	bool json;
	bool no_lookup;
	char **args;
	size_t n_args;
};

/* token_load.c: the keys that the options name.  EX_OK, or a status after saying what
 * is wrong. */
int token_keys(const struct token_options *, struct token_ring **out);

/* `metermark token decode`: an exit status. */
int token_decode_main(const struct token_options *);

#endif
