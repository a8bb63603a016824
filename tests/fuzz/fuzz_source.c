/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_source.c - the tag headers of sending services, JSON among them.
 *
 * The first line of an input says which sources are in use: each byte takes one out of
 * the table, by its value; an empty one takes all.  The rest is a header.  Promised,
 * whatever is in it:
 *  - a field is a source's exactly if the table, gone through one by one, says so;
 *  - every command among them goes, and nothing else does;
 *  - a campaign is canonical, and comes from a source in use that is in the message;
 *  - tags are few, short, and without controls; a customer is as clean as a campaign;
 *  - no more JSON, nor deeper, is given to the parser than it was promised;
 *  - a second reading says the same.
 */
#include <string.h>

#include <jansson.h>

#include "campaign/sourceread.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)64 * 1024 * 1024)

static struct arena *arena;
static struct hdr hdr;
static struct source_index index_of;
static struct source_hits hits;

/* ==== What goes in ==== */

static void
choose(struct str which)
{
	char *ids[SOURCES_MAX];
	size_t n, chosen = 0;
	const struct source *s = source_table(&n);
	bool taken[SOURCES_MAX] = { false };

	for (size_t i = 0; i < (which.len == 0 ? n : which.len); i++) {
		size_t at = which.len == 0 ? i : (unsigned char)which.p[i] % n;

		if (!taken[at] && chosen < n)
			ids[chosen++] = (char *)(uintptr_t)s[at].id;
		taken[at] = true;
	}
	source_index_make(&index_of, ids, chosen);
}

static void
take_header(struct str rest)
{
	while (rest.len > 0) {
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
}

/* ==== The table, gone through one by one ==== */

static bool
named(const struct source_field *f, struct str name)
{
	struct str own = str_of(f->name);

	if (!str_ends(own, STR("*")))
		return str_caseeq(own, name);
	own.len--;
	return name.len > own.len && str_caseeq(str_make(name.p, own.len), own);
}

/* The field of the sources in use with the longest name that fits. */
static const struct source_field *
by_hand(struct str name)
{
	const struct source_field *best = NULL;

	for (size_t i = 0; i < index_of.n; i++) {
		const struct source_field *f = index_of.v[i].field;

		if (!named(f, name))
			continue;
		if (!str_ends(str_of(f->name), STR("*")))
			return f;
		if (best == NULL || strlen(f->name) > strlen(best->name))
			best = f;
	}
	return best;
}

static void
check_hits(void)
{
	size_t at = 0;

	for (size_t i = 0; i < hdr.n; i++) {
		const struct source_field *expected = by_hand(hdr.v[i].name);
		bool hit = at < hits.n && hits.v[at].field == i;

		FUZZ_CHECK(hit == (expected != NULL), "field %zu, %.*s", i,
		    (int)hdr.v[i].name.len, hdr.v[i].name.p);
		if (hit)
			FUZZ_CHECK(index_of.v[hits.v[at++].entry].field == expected,
			    "field %zu is not %s", i, expected->name);
	}
	FUZZ_CHECK(at == hits.n, "%zu hits too many", hits.n - at);
}

static void
check_strip(void)
{
	source_strip(&index_of, &hits, &hdr);
	for (size_t i = 0; i < hdr.n; i++) {
		const struct source_field *f = by_hand(hdr.v[i].name);

		FUZZ_CHECK((hdr.v[i].state == HDR_REMOVED) == (f != NULL && f->removed),
		    "field %zu, %.*s", i, (int)hdr.v[i].name.len, hdr.v[i].name.p);
	}
	hdr_revert(&hdr);
}

/* ==== What comes out ==== */

/* What the parser is given has been measured.  The linker sends the call here. */
json_t *__real_json_loadb(const char *p, size_t len, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *p, size_t len, size_t flags, json_error_t *error);

json_t *
__wrap_json_loadb(const char *p, size_t len, size_t flags, json_error_t *error)
{
	struct str text = str_make(p, len);
	size_t depth = 0, keys = 0;
	bool quoted = false;

	FUZZ_CHECK(text.len <= SOURCE_JSON_BYTES, "%zu bytes", text.len);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"')
			quoted = !quoted;
		else if (quoted && text.p[i] == '\\')
			i++;
		else if (!quoted && (text.p[i] == '[' || text.p[i] == '{'))
			FUZZ_CHECK(++depth <= SOURCE_JSON_DEPTH, "deeper");
		else if (!quoted && (text.p[i] == ']' || text.p[i] == '}'))
			depth -= depth > 0;
		else if (!quoted && text.p[i] == ':')
			FUZZ_CHECK(++keys <= SOURCE_JSON_KEYS, "more keys");
	}
	return __real_json_loadb(p, len, flags, error);
}

static void
read_it(struct camp_name *name, struct source_found *found)
{
	static char tenant[] = "tenant", account[] = "sub_account";
	static char *const customers[] = { tenant, account };

	camp_canonical(STR("default"), name);
	source_read(&index_of, &hits, &hdr, customers, 2, arena, name, found);
}

static bool
is_clean(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

static void
check_found(const struct camp_name *name, const struct source_found *found)
{
	bool there = false, faulty = found->fault == SOURCE_FINE;

	FUZZ_CHECK(
	    camp_is_canonical(str_make(name->name, name->len)), "%s", name->name);
	FUZZ_CHECK(is_clean(str_make(name->sent, name->sent_len)), "as sent");
	FUZZ_CHECK(found->source != NULL || strcmp(name->name, "default") == 0,
	    "%s from nowhere", name->name);
	for (size_t i = 0; i < hits.n; i++) {
		const struct source_field *f = index_of.v[hits.v[i].entry].field;

		there |= f == found->field && f->campaign != NULL;
		faulty |= strcmp(f->name, found->fault_field) == 0;
	}
	FUZZ_CHECK(there == (found->source != NULL), "a field that is not there");
	FUZZ_CHECK(faulty, "%s is not there", found->fault_field);
	FUZZ_CHECK(found->n_tags <= SOURCE_TAGS_MAX, "%zu tags", found->n_tags);
	for (size_t i = 0; i < found->n_tags; i++)
		FUZZ_CHECK(found->tags[i].len > 0 &&
			found->tags[i].len <= SOURCE_TAG_BYTES &&
			is_clean(found->tags[i]),
		    "tag %zu", i);
	FUZZ_CHECK(found->customer.len == 0 || camp_is_canonical(found->customer),
	    "%.*s", (int)found->customer.len, found->customer.p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str text = str_make((const char *)p, len);
	struct str which = str_make(text.p, str_find(text, '\n'));
	struct camp_name name, name_again;
	struct source_found found, again;

	if (arena == NULL)
		arena = arena_new(ARENA_MAX);
	FUZZ_CHECK(arena != NULL, "out of memory");
	arena_reset(arena);
	hdr_init(&hdr, arena);
	choose(which);
	take_header(str_skip(text, which.len + 1));
	source_scan(&index_of, &hdr, &hits);
	check_hits();
	read_it(&name, &found);
	check_found(&name, &found);
	check_strip();
	read_it(&name_again, &again);
	FUZZ_CHECK(strcmp(name.name, name_again.name) == 0 &&
		found.source == again.source && found.fault == again.fault &&
		found.n_tags == again.n_tags && str_eq(found.customer, again.customer),
	    "%s, then %s", name.name, name_again.name);
	hdr_fini(&hdr);
	return 0;
}
