/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * txn.c - the messages of one connection.  See the header.
 */
#include "message/txn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/addr.h"
#include "mail/bodylook.h"
#include "mail/bodyscan.h"
#include "mail/idn.h"
#include "mail/signset.h"
#include "message/inspect.h"
#include "text/line.h"

struct txn {
	struct txn_env env;
	struct arena *arena;
	struct hdr hdr;
	bool active;
	struct txn_start start;   /* as it was given, but for its envelope */
	struct envelope envelope; /* its strs point into the arena */
	bool decided;

	int64_t by_provider[PROVIDERS];
	uint8_t (*hashed)[HLL_ELEMENT_BYTES]; /* kept from message to message */
	size_t n_hashed, cap_hashed;

	struct decision decision;
	struct bodyscan scan;
	bool looks; /* a rule asks for it */
	struct bodylook look;
	struct inspection inspection;
	uint64_t body_bytes;
	struct signing *signing;
	bool sign_broken;    /* the signer refused before its end */
	size_t n_signatures; /* asked for */
	size_t n_failed;
	char sign_err[256];
	struct txn_outcome outcome;
};

struct txn *
txn_new(const struct txn_env *env)
{
	struct txn *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->env = *env;
	t->arena = arena_new(TXN_ARENA_MAX);
	if (t->arena == NULL) {
		free(t);
		return NULL;
	}
	hdr_init(&t->hdr, t->arena);
	return t;
}

void
txn_free(struct txn *t)
{
	if (t == NULL)
		return;
	txn_abort(t);
	hdr_fini(&t->hdr);
	arena_free(t->arena);
	free(t->hashed);
	free(t);
}

void
txn_abort(struct txn *t)
{
	if (t->signing != NULL)
		t->start.port->free(t->signing);
	t->signing = NULL;
	t->active = false;
}

const struct envelope *
txn_envelope(const struct txn *t)
{
	return &t->envelope;
}

const struct decision *
txn_decision(const struct txn *t)
{
	return &t->decision;
}

bool
txn_active(const struct txn *t)
{
	return t->active;
}

/* Forget the message before; memory of the usual size is kept. */
static void
reset(struct txn *t)
{
	txn_abort(t);
	arena_reset(t->arena);
	hdr_reset(&t->hdr);
	memset(t->by_provider, 0, sizeof t->by_provider);
	t->n_hashed = 0;
	t->decided = t->sign_broken = t->looks = false;
	t->n_signatures = t->n_failed = 0;
	t->body_bytes = 0;
	t->sign_err[0] = '\0';
	bodyscan_init(&t->scan);
	t->inspection.done = false;
}

/* p is NULL when out of memory. */
static struct str
copy(struct txn *t, struct str s)
{
	return s.len > 0 ? arena_copy(t->arena, s) : STR("");
}

/* An envelope of our own: what is known after MAIL, in the arena. */
static int
copy_envelope(struct txn *t, const struct envelope *from)
{
	struct envelope *e = &t->envelope;
	struct addr_path path;

	*e = (struct envelope) { .client = from->client,
		.sendmail = from->sendmail,
		.host = copy(t, from->host),
		.user = copy(t, from->user),
		.sender = copy(t, from->sender),
		.sender_domain = STR(""),
		.args = copy(t, from->args),
		.recipient = STR(""),
		.queue_id = STR(""),
		.nonce = STR("") };
	if (e->host.p == NULL || e->user.p == NULL || e->sender.p == NULL ||
	    e->args.p == NULL)
		return -1;
	if (addr_path(e->sender, &path) == ADDR_OK)
		e->sender_domain = idn_domain(path.domain, t->arena);
	return e->sender_domain.p != NULL ? 0 : -1;
}

int
txn_begin(struct txn *t, const struct txn_start *s)
{
	reset(t);
	t->start = *s;
	if (copy_envelope(t, &s->envelope) != 0)
		return -1;
	t->active = true;
	return 0;
}

/* Keep the recipient's hash; where memory ends it is left out of the distinct ones
 * only. */
static void
hash_rcpt(struct txn *t, struct str addr)
{
	char lower[ADDR_SPEC_MAX + 1];
	uint8_t mac[32];
	size_t cap = t->cap_hashed == 0 ? 16 : t->cap_hashed * 2;

	if (t->env.rcpt_mac == NULL || addr.len > ADDR_SPEC_MAX ||
	    t->n_hashed == TXN_RCPT_HASHED_MAX)
		return;
	if (t->n_hashed == t->cap_hashed) {
		void *p = realloc(t->hashed, cap * sizeof *t->hashed);

		if (p == NULL)
			return;
		t->hashed = p;
		t->cap_hashed = cap;
	}
	for (size_t i = 0; i < addr.len; i++)
		lower[i] = ascii_lower(addr.p[i]);
	crypto_mac(t->env.rcpt_mac, lower, addr.len, mac);
	memcpy(t->hashed[t->n_hashed++], mac, HLL_ELEMENT_BYTES);
}

