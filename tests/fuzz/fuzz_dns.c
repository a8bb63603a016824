/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_dns.c - what DNS says, and what a stranger's signature says.
 *
 * The first byte of an input tells what the rest is:
 *
 *   W  a byte for the type that was asked, then an answer off the wire
 *   Z  lines, each the answer to one question in the order in which they are asked,
 *      from the first again when there are no more: "!" the server fails, "-" there
 *      is no such name, "=" no such record, else values with | between
 *   S  a line with the record of a key, then a message
 *
 * Promised, whatever is in it:
 *  - an answer has values exactly when it is "found", few, and of the size of their
 *    type;
 *  - SPF stops asking: within its limits for a verdict, within others for a survey;
 *  - each look has a word and a text that is safe to show on a terminal and in a log;
 *  - what was looked at twice is judged alike;
 *  - a signature holds or has a reason.
 */
#include <string.h>

#include "dkim/dkimsig.h"
#include "dns/dns.h"
#include "dns/dnslook.h"
#include "dns/dnsparse.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)64 * 1024 * 1024)
#define ASKED_MAX 4096
#define VALUES_MAX 32
#define FIELDS_MAX 200

static struct arena *arena;

static void
shown(const char *what, const char *text)
{
	FUZZ_CHECK(text[0] != '\0', "%s", what);
	for (const char *p = text; *p != '\0'; p++)
		FUZZ_CHECK(*p >= ' ' && *p <= '~', "%s: %s", what, text);
}

/* ==== Off the wire ==== */

static void
check_value(enum dns_type type, const struct dns_value *v)
{
	FUZZ_CHECK(v->data.p != NULL, "type %d", (int)type);
	if (type == DNS_A || type == DNS_AAAA)
		FUZZ_CHECK(v->data.len == (type == DNS_A ? 4u : 16u), "%zu bytes",
		    v->data.len);
	else if (type != DNS_TXT)
		for (size_t i = 0; i < v->data.len; i++)
			FUZZ_CHECK(v->data.p[i] > ' ' && v->data.p[i] <= '~',
			    "a name with %d in it", v->data.p[i]);
}

static void
take_wire(struct str text)
{
	static const enum dns_type types[] = { DNS_A, DNS_PTR, DNS_MX, DNS_TXT,
		DNS_AAAA };
	enum dns_type type;
	struct dns_answer a;
	size_t bytes = 0;

	if (text.len == 0)
		return;
	type = types[(unsigned char)text.p[0] % (sizeof(types) / sizeof(types[0]))];
	text = str_skip(text, 1);
	dnsparse(arena, type, (const unsigned char *)text.p, text.len, &a);
	FUZZ_CHECK((a.status == DNS_FOUND) == (a.n > 0), "%s, %zu values",
	    dns_status_text(a.status), a.n);
	FUZZ_CHECK(a.n <= DNS_VALUES_MAX, "%zu values", a.n);
	for (size_t i = 0; i < a.n; i++) {
		check_value(type, &a.v[i]);
		bytes += type == DNS_TXT ? a.v[i].data.len : 0;
	}
	FUZZ_CHECK(bytes <= DNS_BYTES_MAX, "%zu bytes", bytes);
}

/* ==== A zone ==== */

static struct asked {
	enum dns_type type;
	struct str name;
	struct dns_answer a;
} asked[ASKED_MAX];
static size_t n_asked;
static struct str zone, next;

static struct str
data_of(enum dns_type type, struct str text)
{
	size_t want = type == DNS_A ? 4 : 16;
	char *p;

	if (type != DNS_A && type != DNS_AAAA)
		return text;
	p = arena_alloc(arena, want);
	FUZZ_CHECK(p != NULL, "out of memory");
	memset(p, '1', want);
	memcpy(p, text.p, text.len < want ? text.len : want);
	return str_make(p, want);
}

static struct str
next_line(void)
{
	struct str line;

	if (next.len == 0)
		next = zone;
	line = str_make(next.p, str_find(next, '\n'));
	next = str_skip(next, line.len + 1);
	return line;
}

static struct dns_answer
new_answer(enum dns_type type)
{
	struct str line = next_line();
	struct dns_value *v = arena_alloc(arena, VALUES_MAX * sizeof(*v));
	struct dns_answer a = { .status = DNS_FOUND, .v = v };

	FUZZ_CHECK(v != NULL, "out of memory");
	if (str_eq(line, STR("!")))
		a.status = DNS_FAILED;
	else if (str_eq(line, STR("-")))
		a.status = DNS_NO_NAME;
	else if (str_eq(line, STR("=")) || line.len == 0)
		a.status = DNS_NO_DATA;
	while (a.status == DNS_FOUND && line.len > 0 && a.n < VALUES_MAX) {
		size_t n = str_find(line, '|');

		v[a.n++] =
		    (struct dns_value) { .data = data_of(type, str_make(line.p, n)) };
		line = str_skip(line, n + 1);
	}
	return a;
}

