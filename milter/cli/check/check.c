/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.c - `metermark check`: would Gmail, Yahoo, Outlook and Apple take this message?
 *
 * The message goes through message/txn.h, as the daemon's do, so the rules see what the
 * daemon's rules would.  Without settings it is nobody's and passes as it stands; with
 * --config it is judged as it would leave.
 */
#include "cli/check/check.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/term.h"
#include "config/conffile.h"
#include "config/domfile.h"

/* ==== The message's way ==== */

static int
read_settings(struct check *c)
{
	char err[EXPLAIN_TEXT_MAX];
	int rc;

	if (c->mail.options.config != NULL) {
		rc = conffile_read(
		    c->mail.options.config, &c->mail.conf, err, sizeof(err));
		c->mail.conf_read = rc == 0;
		if (rc == 0)
			rc = domfile_load(&c->mail.conf, NULL, NULL, err, sizeof(err));
	} else {
		rc = conf_init(&c->mail.conf);
		c->mail.conf_read = true;
		snprintf(err, sizeof(err), "out of memory");
		if (rc == 0)
			rc = conf_finish(&c->mail.conf, err, sizeof(err));
	}
	if (rc == 0)
		return EX_OK;
	term_say("%s", err);
	return EX_CONFIG;
}

static int
no_count(void *self, const struct tally_delta *d)
{
	(void)self;
	(void)d;
	return 0;
}

/* What the daemon would say to it, where it would not simply take it. */
static void
note_verdict(struct explain *e)
{
	const struct txn_outcome *o = e->outcome;

	if (o->verdict == DECIDE_REJECT || o->verdict == DECIDE_TEMPFAIL)
		explain_note(e, "metermark would refuse it: %s %s %s", o->reply.code,
		    o->reply.xcode, o->reply.text);
	else if (o->hold)
		explain_note(e, "metermark would put it on hold");
	else if (e->decision->edit_skipped != NULL)
		explain_note(e,
		    "%s is left as it is, or left out: there is one already, or it would be too long",
		    e->decision->edit_skipped);
}

static int
run(struct check *c)
{
	const struct txn_env env = {
		.sink = { no_count, NULL },
		.look_at_all = true,
	};
	struct explain *e = &c->mail;
	const struct explain_options *o = &e->options;
	const struct envelope envelope = {
		.client = o->config != NULL ? CLIENT_NETWORK : CLIENT_STRANGER,
		.sendmail = o->mta == CONF_MTA_SENDMAIL ||
		    (o->mta == CONF_MTA_AUTO && e->conf.mta == CONF_MTA_SENDMAIL),
		.host = STR("localhost"),
		.sender = o->from != NULL ? str_of(o->from) : explain_mail_sender(e),
	};
	int status;

	c->sender = envelope.sender;
	c->null_sender = str_eq(envelope.sender, STR("<>")) ||
	    (o->from != NULL && envelope.sender.len == 0);
	if (o->config != NULL) {
		explain_load_tokens(e);
		explain_assume_rcpt(e);
	}
	status = explain_run(e, &env, &envelope);
	if (status != EX_OK)
		return status;
	if (o->config != NULL)
		note_verdict(e);
	txn_facts(e->txn, &c->facts);
	c->facts.transactional |= c->transactional;
	return EX_OK;
}

static int
answer(const struct check *c)
{
	int status = EX_OK;

	switch (c->form) {
	case CHECK_TEXT:
		status = check_text(c);
		break;
	case CHECK_JSON:
		status = check_json(c);
		break;
	case CHECK_HTML:
		status = check_html(c);
		break;
	}
	for (size_t i = 0; status == EX_OK && i < c->n; i++)
		if (check_worst(&c->result[i]) == CHECK_FAIL)
			return CMD_FAILED;
	return status;
}

static int
check(struct check *c)
{
	int status = read_settings(c);

	if (status == EX_OK)
		status = explain_mail_read(&c->mail);
	if (status == EX_OK)
		status = run(c);
	if (status != EX_OK)
		return status;
	check_rules(c);
	if (!c->no_dns)
		status = check_dns(c);
	return status == EX_OK ? answer(c) : status;
}

