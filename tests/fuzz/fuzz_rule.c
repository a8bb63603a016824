/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_rule.c - the rules on messages that strangers write.
 *
 * An input is a message: fields a line each up to an empty line, then a body, which is
 * fed whole and once more in pieces of the sizes that the input's own bytes say.
 * Promised:
 *  - what is seen of a body does not depend on how it was cut;
 *  - each rule has a verdict, the same with and without a reason;
 *  - a failure has a reason, in characters that are safe to show.
 */
#include <string.h>

#include "rules/rule.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)4 * 1024 * 1024)
#define WHY_MAX 4096

static struct arena *arena;

/* The fields; what is left is the body. */
static struct str
read_header(struct hdr *h, struct str text)
{
	while (text.len > 0) {
		size_t n = str_find(text, '\n'), colon;
		struct str line;

		while (
		    n + 1 < text.len && (text.p[n + 1] == ' ' || text.p[n + 1] == '\t'))
			n += 1 + str_find(str_skip(text, n + 1), '\n');
		line = str_make(text.p, n);
		text = str_skip(text, n + 1);
		colon = str_find(line, ':');
		if (line.len == 0)
			break;
		(void)hdr_receive(
		    h, str_make(line.p, colon), str_skip(line, colon + 1));
	}
	return text;
}

static struct str
value(const struct hdr *h, struct str name)
{
	const struct hdr_field *f = hdr_first(h, name);

	return f != NULL ? f->value : STR("");
}

static void
look(struct bodylook *k, const struct hdr *h, struct str body, bool cut)
{
	bodylook_init(k, value(h, STR("Content-Type")),
	    value(h, STR("Content-Transfer-Encoding")), rule_unsubscribe_host(h));
	while (body.len > 0) {
		size_t n = cut ? (unsigned char)body.p[0] % 40 + (size_t)1 : body.len;

		n = n < body.len ? n : body.len;
		bodylook_feed(k, body.p, n);
		body = str_skip(body, n);
	}
	bodylook_end(k);
}

static void
check_rules(const struct rule_facts *f)
{
	struct buf why;

	buf_init(&why, WHY_MAX);
	for (size_t i = 0; i < RULES; i++) {
		const struct rule *r = rule_at(i);
		enum rule_verdict v;

		buf_reset(&why);
		v = r->check(f, &why);
		FUZZ_CHECK(r->check(f, NULL) == v, "%s", r->id);
		FUZZ_CHECK((v == RULE_BAD) == (why.len > 0), "%s", r->id);
		FUZZ_CHECK(!buf_failed(&why), "%s", r->id);
		for (size_t k = 0; k < why.len; k++)
			FUZZ_CHECK((unsigned char)why.p[k] >= ' ' && why.p[k] != 0x7f,
			    "%s: %s", r->id, why.p);
	}
	buf_fini(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bodylook whole, pieces;
	struct bodyscan scan;
	struct hdr h;
	struct str body;
	struct envelope envelope;
	struct rule_facts f;

	if (arena == NULL)
		arena = arena_new(ARENA_MAX);
	if (arena == NULL)
		return 0;
	arena_reset(arena);
	hdr_init(&h, arena);
	body = read_header(&h, str_make((const char *)data, size));
	bodyscan_init(&scan);
	bodyscan_feed(&scan, body.p, body.len);
	bodyscan_end(&scan);
	look(&whole, &h, body, false);
	look(&pieces, &h, body, true);
	FUZZ_CHECK(whole.found == pieces.found && whole.plain == pieces.plain &&
		whole.html == pieces.html && whole.undeclared == pieces.undeclared &&
		whole.html_bytes == pieces.html_bytes,
	    "found %d %d html %d %d", whole.found, pieces.found, whole.html,
	    pieces.html);
	envelope = (struct envelope) { .n_rcpt = size % 3, .args = STR("") };
	f = (struct rule_facts) { .hdr = &h,
		.scan = &scan,
		.look = &whole,
		.arena = arena,
		.sender_domain = size % 2 != 0 ? STR("b.example.com") : STR(""),
		.envelope = &envelope };
	rule_facts_finish(&f);
	check_rules(&f);
	hdr_fini(&h);
	return 0;
}
