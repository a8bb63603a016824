/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key.c - `metermark key`: options and verbs.  The work is in key_make.c and
 * key_check.c.
 */
#include "cli/keys/key.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/term.h"
#include "config/conf.h"
#include "config/conffile.h"
#include "dkim/taglist.h"

#define BITS_MIN 2048
#define BITS_MAX 4096

static int
set_type(void *into, const char *text)
{
	struct key_options *o = into;

	o->ed25519 = strcmp(text, "ed25519") == 0;
	if (o->ed25519 || strcmp(text, "rsa") == 0)
		return 0;
	term_say("--type: \"%s\" is none of rsa, ed25519", text);
	return -1;
}

static int
set_bits(void *into, const char *text)
{
	struct key_options *o = into;
	long long n = taglist_number(str_of(text), BITS_MAX);

	if (n < BITS_MIN) {
		term_say("--bits: found \"%s\", expected a number from %d to %d", text,
		    BITS_MIN, BITS_MAX);
		return -1;
	}
	o->bits = (unsigned)n;
	return 0;
}

static const struct options_row rows[] = {
	{ "domain", 'd', "DOMAIN", "that will sign with it (for generate and record)",
	    .at = offsetof(struct key_options, domain),
	    .check = conf_check_domain_name },
	{ "selector", 's', "NAME",
	    "under which it is published (for generate and record)",
	    .at = offsetof(struct key_options, selector),
	    .check = conf_check_selector },
	{ "type", 't', "TYPE", "rsa (default) or ed25519", .take = set_type },
	{ "bits", 'b', "NUMBER", "of an RSA key: 2048 (default) to 4096",
	    .take = set_bits },
	{ "owner", 'o', "USER",
	    "whose file it becomes; root's, with USER's group, else\n"
	    "the user of the settings or metermark, if there is one",
	    .at = offsetof(struct key_options, owner), .check = conf_check_account },
	{ "format", 'f', "FORM",
	    "of a record: plain, zone (default with domain and\n"
	    "selector) or json; of a test: table (default) or json",
	    .at = offsetof(struct key_options, format) },
	{ "config", 'c', "FILE",
	    "the daemon's settings\n"
	    "(" CONFFILE_DEFAULT ")",
	    .at = offsetof(struct key_options, config) },
	{ "resolver", 'r', "ADDRESS[:PORT]",
	    "the name server to ask (that of the settings)",
	    .at = offsetof(struct key_options, resolver),
	    .check = conf_check_resolver },
	{ 0 },
};

const struct options_table key_options = {
	.usage =
	    "usage: metermark key generate [options] FILE\n"
	    "       metermark key record [options] FILE\n"
	    "       metermark key test [options] [DOMAIN ...]\n"
	    "\n"
	    "generate  makes a DKIM key in a new file and prints its DNS record\n"
	    "record    prints the DNS record of a key file\n"
	    "test      looks whether the keys of the settings are published, well-formed, ours\n"
	    "          and long enough; all domains, or those that are named\n",
	.rows = rows,
	.more =
	    "Status: 0 well, or warnings only; 1 a key is not as it should be; 64 usage; 73 no\n"
	    "file was made; 75 DNS did not answer; 78 settings.\n",
	.verbs = "generate record test",
};

int
key_main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct key_options *);
	} verbs[] = { { "generate", key_generate }, { "record", key_record },
		{ "test", key_test } };
	struct key_options o = { 0 };
	const char *verb;
	int status = options_read(&key_options, &o, argc, argv);

	if (status != OPTIONS_NOT_DONE)
		return status;
	o.args = argv + optind;
	o.n_args = (size_t)(argc - optind);
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
