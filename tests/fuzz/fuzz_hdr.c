/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_hdr.c - header lists: what reads them, and what their marks come to.
 *
 * The first line of an input is what is done to the fields after it, in turn: c change,
 * d remove, r remove all of that name, a append; s is for Sendmail, a digit chooses a
 * limit for lines.  Promised, whatever is in the fields:
 *  - the plan turns the header as received into the list as it stands, on an MTA that
 *    counts anew after each edit as on one that keeps the numbers of arrival;
 *  - a fold changes nothing but line ends, and no line is too long after it;
 *  - a header that presign has been over needs no second time;
 *  - names of campaigns and lines of the log are made of harmless bytes.
 */
#include <string.h>

#include "../lib/post.h"
#include "dkim/presign.h"
#include "mail/fold.h"
#include "mail/mimeword.h"
#include "mail/signset.h"
#include "message/decide.h"
#include "text/line.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)64 * 1024 * 1024)
#define MORE 2

static struct arena *arena;
static struct hdr hdr;
static struct post post;

static void
take_header(struct str rest)
{
	while (rest.len > 0 && rest.p[0] != '\n') {
		size_t n = str_find(rest, '\n'), colon;

		while (
		    n + 1 < rest.len && (rest.p[n + 1] == ' ' || rest.p[n + 1] == '\t'))
			n += 1 + str_find(str_skip(rest, n + 1), '\n');
		colon = str_find(str_make(rest.p, n), ':');
		if (hdr_receive(&hdr, str_make(rest.p, colon),
			str_skip(str_make(rest.p, n), colon + 1)) != 0)
			break;
		rest = str_skip(rest, n + 1);
	}
	FUZZ_CHECK(hdr.n <= HDR_FIELDS_MAX && hdr.n == hdr.n_received, "%zu", hdr.n);
}

static void
mark(struct str what)
{
	for (size_t i = 0; i < what.len && hdr.n > 0; i++) {
		struct hdr_field *f = &hdr.v[(i * 7) % hdr.n];

		if (what.p[i] == 'r')
			hdr_remove_all(&hdr, f->name);
		else if (what.p[i] == 'a')
			(void)hdr_append(&hdr, STR("X-Added"), what);
		else if (what.p[i] == 'c' && f->state != HDR_REMOVED)
			hdr_change(f, STR(" changed"));
		else if (what.p[i] == 'd' && f->state != HDR_REMOVED)
			hdr_remove(f);
	}
}

/* ==== Plans ==== */

/* Numbers of arrival, removed fields included, as Sendmail counts. */
static void
by_arrival(const struct plan *plan)
{
	static bool gone[POST_FIELDS];
	size_t n = hdr.n_received, kept = 0;

	memset(gone, 0, sizeof gone);
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_edit *e = &plan->v[i];
		size_t at = 0;

		if (e->kind != PLAN_CHANGE && e->kind != PLAN_DELETE)
			continue;
		for (unsigned left = e->index; at < n; at++)
			if (str_caseeq(post.v[at].name, e->name) && --left == 0)
				break;
		FUZZ_CHECK(at < n, "no field %u of %.*s", e->index, (int)e->name.len,
		    e->name.p);
		gone[at] = gone[at] || e->kind == PLAN_DELETE;
		if (e->kind == PLAN_CHANGE)
			post.v[at].value = e->value;
	}
	for (size_t i = 0; i < n; i++)
		if (!gone[i])
			post.v[kept++] = post.v[i];
	post.n = kept;
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].kind == PLAN_ADD || plan->v[i].kind == PLAN_INSERT)
			post_edit(&post, &plan->v[i]);
}

static void
in_turn(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		post_edit(&post, &plan->v[i]);
	FUZZ_CHECK(!post.misplaced, "an edit of a field that is not there");
}

