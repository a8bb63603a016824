/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token.c - `metermark token`: keys made, tokens made and taken apart.
 */
#include "cli/keys/token.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cmd.h"
#include "cli/keys/reader.h"
#include "cli/options.h"
#include "cli/term.h"
#include "config/conf.h"
#include "config/conffile.h"
#include "system/random.h"
#include "tracking/tokenkeys.h"

/* --- key and make --- */

static int
make_key(const struct token_options *o)
{
	char err[1024], warn[1024], reader[READER_MAX];
	struct conf_token_key made = { .id = TOKEN_KEY_IDS[0] };
	const char *who;

	if (o->n_args != 1) {
		term_say("key: expected the name of one file to make");
		return EX_USAGE;
	}
	who = reader_find(o->owner, o->target.config, reader) ? reader : NULL;
	if (tokenkeys_create(o->args[0], who, err, sizeof(err)) != 0) {
		term_say("%s", err);
		return EX_CANTCREAT;
	}
	/* Read as the daemon will: what keeps it from doing so is better known now. */
	made.file = o->args[0];
	if (tokenkeys_try(&made, who, err, sizeof(err), warn, sizeof(warn)) != 0) {
		term_say("the key was made, but cannot be used where it is: %s", err);
		return EX_CANTCREAT;
	}
	if (warn[0] != '\0')
		term_say("warning: %s", warn);
	return EX_OK;
}

static int
write_token(const struct token_options *o, const struct token_ring *ring)
{
	struct str campaign = str_of(o->campaign);
	uint8_t nonce[TOKEN_NONCE_BYTES];
	struct buf b;
	int rc;

	if (random_bytes(nonce, sizeof(nonce)) != 0) {
		term_say("the system gives no random bytes");
		return EX_OSERR;
	}
	buf_init(&b, TOKEN_URL_CHARS_MAX + 1);
	rc = o->recipient != NULL
	    ? token_url(ring, campaign, str_of(o->recipient), &b)
	    : token_mailbox(ring, campaign, (int64_t)time(NULL),
		  str_make((const char *)nonce, sizeof(nonce)), &b);
	buf_addc(&b, '\n');
	if (rc == 0)
		term_put(buf_str(&b));
	else
		term_say(
		    "--recipient: expected an address of 1 to %d bytes without control characters",
		    TOKEN_RCPT_MAX);
	buf_fini(&b);
	return rc == 0 ? term_finish() : EX_USAGE;
}

static int
make_token(const struct token_options *o)
{
	struct token_ring *ring;
	int status;

	if (o->n_args != 0 || o->campaign == NULL) {
		term_say("make: expected --campaign NAME, and no argument");
		return EX_USAGE;
	}
	if (!camp_is_canonical(str_of(o->campaign))) {
		term_say(
		    "--campaign: found \"%s\", expected 1 to 64 of a-z, 0-9, ., _ and -, beginning with a letter or digit",
		    o->campaign);
		return EX_USAGE;
	}
	status = token_keys(o, &ring);
	if (status == EX_OK)
		status = write_token(o, ring);
	token_ring_free(ring);
	return status;
}

/* --- the command --- */

static int
set_format(void *into, const char *form)
{
	struct token_options *o = into;

	o->json = strcmp(form, "json") == 0;
	if (o->json || strcmp(form, "table") == 0)
		return 0;
	term_say("--format: \"%s\" is none of table, json", form);
	return -1;
}

static int
add_key(void *into, const char *text)
{
	struct token_options *o = into;

	if (o->n_keys == sizeof(o->keys) / sizeof(o->keys[0])) {
		term_say("--key: there are not so many ids");
		return -1;
	}
	o->keys[o->n_keys++] = text;
	return 0;
}

static const struct options_row rows[] = {
	{ "campaign", 'C', "NAME", "the campaign, as metermark stats has it",
	    .at = offsetof(struct token_options, campaign) },
	{ "recipient", 'R', "ADDRESS", "the recipient",
	    .at = offsetof(struct token_options, recipient) },
	{ "format", 'f', "FORM", "table (default) or json", .take = set_format },
	{ "key", 'K', "ID=FILE",
	    "use this key and no settings; the last one of several\n"
	    "makes, all verify",
	    .take = add_key },
	{ "owner", 'o', "USER",
	    "whose file a new key becomes: root's, with USER's group,\n"
	    "else the user of the settings or metermark, if there is\n"
	    "one",
	    .at = offsetof(struct token_options, owner), .check = conf_check_account },
	{ "no-lookup", 'n', NULL, "do not ask Redis for the campaign's name",
	    .at = offsetof(struct token_options, no_lookup) },
	{ "config", 'c', "FILE",
	    "keys, Redis and prefix from FILE\n"
	    "(" CONFFILE_DEFAULT ")",
	    .at = offsetof(struct token_options, target.config) },
	{ "redis", 'r', "URL", "as for metermark stats",
	    .at = offsetof(struct token_options, target.redis) },
	{ "key-prefix", 'k', "TEXT", "what the keys in Redis begin with (metermark)",
	    .at = offsetof(struct token_options, target.prefix) },
	{ 0 },
};

const struct options_table token_options = {
	.usage =
	    "usage: metermark token key [options] FILE\n"
	    "       metermark token decode [options] TOKEN\n"
	    "       metermark token make [options] --campaign NAME [--recipient ADDRESS]\n"
	    "\n"
	    "key      makes a new key file for the settings' token { key { ... } }\n"
	    "decode   verifies a token of either form and shows what is in it\n"
	    "make     prints a token, for tests of a handler: the URL form with --recipient,\n"
	    "         else the mailbox form of today\n",
	.rows = rows,
	.more =
	    "Status: 0 valid (or made), 1 not valid, 64 usage, 73 no key was made.\n",
	.verbs = "decode key make",
};

int
token_main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct token_options *);
	} verbs[] = { { "decode", token_decode_main }, { "key", make_key },
		{ "make", make_token } };
	struct token_options o = { 0 };
	const char *verb;
	int status = options_read(&token_options, &o, argc, argv);

	if (status != OPTIONS_NOT_DONE)
		return status;
	o.args = argv + optind;
	o.n_args = (size_t)(argc - optind);
	verb = o.n_args > 0 ? o.args[0] : "";
	if (o.n_args > 0) {
		o.args++;
		o.n_args--;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i].name) == 0)
			return verbs[i].run(&o);
	term_say("expected key, decode or make (--help tells the options)");
	return EX_USAGE;
}