/* ==== The command line ==== */

static int
set_format(void *into, const char *text)
{
	struct check *c = into;

	if (strcmp(text, "text") == 0)
		c->form = CHECK_TEXT;
	else if (strcmp(text, "json") == 0)
		c->form = CHECK_JSON;
	else if (strcmp(text, "html") == 0)
		c->form = CHECK_HTML;
	else {
		term_say("--format: \"%s\" is none of text, json, html", text);
		return -1;
	}
	return 0;
}

static int
add_ip(void *into, const char *text)
{
	struct check *c = into;

	if (c->n_ip == CHECK_IPS_MAX) {
		term_say("--ip: %d are enough", CHECK_IPS_MAX);
		return -1;
	}
	if (strlen(text) > 45 || cidr_addr_parse(str_of(text), &c->ip[c->n_ip]) != 0) {
		term_say("--ip: found \"%s\", expected an IPv4 or IPv6 address", text);
		return -1;
	}
	c->ip_text[c->n_ip++] = text;
	return 0;
}

static int
add_rcpt(void *into, const char *text)
{
	struct check *c = into;

	return explain_option_rcpt(&c->mail.options, text);
}

static int
set_mta(void *into, const char *text)
{
	struct check *c = into;

	return explain_option_mta(&c->mail.options, text);
}

static const struct options_row rows[] = {
	{ "config", 'c', "FILE",
	    "judge it as metermark would send it on with these settings",
	    .at = offsetof(struct check, mail.options.config) },
	{ "from", 'F', "ADDRESS",
	    "envelope sender (the message's Return-Path, else not known)",
	    .at = offsetof(struct check, mail.options.from) },
	{ "rcpt", 'R', "ADDRESS", "envelope recipient; once for each",
	    .take = add_rcpt },
	{ "format", 'f', "FORM", "text (default), json or html", .take = set_format },
	{ "mta", 'm', "KIND", "postfix or sendmail, with --config", .take = set_mta },
	{ "dns", 'd', NULL, "ask DNS even if nobody seems to answer",
	    .at = offsetof(struct check, dns_wanted) },
	{ "ip", 'i', "ADDRESS",
	    "that will send it, for SPF and reverse DNS; once for each",
	    .take = add_ip },
	{ "no-dns", 'n', NULL, "look at the message alone",
	    .at = offsetof(struct check, no_dns) },
	{ "resolver", 'r', "ADDRESS[:PORT]",
	    "the name server to ask (resolv.conf's, or the settings')",
	    .at = offsetof(struct check, resolver), .check = conf_check_resolver },
	{ "transactional", 't', NULL,
	    "nobody has subscribed to it: rules of unsubscribing rest",
	    .at = offsetof(struct check, transactional) },
	{ 0 },
};

const struct options_table check_options = {
	.usage =
	    "usage: metermark check [options] FILE | -\n"
	    "\n"
	    "Reports on a message (- is the standard input): its header and signatures, and the\n"
	    "rules of Gmail, Yahoo, Outlook, Apple and the RFCs, each with the reason and\n"
	    "the fix.\n",
	.rows = rows,
	.more =
	    "Status: 0 nothing failed, 1 a rule failed, 64 usage, 66 no such message, 78 config.\n",
};

int
check_main(int argc, char **argv)
{
	/* Large, and there is one. */
	static struct check c;
	int status;

	c = (struct check) { .mail.options = { .mta = CONF_MTA_AUTO, .queue_id = "" } };
	status = options_read(&check_options, &c, argc, argv);
	if (status != OPTIONS_NOT_DONE)
		return status;
	if (explain_option_file(&c.mail.options, argc - optind, argv + optind) != 0)
		return EX_USAGE;
	buf_init(&c.mail.message, EXPLAIN_MESSAGE_MAX);
	status = check(&c);
	explain_fini(&c.mail);
	return status;
}
