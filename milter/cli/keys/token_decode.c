/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token_decode.c - `metermark token decode`: is it ours, and what does it say?
 *
 * The token is a stranger's: what of it is shown has been verified before.
 */
#include "cli/keys/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "campaign/camp.h"
#include "cli/cmd.h"
#include "cli/term.h"
#include "numbers/registry.h"
#include "show/human.h"
#include "text/visible.h"

#define LOOKUP_MS 2000
#define TEXT_MAX ((size_t)4096)

static const char *const forms[] = { [TOKEN_MAILBOX] = "mailbox", [TOKEN_URL] = "url" };

/* What there is to show. */
struct shown {
	enum token_fault fault;
	struct token token;
	char campaign[CAMP_NAME_MAX + 1]; /* "": not known */
	char id[2 * TOKEN_CAMPAIGN_ID_BYTES + 1];
	char nonce[2 * TOKEN_NONCE_BYTES + 1];
	char day[HUMAN_MAX];
};

static void
to_hex(const uint8_t *p, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", p[i]);
}

/* --- the campaign's name --- */

/* What Redis has under that id, if that is its id: a wrong name is worse than none. */
static void
take_name(const struct buf *name, struct shown *s)
{
	uint8_t id[TOKEN_CAMPAIGN_ID_BYTES];

	token_campaign_id(buf_str(name), id);
	if (!buf_failed(name) && memcmp(id, s->token.campaign_id, sizeof(id)) == 0)
		snprintf(s->campaign, sizeof(s->campaign), "%s", name->p);
}

/* A Redis that is away leaves the name open, and the token as valid as it is. */
static void
look_up(const struct token_options *o, struct shown *s)
{
	static const struct redis_net_options options = { .timeout_ms = LOOKUP_MS };
	struct target t;
	struct query q;
	struct buf name;

	if (target_find(&o->target, &t) != EX_OK)
		return;
	buf_init(&name, CAMP_NAME_MAX);
	if (query_open(&q, &t.url, t.prefix, &options) != 0 ||
	    registry_name_of(&q, s->id, &name) != 0)
		term_say(
		    "the campaign's name is not known: %s: %s", t.shown, q.err.text);
	else if (name.len > 0)
		take_name(&name, s);
	buf_fini(&name);
	query_close(&q);
}

/* With keys given by hand there may be no settings that say where Redis is. */
static bool
wants_lookup(const struct token_options *o, const struct shown *s)
{
	if (o->no_lookup || s->fault != TOKEN_OK || s->token.form != TOKEN_MAILBOX)
		return false;
	return o->n_keys == 0 || o->target.config != NULL || o->target.redis != NULL ||
	    getenv("METERMARK_REDIS") != NULL;
}

/* --- output --- */

static void
put_line(struct buf *b, const char *name, struct str value, bool utf8)
{
	buf_addf(b, "%-12s ", name);
	visible_add(b, value, utf8);
	buf_addc(b, '\n');
}

static void
put_valid(struct buf *b, const struct shown *s, bool utf8)
{
	bool mailbox = s->token.form == TOKEN_MAILBOX;

	put_line(b, "campaign",
	    s->campaign[0] != '\0' ? str_of(s->campaign) : STR("not known"), utf8);
	put_line(b, "campaign_id", str_of(s->id), utf8);
	if (mailbox) {
		put_line(b, "day", str_of(s->day), utf8);
		put_line(b, "nonce", str_of(s->nonce), utf8);
	} else {
		put_line(b, "recipient", str_of(s->token.recipient), utf8);
	}
}

static void
put_table(const struct shown *s)
{
	struct term term;
	struct buf b;

	term_probe(&term);
	buf_init(&b, TEXT_MAX);
	put_line(&b, "valid", s->fault == TOKEN_OK ? STR("yes") : STR("no"), false);
	if (s->fault != TOKEN_OK)
		put_line(&b, "reason", str_of(token_fault_text(s->fault)), false);
	if (s->fault != TOKEN_MALFORMED) {
		put_line(&b, "form", str_of(forms[s->token.form]), false);
		put_line(&b, "key", str_make(&s->token.key_id, 1), false);
	}
	if (s->fault == TOKEN_OK)
		put_valid(&b, s, term.utf8);
	term_put(buf_str(&b));
	buf_fini(&b);
}

static json_t *
text_or_null(const char *text)
{
	struct buf clean;
	json_t *value;

	if (text == NULL || text[0] == '\0')
		return json_null();
	buf_init(&clean, TEXT_MAX);
	visible_utf8(&clean, str_of(text));
	value = json_stringn(clean.p, clean.len);
	buf_fini(&clean);
	return value;
}

/* All members every time, null where a token of that form has none. */
static json_t *
to_json(const struct shown *s)
{
	static const char *const reasons[] = { [TOKEN_OK] = "",
		[TOKEN_MALFORMED] = "malformed",
		[TOKEN_NO_KEY] = "no-key",
		[TOKEN_FORGED] = "forged" };
	const bool known = s->fault != TOKEN_MALFORMED;
	const char key[] = { s->token.key_id, '\0' };
	const struct {
		const char *name, *text;
	} members[] = { { "reason", reasons[s->fault] },
		{ "form", known ? forms[s->token.form] : "" }, { "key", key },
		{ "campaign", s->campaign }, { "campaign_id", s->id },
		{ "recipient", s->token.recipient }, { "day", s->day },
		{ "nonce", s->nonce } };
	json_t *root = json_object();
	int bad =
	    json_object_set_new(root, "valid", json_boolean(s->fault == TOKEN_OK));

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		bad |= json_object_set_new(
		    root, members[i].name, text_or_null(members[i].text));
	if (bad == 0)
		return root;
	json_decref(root);
	return NULL;
}

static int
put_json(const struct shown *s)
{
	json_t *root = to_json(s);
	char *text = root != NULL
	    ? json_dumps(root, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER)
	    : NULL;

	json_decref(root);
	if (text == NULL) {
		term_say("out of memory");
		return EX_OSERR;
	}
	term_put(str_of(text));
	term_put(STR("\n"));
	free(text);
	return EX_OK;
}

/* --- the command --- */

static void
take_apart(const struct token_ring *ring, const char *text, struct shown *s)
{
	*s = (struct shown) { 0 };
	s->fault = token_decode(ring, str_of(text), &s->token);
	if (s->fault != TOKEN_OK)
		return;
	if (s->token.form == TOKEN_URL) {
		snprintf(s->campaign, sizeof(s->campaign), "%s", s->token.campaign);
		token_campaign_id(str_of(s->campaign), s->token.campaign_id);
	} else {
		to_hex(s->token.nonce, sizeof(s->token.nonce), s->nonce);
		/* Noon, since 0 is no time to human_day(). */
		human_day(s->day, (int64_t)s->token.day * 86400 + 43200);
	}
	to_hex(s->token.campaign_id, sizeof(s->token.campaign_id), s->id);
}

int
token_decode_main(const struct token_options *o)
{
	struct token_ring *ring;
	struct shown s;
	int status;

	if (o->n_args != 1) {
		term_say("decode: expected one token");
		return EX_USAGE;
	}
	status = token_keys(o, &ring);
	if (status != EX_OK)
		return status;
	take_apart(ring, o->args[0], &s);
	token_ring_free(ring);
	if (wants_lookup(o, &s))
		look_up(o, &s);
	status = EX_OK;
	if (o->json)
		status = put_json(&s);
	else
		put_table(&s);
	if (status == EX_OK)
		status = term_finish();
	if (status != EX_OK)
		return status;
	return s.fault == TOKEN_OK ? EX_OK : CMD_FAILED;
}
