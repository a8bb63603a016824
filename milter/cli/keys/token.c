/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token.c - `metermark token`: keys made, tokens made and taken apart.
 */
#include "cli/keys/token.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cmd.h"
#include "cli/keys/reader.h"
#include "cli/term.h"
#include "config/conf.h"
#include "config/conffile.h"
#include "system/random.h"
#include "tracking/tokenkeys.h"

static const char help_text[] =
    "usage: metermark token key [options] FILE\n"
    "       metermark token decode [options] TOKEN\n"
    "       metermark token make [options] --campaign NAME [--recipient ADDRESS]\n"
    "\n"
    "key      makes a new key file for the settings' token { key { ... } }\n"
    "decode   verifies a token of either form and shows what is in it\n"
    "make     prints a token, for tests of a handler: the URL form with --recipient,\n"
    "         else the mailbox form of today\n"
    "\n"
    "  -C, --campaign NAME      the campaign, as metermark stats has it\n"
    "  -R, --recipient ADDRESS  the recipient\n"
    "  -f, --format FORM        table (default) or json\n"
    "  -K, --key ID=FILE        use this key and no settings; the last one of several\n"
    "                           makes, all verify\n"
    "  -o, --owner USER         whose file a new key becomes: root's, with USER's "
    "group,\n"
    "                           else the user of the settings or metermark, if there "
    "is\n"
    "                           one\n"
    "  -n, --no-lookup          do not ask Redis for the campaign's name\n"
    "  -c, --config FILE        keys, Redis and prefix from FILE\n"
    "                           (" CONFFILE_DEFAULT ")\n"
    "  -r, --redis URL          as for metermark stats\n"
    "  -k, --key-prefix TEXT    what the keys in Redis begin with (metermark)\n"
    "\n"
    "Status: 0 valid (or made), 1 not valid, 64 usage, 73 no key was made.\n";

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
		term_say("--recipient: expected an address of 1 to %d bytes without "
			 "control characters",
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
		term_say("--campaign: found \"%s\", expected 1 to 64 of a-z, 0-9, ., _ "
			 "and -, beginning with a letter or digit",
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
set_format(struct token_options *o, const char *form)
{
	o->json = strcmp(form, "json") == 0;
	if (o->json || strcmp(form, "table") == 0)
		return 0;
	term_say("--format: \"%s\" is none of table, json", form);
	return -1;
}

static int
add_key(struct token_options *o, const char *text)
{
	if (o->n_keys == sizeof(o->keys) / sizeof(o->keys[0])) {
		term_say("--key: there are not so many ids");
		return -1;
	}
	o->keys[o->n_keys++] = text;
	return 0;
}

static int
set_owner(struct token_options *o, const char *name)
{
	char phrase[256];

	o->owner = name;
	if (conf_check_account(name, phrase, sizeof(phrase)) == 0)
		return 0;
	term_say("--owner: found \"%s\", expected %s", name, phrase);
	return -1;
}

/* One option; 0, or -1 after saying what is wrong. */
static int
option(struct token_options *o, int letter)
{
	switch (letter) {
	case 'C':
		o->campaign = optarg;
		return 0;
	case 'K':
		return add_key(o, optarg);
	case 'R':
		o->recipient = optarg;
		return 0;
	case 'c':
		o->target.config = optarg;
		return 0;
	case 'f':
		return set_format(o, optarg);
	case 'h':
		o->help = true;
		return 0;
	case 'k':
		o->target.prefix = optarg;
		return 0;
	case 'n':
		o->no_lookup = true;
		return 0;
	case 'o':
		return set_owner(o, optarg);
	case 'r':
		o->target.redis = optarg;
		return 0;
	}
	term_say("--help tells the options");
	return -1;
}

static int
read_options(struct token_options *o, int argc, char **argv)
{
	static const struct option longs[] = { { "campaign", required_argument, NULL,
						   'C' },
		{ "config", required_argument, NULL, 'c' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "key", required_argument, NULL, 'K' },
		{ "key-prefix", required_argument, NULL, 'k' },
		{ "no-lookup", no_argument, NULL, 'n' },
		{ "owner", required_argument, NULL, 'o' },
		{ "recipient", required_argument, NULL, 'R' },
		{ "redis", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 } };
	int letter;

	*o = (struct token_options) { 0 };
	while (
	    (letter = getopt_long(argc, argv, "C:K:R:c:f:hk:no:r:", longs, NULL)) != -1)
		if (option(o, letter) != 0)
			return -1;
	o->args = argv + optind;
	o->n_args = (size_t)(argc - optind);
	return 0;
}

int
token_main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct token_options *);
	} verbs[] = { { "decode", token_decode_main }, { "key", make_key },
		{ "make", make_token } };
	struct token_options o;
	const char *verb;

	if (read_options(&o, argc, argv) != 0)
		return EX_USAGE;
	if (o.help) {
		term_put(STR(help_text));
		return term_finish();
	}
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