/* The first recipient may turn out to be the only one. */
static void
keep_rcpt(struct txn *t, struct str addr)
{
	struct str kept = STR("");

	if (t->envelope.n_rcpt == 1 && addr.len <= ADDR_SPEC_MAX)
		kept = copy(t, addr);
	t->envelope.recipient = kept.p != NULL ? kept : STR("");
}

void
txn_rcpt(struct txn *t, struct str rcpt)
{
	struct addr_path path;
	struct str addr;

	if (!t->active)
		return;
	t->envelope.n_rcpt++;
	t->envelope.recipient = STR("");
	switch (addr_path(rcpt, &path)) {
	case ADDR_OK:
		t->by_provider[provider_of(path.domain)]++;
		/* path's slices are neighbours in rcpt: local, "@", domain. */
		addr = str_make(path.local.p,
		    (size_t)(path.domain.p + path.domain.len - path.local.p));
		hash_rcpt(t, addr);
		keep_rcpt(t, addr);
		break;
	case ADDR_EMPTY:
	case ADDR_SEVERAL:
	case ADDR_NO_DOMAIN:
	case ADDR_LITERAL:
	case ADDR_BAD_DOMAIN:
	case ADDR_MALFORMED:
	case ADDR_NO_MEMORY:
		t->by_provider[PROVIDER_OTHER]++;
		hash_rcpt(t, rcpt);
		break;
	}
}

void
txn_field(struct txn *t, struct str name, struct str value)
{
	/* What does not fit is known to the list; see hdr.incomplete. */
	if (t->active)
		(void)hdr_receive(&t->hdr, name, value);
}

static void
set_queue_id(struct txn *t, struct str queue_id)
{
	struct str kept;

	if (str_eq(queue_id, t->envelope.queue_id))
		return;
	kept = copy(t, queue_id);
	if (kept.len > 0)
		t->envelope.queue_id = kept;
}

/* Begin the signatures and feed them the header as it will leave. */
static void
begin_signing(struct txn *t)
{
	const struct sign_port *port = t->start.port;

	t->signing = port->begin(port->self, t->decision.domain, t->decision.skips,
	    t->sign_err, sizeof t->sign_err);
	t->n_signatures = conf_domain_signatures(t->decision.domain);
	if (t->signing == NULL) {
		t->sign_broken = true;
		return;
	}
	for (size_t i = 0; i < t->hdr.n && !t->sign_broken; i++) {
		const struct hdr_field *f = &t->hdr.v[i];

		if (signset_covers(f) &&
		    port->field(t->signing, f->name, f->value) != 0)
			t->sign_broken = true;
	}
	if (!t->sign_broken && port->end_fields(t->signing) != 0)
		t->sign_broken = true;
}

/* Whether the body is of interest. */
static bool
is_looked_at(const struct txn *t)
{
	return t->decided &&
	    (t->decision.verdict == DECIDE_ACCEPT || t->env.look_at_all);
}

void
txn_end_fields(struct txn *t, struct str queue_id, int64_t now, struct str nonce)
{

	if (!t->active || t->decided)
		return;
	set_queue_id(t, queue_id);
	t->envelope.now = now;
	t->envelope.nonce = nonce;
	decide_message(t->start.conf, &t->envelope, &t->start.keys, &t->hdr, t->arena,
	    &t->decision);
	t->envelope.nonce = STR(""); /* the caller's, for this call only */
	t->decided = true;
	t->looks = is_looked_at(t) &&
	    (t->env.look_at_all ||
		rule_looks(inspect_on(t->start.conf, t->decision.stream)));
	if (t->looks)
		bodylook_init(&t->look, hdr_value(&t->hdr, STR("Content-Type")),
		    hdr_value(&t->hdr, STR("Content-Transfer-Encoding")),
		    rule_unsubscribe_host(&t->hdr));
	if (t->decision.verdict == DECIDE_ACCEPT && t->decision.domain != NULL)
		begin_signing(t);
}

void
txn_body(struct txn *t, const void *p, size_t n)
{
	if (!t->active)
		return;
	t->body_bytes += n;
	if (is_looked_at(t))
		bodyscan_feed(&t->scan, p, n);
	if (t->looks)
		bodylook_feed(&t->look, p, n);
	if (t->signing == NULL || t->sign_broken || n == 0)
		return;
	if (t->start.port->body(t->signing, p, n) != 0)
		t->sign_broken = true;
}