static void
compare(void)
{
	size_t at = MORE;

	FUZZ_CHECK(post.n >= MORE && str_eq(post.v[0].value, STR(" first")) &&
		str_eq(post.v[1].value, STR(" second")),
	    "the inserted ones are not on top");
	for (size_t i = 0; i < hdr.n; i++) {
		const struct hdr_field *f = &hdr.v[i];

		if (f->state == HDR_REMOVED)
			continue;
		FUZZ_CHECK(at < post.n && str_caseeq(post.v[at].name, f->name) &&
			str_eq(post.v[at].value, f->value),
		    "field %zu is not what it shall be", i);
		at++;
	}
	FUZZ_CHECK(at == post.n, "%zu fields too many", post.n - at);
}

static void
check_plan(void)
{
	static const struct plan_edit inserts[MORE] = {
		{ PLAN_INSERT, STR("X-Top"), STR(" first"), 0 },
		{ PLAN_INSERT, STR("X-Top"), STR(" second"), 0 },
	};
	struct plan plan;

	FUZZ_CHECK(plan_make(&plan, &hdr, inserts, MORE, arena) == 0, "out of memory");
	for (int arrival = 0; arrival < 2; arrival++) {
		post.misplaced = false;
		post.n = 0;
		for (size_t i = 0; i < hdr.n_received; i++)
			post_field(&post, hdr.v[i].name, STR(" as it was"));
		for (size_t i = 0; i < hdr.n_received; i++)
			if (hdr.v[i].state == HDR_KEPT)
				post.v[i].value = hdr.v[i].value;
		if (arrival)
			by_arrival(&plan);
		else
			in_turn(&plan);
		compare();
	}
}

/* ==== Lines ==== */

static size_t
longest(struct str name, struct str value)
{
	size_t longest_line = 0, line = name.len + 1;

	for (size_t i = 0; i < value.len; i++, line++)
		if (value.p[i] == '\n') {
			longest_line = line > longest_line ? line : longest_line;
			line = (size_t)-1;
		}
	return line > longest_line ? line : longest_line;
}

/* Lines of nothing but white space, which RFC 5322 3.2.2 forbids to make. */
static size_t
blank_lines(struct str value)
{
	size_t n = 0;
	bool blank = false;

	for (size_t i = 0; i < value.len; i++) {
		n += value.p[i] == '\n' && blank;
		if (value.p[i] == '\n')
			blank = true;
		else if (value.p[i] != ' ' && value.p[i] != '\t')
			blank = false;
	}
	return n + blank;
}

static void
check_fold(const struct hdr_field *f, size_t limit)
{
	struct str out;
	size_t k = 0;

	if (fold_value(f->name, f->value, limit, arena, &out) != 0) {
		FUZZ_CHECK(out.p != NULL, "out of memory");
		return;
	}
	FUZZ_CHECK(longest(f->name, out) <= limit, "a line of %zu, not %zu",
	    longest(f->name, out), limit);
	FUZZ_CHECK(blank_lines(out) <= blank_lines(f->value),
	    "a new blank line in %.*s", (int)out.len, out.p);
	for (size_t i = 0; i < out.len; i++) {
		if (k < f->value.len && out.p[i] == f->value.p[k]) {
			k++;
			continue;
		}
		FUZZ_CHECK(out.p[i] == '\n', "byte %zu is new", i);
		FUZZ_CHECK(
		    i + 1 < out.len && (out.p[i + 1] == ' ' || out.p[i + 1] == '\t'),
		    "a fold before no white space");
	}
	/* Line ends at the very end may go. */
	while (k < f->value.len && f->value.p[k] == '\n')
		k++;
	FUZZ_CHECK(k == f->value.len, "lost from byte %zu on", k);
}

