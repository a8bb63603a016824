/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domtable.c - the table itself: look-ups, and how it is built.  Reading the lines is
 * domtable_parse.c's.
 *
 * All strings lie in one pool, equal ones once, and are named by their place there.  A
 * key file that has the name of its domain in it is kept with %{domain} instead, so
 * that a hundred thousand files in one folder are one string.  Patterns are found by
 * hash; the hash of a name is taken from its end, so that one pass over a From domain
 * gives those of all its parents as well.
 */
#include "config/domtable.h"

#include <stdlib.h>
#include <string.h>

#include "config/domtable_parts.h"
#include "mail/addr.h"

#define MARK STR(DOMTABLE_MARK)
#define LABELS_MAX 128 /* of a name of 253 bytes */

static uint32_t
hash_step(uint32_t h, char c)
{
	return (h ^ (unsigned char)c) * 16777619U;
}

/* FNV leaves the low bits of short names alike. */
static uint32_t
hash_end(uint32_t h)
{
	h ^= h >> 16;
	h *= 0x7feb352dU;
	h ^= h >> 15;
	return h;
}

static uint32_t
hash(struct str s)
{
	uint32_t h = DOMTABLE_HASH;

	for (size_t i = s.len; i > 0; i--)
		h = hash_step(h, s.p[i - 1]);
	return hash_end(h);
}

const char *
domtable_text(const struct domtable *t, uint32_t at)
{
	return t->pool + at;
}

static bool
is_text(const struct domtable *t, uint32_t at, struct str s)
{
	return memcmp(t->pool + at, s.p, s.len) == 0 && t->pool[at + s.len] == '\0';
}

/* The entry of a pattern; DOMTABLE_NONE, and its free slot in *slot. */
static uint32_t
find(const struct domtable *t, struct str name, uint32_t h, size_t *slot)
{
	size_t i = h & (t->n_slots - 1);

	for (; t->slots[i].last != DOMTABLE_NONE; i = (i + 1) & (t->n_slots - 1)) {
		const struct domtable_row *row = &t->rows[t->slots[i].last];

		/* A string ends within the pool, so comparing len bytes needs its end
		 * to be that far. */
		if (t->slots[i].hash == h && row->name + name.len < t->pool_len &&
		    is_text(t, row->name, name))
			return t->slots[i].last;
	}
	if (slot != NULL)
		*slot = i;
	return DOMTABLE_NONE;
}

static size_t
power_of_two(size_t at_least)
{
	size_t n = 16;

	while (n < at_least)
		n *= 2;
	return n;
}

struct domtable *
domtable_new(size_t lines)
{
	struct domtable *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->n_slots = power_of_two(lines + lines / 2);
	t->slots = malloc(t->n_slots * sizeof(*t->slots));
	t->interned = calloc(t->n_slots, sizeof(*t->interned));
	t->rows = calloc(lines + 1, sizeof(*t->rows));
	t->pool = calloc(1, 1);
	t->pool_len = t->pool_cap = 1; /* place 0 is the empty string */
	if (t->slots == NULL || t->interned == NULL || t->rows == NULL ||
	    t->pool == NULL) {
		domtable_free(t);
		return NULL;
	}
	for (size_t i = 0; i < t->n_slots; i++)
		t->slots[i] = (struct domtable_slot) { 0, DOMTABLE_NONE };
	return t;
}

void
domtable_free(struct domtable *t)
{
	if (t == NULL)
		return;
	free(t->slots);
	free(t->interned);
	free(t->rows);
	free(t->pool);
	free(t);
}

/* 0 when there is no room. */
static uint32_t
put(struct domtable *t, struct str s)
{
	size_t at = t->pool_len;

	if (at + s.len + 1 > t->pool_cap) {
		size_t cap = (at + s.len + 1) * 2;
		char *p = cap < DOMTABLE_NONE ? realloc(t->pool, cap) : NULL;

		if (p == NULL)
			return 0;
		t->pool = p;
		t->pool_cap = cap;
	}
	memcpy(t->pool + at, s.p, s.len);
	t->pool[at + s.len] = '\0';
	t->pool_len = at + s.len + 1;
	return (uint32_t)at;
}

int
domtable_intern(struct domtable *t, struct str s, uint32_t *out)
{
	size_t i = hash(s) & (t->n_slots - 1);

	*out = 0;
	if (s.len == 0)
		return 0;
	for (; t->interned[i] != 0; i = (i + 1) & (t->n_slots - 1))
		if (t->interned[i] + s.len < t->pool_len &&
		    is_text(t, t->interned[i], s)) {
			*out = t->interned[i];
			return 0;
		}
	*out = put(t, s);
	/* A table that is nearly full would be slow to search: then strings are kept
	 * twice. */
	if (*out != 0 && t->n_interned < t->n_slots / 4 * 3) {
		t->interned[i] = *out;
		t->n_interned++;
	}
	return *out != 0 ? 0 : -1;
}

uint32_t
domtable_pattern(const struct domtable *t, struct str pattern)
{
	return find(t, pattern, hash(pattern), NULL);
}