/* The signer gets the CRLF that the MTA will put behind a last line without one. */
static void
end_body(struct txn *t)
{
	bodyscan_end(&t->scan);
	if (t->looks)
		bodylook_end(&t->look);
	decide_body(t->start.conf, &t->envelope, &t->scan, &t->decision);
	if (t->signing == NULL || t->sign_broken)
		return;
	if (t->scan.bytes > 0 && !t->scan.ends_crlf &&
	    t->start.port->body(t->signing, "\r\n", 2) != 0)
		t->sign_broken = true;
}

/* Finish the signatures.  How many there are to insert. */
static size_t
end_signing(struct txn *t, struct plan_edit inserts[CONF_KEYS_MAX])
{
	const struct sign_port *port = t->start.port;
	size_t n = 0, made = 0;

	if (t->decision.domain == NULL)
		return 0;
	if (!t->sign_broken)
		t->n_failed =
		    port->end(t->signing, &n, t->sign_err, sizeof t->sign_err);
	else
		t->n_failed = t->n_signatures;
	for (size_t i = 0; i < n && i < CONF_KEYS_MAX; i++) {
		struct str value = port->signature(t->signing, i).value;

		if (value.len > 0)
			inserts[made++] =
			    (struct plan_edit) { .name = STR("DKIM-Signature"),
				    .value = value };
	}
	return made;
}

static void
refuse(struct txn *t, enum reply_id reply)
{
	decision_refuse(&t->decision, reply_of(reply));
}

static bool
is_signed(const struct txn *t)
{
	return t->decision.domain != NULL && t->n_failed == 0;
}

static void
add_ours(const struct txn *t, const struct conf_domain *d, struct rule_facts *f)
{
	if (f->n_sig < RULE_SIGNATURES_MAX)
		f->sig[f->n_sig++] =
		    (struct rule_signature) { .domain = str_of(d->name),
			    .selector = STR(""),
			    .ours = true,
			    .ed25519 = sign_made_ed25519(t->start.port, t->signing,
				t->n_signatures, str_of(d->name)) };
}

void
txn_facts(const struct txn *t, struct rule_facts *f)
{
	struct str sender = t->decided ? verp_domain(&t->decision.sender) : STR("");

	*f = (struct rule_facts) { .hdr = &t->hdr,
		.scan = &t->scan,
		.look = &t->look,
		.arena = t->arena,
		.envelope = &t->envelope,
		.sender_domain = sender.len > 0 ? sender : t->envelope.sender_domain,
		.transactional =
		    t->decision.stream != NULL && t->decision.stream->transactional };
	if (is_signed(t)) {
		add_ours(t, t->decision.domain, f);
		for (size_t i = 0; i < t->decision.domain->n_also; i++)
			add_ours(t, t->decision.domain->also[i], f);
	}
	rule_facts_finish(f);
}

static void
inspect(struct txn *t)
{
	struct rule_facts facts;

	if (inspect_on(t->start.conf, t->decision.stream) == 0) {
		inspect_nothing(&t->inspection);
		return;
	}
	txn_facts(t, &facts);
	inspect_run(&facts, t->start.conf, t->decision.stream, &t->inspection);
	inspect_decide(&t->inspection, &t->decision);
}

const struct txn_outcome *
txn_end(struct txn *t, struct str queue_id)
{
	struct plan_edit inserts[CONF_KEYS_MAX];
	size_t made = 0;

	t->outcome = (struct txn_outcome) { .verdict = DECIDE_PASS,
		.sender = { STR(""), STR("") } };
	if (!t->active)
		return &t->outcome;
	/* No end of headers: whatever this is, it is no message that we have seen. */
	if (!t->decided) {
		t->decided = true;
		t->decision = (struct decision) { .from_domain = STR("") };
		camp_canonical(STR(CAMP_NONE), &t->decision.campaign);
		refuse(t, REPLY_NO_END_OF_HEADERS);
	}
	set_queue_id(t, queue_id);
	end_body(t);
	if (t->decision.verdict == DECIDE_ACCEPT) {
		made = end_signing(t, inserts);
		/* Of several one may stand, and covers the header as it is. */
		if (made == 0)
			hdr_unsigned(&t->hdr);
		if (t->n_failed > 0 &&
		    t->start.conf->on_sign_failure == CONF_SIGN_TEMPFAIL)
			refuse(t, REPLY_SIGN_FAILED);
	}
	if (t->decision.verdict == DECIDE_ACCEPT)
		inspect(t);
	if (t->decision.verdict == DECIDE_ACCEPT &&
	    plan_make(&t->outcome.plan, &t->hdr, inserts, made, t->arena) != 0)
		/* If the limit is ours, the next try will not find room either. */
		refuse(t,
		    arena_limited(t->arena) ? REPLY_HEADER_TOO_LARGE
					    : REPLY_NO_MEMORY_EDITING);
	t->outcome.sender = t->decision.sender;
	t->outcome.verdict = t->decision.verdict;
	t->outcome.reply = t->decision.reply;
	t->outcome.hold = inspect_hold(&t->inspection);
	t->outcome.warn = t->inspection.done && t->inspection.action == RULE_WARN;
	return &t->outcome;
}

