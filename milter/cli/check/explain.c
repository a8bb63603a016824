/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain.c - `metermark explain`: what would be done to a message, and why.
 *
 * Neither daemon nor Redis is asked and nothing is changed.  The message goes through
 * message/txn.h as the daemon's do, so the answer cannot differ from what is done; only
 * the signatures are missing, and what a key that cannot be read here would have made.
 */
#include "cli/check/explain.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/term.h"
#include "config/conffile.h"
#include "config/domfile.h"
#include "mail/addr.h"
#include "mail/idn.h"
#include "text/line.h"

#define DEFAULT_FILE SYSCONFDIR "/metermark/metermark.conf"

/* ==== The settings ==== */

static int
defaults(struct explain *e, char *err, size_t errlen)
{
	if (conf_init(&e->conf) != 0) {
		conf_fini(&e->conf);
		snprintf(err, errlen, "out of memory");
		return -1;
	}
	e->conf_read = true;
	explain_note(e, "there is no %s: these are the defaults", DEFAULT_FILE);
	return conf_finish(&e->conf, err, errlen);
}

static int
read_settings(struct explain *e)
{
	const char *file = e->options.config != NULL ? e->options.config : DEFAULT_FILE;
	char err[EXPLAIN_TEXT_MAX];
	int rc;

	if (e->options.config == NULL && access(file, F_OK) != 0 && errno == ENOENT) {
		rc = defaults(e, err, sizeof(err));
	} else if (access(file, R_OK) != 0) {
		term_say("cannot read %s: %m%s", file,
		    errno == EACCES ? "; become root, or say --config FILE" : "");
		return EX_CONFIG;
	} else {
		rc = conffile_read(file, &e->conf, err, sizeof(err));
		e->conf_read = rc == 0;
	}
	if (rc == 0)
		rc = domfile_load(&e->conf, NULL, NULL, err, sizeof(err));
	if (rc != 0) {
		term_say("%s", err);
		return EX_CONFIG;
	}
	explain_load_tokens(e);
	return EX_OK;
}

/* ==== The message's way ==== */

static int
take_delta(void *self, const struct tally_delta *d)
{
	struct explain *e = self;

	e->delta = *d;
	e->counted = true;
	return 0;
}

static int
find_client(struct explain *e, enum client_class *client)
{
	e->has_addr = cidr_addr_parse(str_of(e->options.client), &e->addr) == 0;
	if (!e->has_addr) {
		term_say("--client: \"%s\" is no address", e->options.client);
		return EX_USAGE;
	}
	*client = decide_client(
	    &e->conf, &e->addr, str_of(e->options.daemon), str_of(e->options.user));
	return EX_OK;
}

static int
run_txn(struct explain *e, enum client_class client, struct str from)
{
	const struct txn_env env = {
		.sink = { take_delta, e },
	};
	const struct envelope envelope = {
		.client = client,
		.sendmail = e->options.mta == CONF_MTA_SENDMAIL,
		.host = str_of(e->options.host),
		.user = str_of(e->options.user),
		.sender = from,
	};
	int status = explain_run(e, &env, &envelope);

	if (status == EX_OK)
		txn_commit(e->txn, true, &e->line);
	return status;
}

static int
examine(struct explain *e)
{
	struct str from =
	    e->options.from != NULL ? str_of(e->options.from) : explain_mail_sender(e);
	enum client_class client;
	char host[256];
	int status = find_client(e, &client);

	if (status != EX_OK)
		return status;
	if (e->options.mta == CONF_MTA_AUTO)
		e->options.mta = e->conf.mta == CONF_MTA_SENDMAIL ? CONF_MTA_SENDMAIL
								  : CONF_MTA_POSTFIX;
	if (e->options.host == NULL && gethostname(host, sizeof(host)) == 0) {
		host[sizeof(host) - 1] = '\0';
		e->options.host = host;
	}
	explain_assume_rcpt(e);
	if (e->conf.n_token_keys == 0)
		explain_note(e,
		    "the daemon makes X-Metermark with a key of its own, so it differs at its end, and one that is there cannot be checked here");
	status = run_txn(e, client, from);
	e->options.host = NULL;
	return status;
}

static int
answer(const struct explain *e)
{
	int status = e->options.json ? explain_json(e) : explain_text(e);

	if (status != EX_OK)
		return status;
	return e->outcome->verdict == DECIDE_REJECT ||
		e->outcome->verdict == DECIDE_TEMPFAIL
	    ? CMD_FAILED
	    : EX_OK;
}

static int
explain(struct explain *e)
{
	int status = read_settings(e);

	if (status == EX_OK)
		status = explain_mail_read(e);
	if (status == EX_OK)
		status = examine(e);
	return status == EX_OK ? answer(e) : status;
}

/* ==== The command line ==== */

static int
set_format(void *into, const char *text)
{
	struct explain_options *o = into;

	o->json = strcmp(text, "json") == 0;
	if (o->json || strcmp(text, "text") == 0)
		return 0;
	term_say("--format: \"%s\" is none of text, json", text);
	return -1;
}

static const struct options_row rows[] = {
	{ "from", 'F', "ADDRESS",
	    "envelope sender (the message's Return-Path, else <>)",
	    .at = offsetof(struct explain_options, from) },
	{ "rcpt", 'R', "ADDRESS", "envelope recipient; once for each",
	    .take = explain_option_rcpt },
	{ "user", 'u', "NAME", "the client has authenticated as that",
	    .at = offsetof(struct explain_options, user) },
	{ "client", 'C', "ADDRESS", "of the client (127.0.0.1)",
	    .at = offsetof(struct explain_options, client) },
	{ "daemon", 'D', "NAME", "{daemon_name} of the service it came in by",
	    .at = offsetof(struct explain_options, daemon) },
	{ "host", 'H', "NAME", "of the mail server (this host)",
	    .at = offsetof(struct explain_options, host) },
	{ "queue-id", 'q', "ID", "of the message",
	    .at = offsetof(struct explain_options, queue_id) },
	{ "mta", 'm', "KIND", "postfix or sendmail (as in the settings, else postfix)",
	    .take = explain_option_mta },
	{ "config", 'c', "FILE", "the settings (" DEFAULT_FILE ")",
	    .at = offsetof(struct explain_options, config) },
	{ "format", 'f', "FORM", "text (default) or json", .take = set_format },
	{ 0 },
};

const struct options_table explain_options = {
	.usage =
	    "usage: metermark explain [options] FILE | -\n"
	    "\n"
	    "Tells of a message (- is the standard input) which client class, campaign, tags,\n"
	    "stream, edits and keys it would get, and why.  Nothing is sent or counted.\n",
	.rows = rows,
	.more =
	    "Status: 0 it would pass, 1 it would be refused, 64 usage, 66 no such message, 78 config.\n",
};

int
explain_main(int argc, char **argv)
{
	/* Large, and there is one. */
	static struct explain e;
	int status;

	e = (struct explain) { .options = { .client = "127.0.0.1",
				   .user = "",
				   .daemon = "",
				   .queue_id = "" } };
	status = options_read(&explain_options, &e.options, argc, argv);
	if (status != OPTIONS_NOT_DONE)
		return status;
	if (explain_option_file(&e.options, argc - optind, argv + optind) != 0)
		return EX_USAGE;
	buf_init(&e.message, EXPLAIN_MESSAGE_MAX);
	buf_init(&e.line, LINE_MAX_BYTES);
	status = explain(&e);
	explain_fini(&e);
	return status;
}