int
domtable_add(struct domtable *t, struct str pattern, const struct domtable_row *from)
{
	uint32_t h = hash(pattern), id = (uint32_t)t->n_rows;
	size_t slot = 0;
	uint32_t last = find(t, pattern, h, &slot);
	struct domtable_row *row = &t->rows[id];

	*row = *from;
	if (last != DOMTABLE_NONE) {
		row->name = t->rows[last].name;
		row->next = t->rows[last].next;
		t->rows[last].next = id;
		slot = h & (t->n_slots - 1);
		while (t->slots[slot].last != last)
			slot = (slot + 1) & (t->n_slots - 1);
	} else {
		row->name = put(t, pattern);
		row->next = id;
		if (row->name == 0)
			return -1;
	}
	t->slots[slot] = (struct domtable_slot) { h, id };
	if (row->domain == DOMTABLE_OWN)
		row->domain = row->name + (pattern.p[0] == '.');
	t->n_rows++;
	return 0;
}

void
domtable_pack(struct domtable *t)
{
	void *rows = realloc(t->rows, (t->n_rows + 1) * sizeof(*t->rows));
	char *pool = realloc(t->pool, t->pool_len);

	if (rows != NULL)
		t->rows = rows;
	if (pool != NULL) {
		t->pool = pool;
		t->pool_cap = t->pool_len;
	}
	free(t->interned);
	t->interned = NULL;
}

size_t
domtable_size(const struct domtable *t)
{
	return t->n_rows;
}

size_t
domtable_bytes(const struct domtable *t)
{
	return sizeof(*t) + t->n_slots * sizeof(*t->slots) +
	    (t->n_rows + 1) * sizeof(*t->rows) + t->pool_cap;
}

void
domtable_at(const struct domtable *t, size_t id, struct domtable_key *out)
{
	const struct domtable_row *row = &t->rows[id];

	*out = (struct domtable_key) {
		.id = id,
		.line = row->line,
		.pattern = t->pool + row->name,
		.selector = t->pool + row->selector,
		.file = t->pool + row->file,
		.domain = row->domain != 0 ? t->pool + row->domain : NULL,
		.users = t->pool + row->users,
		.header_canon =
		    row->header_relaxed ? CONF_CANON_RELAXED : CONF_CANON_SIMPLE,
		.body_canon =
		    row->body_relaxed ? CONF_CANON_RELAXED : CONF_CANON_SIMPLE,
		.expire_s = row->expire_s,
	};
}

/*
 * The last row of the longest pattern.  Hashes are gathered from the end of the name,
 * the patterns tried from its beginning.
 */
static uint32_t
match(const struct domtable *t, struct str from)
{
	uint32_t h = DOMTABLE_HASH, hashes[LABELS_MAX], row;
	size_t dots[LABELS_MAX], n = 0;

	for (size_t i = from.len; i > 0; i--) {
		h = hash_step(h, from.p[i - 1]);
		if (from.p[i - 1] != '.' || n == LABELS_MAX)
			continue;
		dots[n] = i - 1;
		hashes[n++] = hash_end(h);
	}
	row = find(t, from, hash_end(h), NULL);
	while (row == DOMTABLE_NONE && n-- > 0)
		row = find(t, str_skip(from, dots[n]), hashes[n], NULL);
	return row != DOMTABLE_NONE ? row : find(t, STR("*"), hash(STR("*")), NULL);
}

size_t
domtable_find(const struct domtable *t, struct str from,
    struct domtable_key out[DOMTABLE_KEYS_MAX])
{
	uint32_t last, id;
	size_t n = 0;

	if (from.len == 0 || from.len > ADDR_DOMAIN_MAX || from.p[0] == '.' ||
	    from.p[0] == '*')
		return 0;
	for (size_t i = 0; i < from.len; i++)
		if ((unsigned char)from.p[i] >= 0x80)
			return 0;
	last = id = match(t, from);
	if (last == DOMTABLE_NONE)
		return 0;
	do {
		id = t->rows[id].next;
		domtable_at(t, id, &out[n++]);
	} while (id != last && n < DOMTABLE_KEYS_MAX);
	return n;
}

/* Whether users=LIST has that identity. */
static bool
lists(struct str list, struct str user)
{
	while (list.len > 0 && user.len > 0) {
		size_t comma = str_find(list, ',');
		struct str one = str_make(list.p, comma);

		if (str_eq(one, STR("*")) || str_caseeq(one, user))
			return true;
		list = str_skip(list, comma + 1);
	}
	return false;
}

bool
domtable_allows(const struct domtable_key *keys, size_t n, struct str user)
{
	for (size_t i = 0; i < n; i++)
		if (lists(str_of(keys[i].users), user))
			return true;
	return false;
}

bool
domtable_names(const struct domtable *t, struct str user)
{
	uint32_t last = 0; /* equal lists are one string, and neighbours mostly */

	for (size_t i = 0; i < t->n_rows; i++) {
		if (t->rows[i].users == last)
			continue;
		last = t->rows[i].users;
		if (lists(str_of(domtable_text(t, last)), user))
			return true;
	}
	return false;
}

bool
domtable_has_users(const struct domtable *t)
{
	return t->users;
}

bool
domtable_is_template(const struct domtable_key *k)
{
	return (k->pattern[0] == '.' || k->pattern[0] == '*') &&
	    strstr(k->file, DOMTABLE_MARK) != NULL;
}

void
domtable_file(const struct domtable_key *k, struct str from, struct buf *out)
{
	const char *p = k->file, *mark;

	while ((mark = strstr(p, DOMTABLE_MARK)) != NULL) {
		buf_add(out, p, (size_t)(mark - p));
		buf_addstr(out, from);
		p = mark + MARK.len;
	}
	buf_adds(out, p);
}

struct str
domtable_domain(const struct domtable_key *k, struct str from)
{
	return k->domain != NULL ? str_of(k->domain) : from;
}
