/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key.c - `metermark key`: options and verbs.  The work is in key_make.c and
 * key_test.c.
 */
#include "cli/keys/key.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/term.h"
#include "config/conf.h"
#include "config/conffile.h"
#include "dkim/taglist.h"

#define BITS_MIN 2048
#define BITS_MAX 4096

static const char help_text[] =
    "usage: metermark key generate [options] FILE\n"
    "       metermark key record [options] FILE\n"
    "       metermark key test [options] [DOMAIN ...]\n"
    "\n"
    "generate  makes a DKIM key in a new file and prints its DNS record\n"
    "record    prints the DNS record of a key file\n"
    "test      looks whether the keys of the settings are published, well-formed, "
    "ours\n"
    "          and long enough; all domains, or those that are named\n"
    "\n"
    "  -d, --domain DOMAIN    that will sign with it (for generate and record)\n"
    "  -s, --selector NAME    under which it is published (for generate and record)\n"
    "  -t, --type TYPE        rsa (default) or ed25519\n"
    "  -b, --bits NUMBER      of an RSA key: 2048 (default) to 4096\n"
    "  -o, --owner USER       whose file it becomes; root's, with USER's group, else\n"
    "                         the user of the settings or metermark, if there is one\n"
    "  -f, --format FORM      of a record: plain, zone (default with domain and\n"
    "                         selector) or json; of a test: table (default) or json\n"
    "  -c, --config FILE      the daemon's settings\n"
    "                         (" CONFFILE_DEFAULT ")\n"
    "  -r, --resolver ADDRESS[:PORT]\n"
    "                         the name server to ask (that of the settings)\n"
    "\n"
    "Status: 0 well, or warnings only; 1 a key is not as it should be; 64 usage; 73 "
    "no\n"
    "file was made; 75 DNS did not answer; 78 settings.\n";

static int
parse_type(struct key_options *o, const char *text)
{
	o->ed25519 = strcmp(text, "ed25519") == 0;
	if (o->ed25519 || strcmp(text, "rsa") == 0)
		return 0;
	term_say("--type: \"%s\" is none of rsa, ed25519", text);
	return -1;
}

static int
parse_bits(struct key_options *o, const char *text)
{
	long long n = taglist_number(str_of(text), BITS_MAX);

	if (n < BITS_MIN) {
		term_say("--bits: found \"%s\", expected a number from %d to %d", text,
		    BITS_MIN, BITS_MAX);
		return -1;
	}
	o->bits = (unsigned)n;
	return 0;
}

/* A value that a check of config/conf.h takes. */
static int
parse_checked(const char *option, const char *text, const char **out,
    int (*check)(const char *, char *, size_t))
{
	char phrase[256];

	*out = text;
	if (check(text, phrase, sizeof(phrase)) == 0)
		return 0;
	term_say("--%s: found \"%s\", expected %s", option, text, phrase);
	return -1;
}

static int
option(struct key_options *o, int letter)
{
	switch (letter) {
	case 'b':
		return parse_bits(o, optarg);
	case 'c':
		o->config = optarg;
		return 0;
	case 'd':
		return parse_checked(
		    "domain", optarg, &o->domain, conf_check_domain_name);
	case 'f':
		o->format = optarg;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case 'o':
		return parse_checked("owner", optarg, &o->owner, conf_check_account);
	case 'r':
		return parse_checked(
		    "resolver", optarg, &o->resolver, conf_check_resolver);
	case 's':
		return parse_checked(
		    "selector", optarg, &o->selector, conf_check_selector);
	case 't':
		return parse_type(o, optarg);
	}
	term_say("--help tells the options");
	return -1;
}

static int
read_options(struct key_options *o, int argc, char **argv)
{
	static const struct option longs[] = { { "bits", required_argument, NULL, 'b' },
		{ "config", required_argument, NULL, 'c' },
		{ "domain", required_argument, NULL, 'd' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "owner", required_argument, NULL, 'o' },
		{ "resolver", required_argument, NULL, 'r' },
		{ "selector", required_argument, NULL, 's' },
		{ "type", required_argument, NULL, 't' }, { NULL, 0, NULL, 0 } };
	int letter;

	*o = (struct key_options) { 0 };
	while (
	    (letter = getopt_long(argc, argv, "b:c:d:f:ho:r:s:t:", longs, NULL)) != -1)
		if (option(o, letter) != 0)
			return -1;
	o->args = argv + optind;
	o->n_args = (size_t)(argc - optind);
	return 0;
}

int
key_main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct key_options *);
	} verbs[] = { { "generate", key_generate }, { "record", key_record },
		{ "test", key_test } };
	struct key_options o;
	const char *verb;

	if (read_options(&o, argc, argv) != 0)
		return EX_USAGE;
	if (o.help) {
		term_put(STR(help_text));
		return term_finish();
	}
	if (o.ed25519 && o.bits != 0) {
		term_say("--bits is for RSA: an Ed25519 key has one length");
		return EX_USAGE;
	}
	verb = o.n_args > 0 ? o.args[0] : "";
	if (o.n_args > 0) {
		o.args++;
		o.n_args--;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i].name) == 0)
			return verbs[i].run(&o);
	term_say("expected generate, record or test (--help tells the options)");
	return EX_USAGE;
}