static void
check_presign(bool sendmail, size_t limit)
{
	const struct str domain = STR("example.com");
	const struct envelope env = {
		.sendmail = sendmail,
		.now = POST_NOW,
		.nonce = STR("n1"),
	};
	bool partly, again;
	size_t n;

	if (presign_header(&env, limit, domain, &hdr, arena, &partly) != PRESIGN_OK)
		return;
	n = hdr.n;
	FUZZ_CHECK(signset_check(&hdr) == SIGNSET_OK, "it cannot be signed");
	for (size_t i = 0; i < n; i++)
		if (signset_covers(&hdr.v[i]))
			FUZZ_CHECK(limit == 0 ||
				longest(hdr.v[i].name, hdr.v[i].value) <= limit,
			    "field %zu has a longer line", i);
	for (size_t i = 0; i < n; i++)
		if (hdr.v[i].state == HDR_CHANGED)
			hdr.v[i].state = HDR_KEPT;
	FUZZ_CHECK(
	    presign_header(&env, limit, domain, &hdr, arena, &again) == PRESIGN_OK,
	    "a second time it cannot");
	FUZZ_CHECK(hdr.n == n, "a second time it adds a field");
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(hdr.v[i].state != HDR_CHANGED,
		    "a second time it changes %.*s:%.*s", (int)hdr.v[i].name.len,
		    hdr.v[i].name.p, (int)hdr.v[i].value.len, hdr.v[i].value.p);
}

/* ==== Readers ==== */

static void
check_readers(const struct hdr_field *f)
{
	struct camp_name camp;
	struct buf line;

	buf_init(&line, f->value.len);
	mimeword_decode(f->value, &line);
	camp_canonical(buf_str(&line), &camp);
	buf_fini(&line);
	FUZZ_CHECK(camp.len > 0 && camp_is_canonical(str_make(camp.name, camp.len)),
	    "campaign %s", camp.name);
	for (size_t i = 0; i < camp.sent_len; i++)
		FUZZ_CHECK((unsigned char)camp.sent[i] >= 0x20 && camp.sent[i] != 0x7f,
		    "a control in a campaign's name as sent");
	buf_init(&line, LINE_MAX_BYTES);
	line_begin(&line, STR(""), "fuzz");
	line_add(&line, "value", f->value);
	line_list(&line, "list", (struct str[]) { f->name, f->value }, 2);
	for (size_t i = 0; i < line.len; i++)
		FUZZ_CHECK(line.p[i] >= 0x20 && line.p[i] < 0x7f, "byte %02x in a line",
		    (unsigned)(unsigned char)line.p[i]);
	buf_fini(&line);
}

static bool
names(struct str value, struct str host)
{
	for (size_t i = 0; i + host.len <= value.len; i++)
		if (str_caseeq(str_make(value.p + i, host.len), host))
			return true;
	return false;
}

static void
check_reinjected(void)
{
	static char alias[] = "alias.example", *aliases[] = { alias };
	static const struct conf_list more = { .v = aliases, .n = 1 };
	struct envelope env = { .host = STR("mx.example.com") };
	bool named = false;

	for (size_t i = 0; i < hdr.n; i++)
		named |= names(hdr.v[i].value, env.host) ||
		    names(hdr.v[i].value, str_of(alias));
	for (int sendmail = 0; sendmail < 2; sendmail++) {
		env.sendmail = sendmail != 0;
		FUZZ_CHECK(named || !decide_reinjected(&hdr, &env, &more),
		    "it was never here");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static const size_t limits[] = { 0, 998, 990, 78, 40, 20, 10, 5, 2, 1 };
	struct str text = str_make((const char *)p, len);
	struct str what = str_make(text.p, str_find(text, '\n'));
	size_t limit = 998;
	bool sendmail = str_find(what, 's') < what.len;

	if (arena == NULL)
		arena = arena_new(ARENA_MAX);
	FUZZ_CHECK(arena != NULL, "out of memory");
	arena_reset(arena);
	hdr_init(&hdr, arena);
	for (size_t i = 0; i < what.len; i++)
		if (what.p[i] >= '0' && what.p[i] <= '9')
			limit = limits[what.p[i] - '0'];
	take_header(str_skip(text, what.len + 1));
	check_reinjected();
	for (size_t i = 0; i < hdr.n; i++) {
		check_readers(&hdr.v[i]);
		if (limit > 0)
			check_fold(&hdr.v[i], limit);
	}
	mark(what);
	check_plan();
	check_presign(sendmail, limit);
	hdr_fini(&hdr);
	return 0;
}
