/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_run.c - what `metermark explain` and `metermark check` do alike: options, the
 * keys of tokens, the message's way through a txn.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/check/explain.h"
#include "cli/cmd.h"
#include "cli/term.h"
#include "tracking/tokenkeys.h"

/* ==== Options ==== */

int
explain_option_mta(void *into, const char *text)
{
	struct explain_options *o = into;

	if (strcmp(text, "postfix") == 0)
		o->mta = CONF_MTA_POSTFIX;
	else if (strcmp(text, "sendmail") == 0)
		o->mta = CONF_MTA_SENDMAIL;
	else {
		term_say("--mta: \"%s\" is none of postfix, sendmail", text);
		return -1;
	}
	return 0;
}

int
explain_option_rcpt(void *into, const char *text)
{
	struct explain_options *o = into;

	if (o->n_rcpt == EXPLAIN_RCPTS_MAX) {
		term_say("--rcpt: %d are enough", EXPLAIN_RCPTS_MAX);
		return -1;
	}
	o->rcpt[o->n_rcpt++] = text;
	return 0;
}

int
explain_option_file(struct explain_options *o, int argc, char **argv)
{
	if (argc != 1) {
		term_say(
		    "one FILE is wanted, or - for the standard input; --help tells the options");
		return -1;
	}
	o->file = argv[0];
	return 0;
}

/* ==== The message's way ==== */

void
explain_load_tokens(struct explain *e)
{
	char err[EXPLAIN_TEXT_MAX];

	e->local = tokenkeys_local((const uint8_t[32]) { 0 });
	e->ring = tokenkeys_load(&e->conf, NULL, NULL, err, sizeof(err));
	if (e->ring == NULL)
		explain_note(e, "%s: tokens are as another key would make them", err);
}

void
explain_assume_rcpt(struct explain *e)
{
	if (e->options.n_rcpt > 0)
		return;
	e->options.rcpt[e->options.n_rcpt++] = "recipient@example.com";
	explain_note(e, "without --rcpt one recipient is assumed");
}

/* The rules see no more than that there is no URL. */
static void
note_several(struct explain *e)
{
	const struct conf_stream *s = e->decision->stream;
	const struct hdr_field *field;
	struct rule_facts facts;

	if (e->outcome->verdict != DECIDE_ACCEPT || s == NULL ||
	    e->options.n_rcpt < 2 || s->track.list_unsubscribe == NULL ||
	    !tmpl_uses(s->track.list_unsubscribe, TMPL_TOKEN))
		return;
	txn_facts(e->txn, &facts);
	field = hdr_first(facts.hdr, STR("List-Unsubscribe"));
	/* The sender's own stands there whoever gets it. */
	if (field != NULL && field->state != HDR_ADDED &&
	    !s->track.replace_list_unsubscribe)
		return;
	explain_note(e,
	    "the URL of list_unsubscribe is one recipient's, and so never on a message to %zu: send each a message of its own, or see several_recipients",
	    e->options.n_rcpt);
}

int
explain_run(
    struct explain *e, const struct txn_env *env, const struct envelope *envelope)
{
	const struct txn_start start = {
		.conf = &e->conf,
		.port = &e->signer.port,
		.keys = { e->ring != NULL ? e->ring : e->local, e->local },
		.envelope = *envelope,
	};

	explain_signer_init(&e->signer, e->conf.user);
	e->txn = txn_new(env);
	if (e->txn == NULL || txn_begin(e->txn, &start) != 0) {
		term_say("out of memory");
		return EX_OSERR;
	}
	for (size_t i = 0; i < e->options.n_rcpt; i++)
		txn_rcpt(e->txn, str_of(e->options.rcpt[i]));
	explain_mail_send(e);
	e->outcome = txn_end(e->txn, str_of(e->options.queue_id));
	e->decision = txn_decision(e->txn);
	e->envelope = txn_envelope(e->txn);
	note_several(e);
	return EX_OK;
}

void
explain_fini(struct explain *e)
{
	txn_free(e->txn);
	explain_signer_fini(&e->signer);
	token_ring_free(e->ring);
	token_ring_free(e->local);
	if (e->conf_read)
		conf_fini(&e->conf);
	buf_fini(&e->line);
	buf_fini(&e->message);
}