static uint64_t
message_bytes(const struct txn *t)
{
	/* The empty line between header and body counts as it is sent. */
	return t->hdr.received_bytes + 2 + t->body_bytes;
}

static void
count(struct txn *t)
{
	struct tally_delta d = { .campaign = t->decision.campaign,
		.when = t->envelope.now };

	d.n[TALLY_SIGN_FAILED] = (int64_t)t->n_failed;
	d.n[TALLY_BAD_SOURCE] = t->decision.source.fault != SOURCE_FINE;
	if (t->decision.verdict == DECIDE_REJECT) {
		d.n[TALLY_REJECTED] = 1;
	} else if (t->decision.verdict == DECIDE_TEMPFAIL) {
		d.n[TALLY_TEMPFAILED] = 1;
	} else {
		d.n[TALLY_MESSAGES] = 1;
		d.n[TALLY_RECIPIENTS] = (int64_t)t->envelope.n_rcpt;
		d.n[TALLY_BYTES] = (int64_t)message_bytes(t);
		d.n[is_signed(t) ? TALLY_SIGNED : TALLY_UNSIGNED] = 1;
		d.n[TALLY_PARTLY_SIGNED] = is_signed(t) && t->decision.partly;
		for (size_t i = 0; i < PROVIDERS; i++)
			d.n[TALLY_PROVIDER(i)] = t->by_provider[i];
		d.rcpt = (const uint8_t(*)[HLL_ELEMENT_BYTES])t->hashed;
		d.n_rcpt = t->n_hashed;
	}
	inspect_count(&t->inspection, &d);
	/* The sink tells of a loss itself; mail goes on. */
	(void)t->env.sink.put(t->env.sink.self, &d);
}

/* "signed=example.com/r2026,example.com/e2026" */
static void
add_signed(const struct txn *t, struct buf *line)
{
	char text[CONF_KEYS_MAX][256 + CONF_SELECTOR_MAX + 2];
	struct str list[CONF_KEYS_MAX];
	size_t n = 0;

	if (t->decision.domain == NULL || t->sign_broken) {
		line_add(line, "signed", STR("no"));
		return;
	}
	for (size_t i = 0; i < t->n_signatures && n < CONF_KEYS_MAX; i++) {
		struct sign_made s = t->start.port->signature(t->signing, i);

		if (s.value.len == 0)
			continue;
		snprintf(text[n], sizeof text[n], "%.*s/%.*s", (int)s.domain.len,
		    s.domain.p, (int)s.selector.len, s.selector.p);
		list[n] = str_of(text[n]);
		n++;
	}
	line_list(line, "signed", list, n);
}

static void
write_line(const struct txn *t, struct buf *line)
{
	const struct decision *d = &t->decision;

	line_begin(line, t->envelope.queue_id, decision_event(d->verdict));
	if (d->verdict != DECIDE_PASS) {
		line_add(line, "campaign", str_make(d->campaign.name, d->campaign.len));
		line_add(line, "stream",
		    d->stream != NULL ? str_of(d->stream->name) : STR("none"));
	}
	line_add(line, "from_domain", d->from_domain);
	line_addn(line, "rcpts", (int64_t)t->envelope.n_rcpt);
	line_addn(line, "bytes", (int64_t)message_bytes(t));
	if (d->verdict == DECIDE_ACCEPT)
		add_signed(t, line);
	if (d->why != NULL)
		line_add(line, "reason", str_of(d->why));
	if (t->envelope.user.len > 0)
		line_add(line, "user", t->envelope.user);
	if (d->source.fault != SOURCE_FINE) {
		line_add(line, "bad_source", str_of(d->source.fault_field));
		line_add(
		    line, "source_fault", str_of(source_fault_word(d->source.fault)));
	}
	inspect_line(&t->inspection, line);
	if (d->partly)
		line_add(line, "partly_signed", STR("yes"));
	if (d->edit_skipped != NULL)
		line_add(line, "edit_skipped", str_of(d->edit_skipped));
	if (t->n_failed > 0)
		line_add(line, "sign_error", str_of(t->sign_err));
}

void
txn_commit(struct txn *t, bool taken, struct buf *line)
{
	if (!t->active || !t->decided)
		goto done;
	if (!taken && t->decision.verdict == DECIDE_ACCEPT)
		refuse(t, REPLY_EDIT_REFUSED);
	if (t->decision.verdict != DECIDE_PASS)
		count(t);
	if (t->decision.verdict != DECIDE_PASS || t->decision.why != NULL)
		write_line(t, line);
done:
	txn_abort(t);
}