/* A dns_ask_fn. */
static const struct dns_answer *
ask(void *self, enum dns_type type, struct str name)
{
	struct asked *q;

	(void)self;
	FUZZ_CHECK(dns_name_ok(name), "asked for %.*s", (int)name.len, name.p);
	for (size_t i = 0; i < n_asked; i++)
		if (asked[i].type == type && str_caseeq(asked[i].name, name))
			return &asked[i].a;
	FUZZ_CHECK(n_asked < ASKED_MAX, "%zu questions", n_asked);
	q = &asked[n_asked++];
	*q = (struct asked) { type, arena_copy(arena, name), new_answer(type) };
	return &q->a;
}

static void
check_spf(struct str domain, const struct cidr_addr *ip)
{
	struct spf s = { .ask = ask,
		.ip = *ip,
		.local = STR("b+1"),
		.sender_domain = domain,
		.helo = STR("h.example.com") };
	size_t before = n_asked;
	enum spf_result r = spf_check(&s, domain), again;

	shown(spf_result_name(r), s.why);
	FUZZ_CHECK(s.lookups <= SPF_LOOKUPS_MAX + 1, "%u look-ups", s.lookups);
	FUZZ_CHECK(r == SPF_PERMERROR || s.lookups <= SPF_LOOKUPS_MAX, "%u look-ups",
	    s.lookups);
	FUZZ_CHECK(n_asked - before <= 2 * SPF_QUESTIONS_MAX, "%zu questions",
	    n_asked - before);
	again = spf_check(&s, domain);
	FUZZ_CHECK(
	    r == again, "%s, then %s", spf_result_name(r), spf_result_name(again));
}

static void
take_zone(struct str text)
{
	static const struct cidr_addr
	    v4 = { .b = { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7 } },
	    v6 = { .b = { 0x20, 0x01, [15] = 7 } };
	const struct dnslook look = { ask, NULL };
	struct str domain = STR("m.example.co.uk");
	struct dnslook_finding f;
	struct dnslook_key key;
	struct dnslook_spf spf;
	struct dnslook_dmarc dmarc;

	zone = text;
	next = STR("");
	n_asked = 0;
	dnslook_key(&look, domain, STR("s"), NULL, &key);
	shown("key", key.f.text);
	dnslook_dmarc(&look, domain, &dmarc);
	shown("dmarc", dmarc.f.text);
	FUZZ_CHECK(!dmarc.found || dmarc.rec.pct <= 100, "pct=%u", dmarc.rec.pct);
	dnslook_bimi(&look, domain, STR("default"), &dmarc, &f);
	shown("bimi", f.text);
	dnslook_spf(&look, domain, &spf);
	shown("spf", spf.f.text);
	check_spf(domain, &v4);
	check_spf(domain, &v6);
	dnslook_mx(&look, domain, &f);
	shown("mx", f.text);
	dnslook_reverse(&look, &v4, &f);
	shown("reverse", f.text);
}

/* ==== A signature ==== */

static void
check_signature(const struct dkimrec *r, const struct dkimsig_field *v, size_t n,
    size_t self, struct str body)
{
	static struct dkimsig s;
	struct str text = v[self].text;
	char err[400] = "";
	int rc;

	rc =
	    dkimsig_read(&s, str_skip(text, str_find(text, ':') + 1), err, sizeof(err));
	if (rc == 0)
		rc = dkimsig_verify(
		    &s, r, v, n, self, body, 1764000000, err, sizeof(err));
	if (rc != 0)
		shown("signature", err);
}

static void
take_message(struct str text)
{
	static struct dkimsig_field v[FIELDS_MAX];
	static struct dkimrec r;
	struct str record = str_make(text.p, str_find(text, '\n'));
	char err[400] = "";
	struct str body;
	unsigned tried = 0;
	size_t n;

	if (dkimrec_read(&r, record, err, sizeof(err)) != 0) {
		shown("record", err);
		return;
	}
	n = dkimsig_split(str_skip(text, record.len + 1), v, FIELDS_MAX, &body);
	for (size_t i = 0; i < n && tried < 4; i++)
		if (str_casestarts(v[i].text, STR("DKIM-Signature:"))) {
			check_signature(&r, v, n, i, body);
			tried++;
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str text = str_make((const char *)p, len);

	if (arena == NULL)
		arena = arena_new(ARENA_MAX);
	FUZZ_CHECK(arena != NULL, "out of memory");
	arena_reset(arena);
	if (len == 0)
		return 0;
	switch (text.p[0]) {
	case 'W':
		take_wire(str_skip(text, 1));
		break;
	case 'Z':
		take_zone(str_skip(text, 1));
		break;
	case 'S':
		take_message(str_skip(text, 1));
		break;
	}
	return 0;
}
