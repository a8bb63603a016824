/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token_load.c - the keys that `metermark token` works with: those of --key, or those
 * of the settings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/keys/token.h"
#include "cli/term.h"
#include "config/conf.h"
#include "config/conffile.h"
#include "tracking/tokenkeys.h"

static int
no_memory(void)
{
	term_say("out of memory");
	return EX_OSERR;
}

/* -K: as if a settings file had them. */
static int
given_keys(const struct token_options *o, struct conf *c)
{
	c->token_keys = calloc(o->n_keys, sizeof(*c->token_keys));
	if (c->token_keys == NULL)
		return no_memory();
	for (size_t i = 0; i < o->n_keys; i++) {
		struct conf_token_key *k = &c->token_keys[c->n_token_keys];
		const char *text = o->keys[i];

		if (!token_key_id_valid(text[0]) || text[1] != '=' || text[2] == '\0') {
			term_say(
			    "--key: found \"%s\", expected ID=FILE, ID being one character of a-z and 0-9",
			    text);
			return EX_USAGE;
		}
		*k = (struct conf_token_key) {
			.id = text[0], .file = strdup(text + 2), .line = (unsigned)i + 1
		};
		if (k->file == NULL)
			return no_memory();
		c->n_token_keys++;
	}
	free(c->file);
	c->file = strdup("--key");
	return c->file != NULL ? EX_OK : no_memory();
}

static int
load(const struct conf *c, struct token_ring **out)
{
	char err[1024];

	if (c->n_token_keys == 0) {
		term_say("%s: there is no token section, so no key", c->file);
		return EX_CONFIG;
	}
	*out = tokenkeys_load(c, NULL, NULL, err, sizeof(err));
	if (*out != NULL)
		return EX_OK;
	term_say("%s", err);
	return EX_CONFIG;
}

int
token_keys(const struct token_options *o, struct token_ring **out)
{
	const char *file =
	    o->target.config != NULL ? o->target.config : CONFFILE_DEFAULT;
	char err[1024];
	struct conf c;
	int status = EX_OK;

	*out = NULL;
	if (o->n_keys == 0 && conffile_read(file, &c, err, sizeof(err)) != 0) {
		term_say("%s", err);
		return EX_CONFIG;
	}
	if (o->n_keys > 0)
		status = conf_init(&c) == 0 ? given_keys(o, &c) : no_memory();
	if (status == EX_OK)
		status = load(&c, out);
	conf_fini(&c);
	return status;
}
