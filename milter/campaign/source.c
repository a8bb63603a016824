/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.c - looking the fields of the sources up, and telling people what they mean.
 */
#include "campaign/source.h"

#include <stdlib.h>
#include <string.h>

#define ANY_LENGTH 63u /* the bit in source_index.lengths */

const struct source *
source_by_id(struct str id)
{
	size_t n;
	const struct source *s = source_table(&n);

	for (size_t i = 0; i < n; i++)
		if (str_eq(id, str_of(s[i].id)))
			return &s[i];
	return NULL;
}

static bool
is_prefix(const struct source_field *f)
{
	return str_ends(str_of(f->name), STR("*"));
}

static bool
is_json(const struct source_field *f)
{
	return f->form == SOURCE_JSON || f->form == SOURCE_JSON_OR_TEXT;
}

static int
by_name(const void *a, const void *b)
{
	const struct source_entry *x = a, *y = b;

	return str_casecmp(x->name, y->name);
}

static unsigned
bit_of(struct str name)
{
	return name.len < ANY_LENGTH ? (unsigned)name.len : ANY_LENGTH;
}

static void
add(struct source_index *index, const struct source *s, uint8_t rank)
{
	for (size_t i = 0; i < s->n_fields && index->n < SOURCE_FIELDS_MAX; i++) {
		struct source_entry *e = &index->v[index->n++];

		*e = (struct source_entry) { .name = str_of(s->fields[i].name),
			.field = &s->fields[i],
			.source = s,
			.rank = rank,
			.order = (uint8_t)i };
		if (is_prefix(e->field))
			e->name.len--;
		index->lengths[ascii_lower(e->name.p[0]) - 'a'] |= UINT64_C(1)
		    << (is_prefix(e->field) ? ANY_LENGTH : bit_of(e->name));
	}
}

/* The places of those that end in *, so that the longest is tried first. */
static void
find_prefixes(struct source_index *index)
{
	index->n_prefixes = 0;
	for (size_t i = 0; i < index->n; i++) {
		size_t at = index->n_prefixes;

		if (!is_prefix(index->v[i].field))
			continue;
		for (; at > 0 &&
		     index->v[index->prefixes[at - 1]].name.len < index->v[i].name.len;
		     at--)
			index->prefixes[at] = index->prefixes[at - 1];
		index->prefixes[at] = (uint8_t)i;
		index->n_prefixes++;
	}
}

void
source_index_make(struct source_index *index, char *const *ids, size_t n)
{
	*index = (struct source_index) { 0 };
	for (size_t i = 0; i < n && i < SOURCES_MAX; i++) {
		const struct source *s = source_by_id(str_of(ids[i]));

		if (s != NULL)
			add(index, s, (uint8_t)i);
	}
	qsort(index->v, index->n, sizeof(index->v[0]), by_name);
	find_prefixes(index);
}

static int
find_whole(const struct source_index *index, struct str name)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = str_casecmp(name, index->v[mid].name);

		if (order == 0)
			return is_prefix(index->v[mid].field) ? -1 : (int)mid;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return -1;
}

/* Of names that begin with the same letter the third character tells most apart. */
static int
find_prefix(const struct source_index *index, struct str name)
{
	for (size_t i = 0; i < index->n_prefixes; i++) {
		struct str prefix = index->v[index->prefixes[i]].name;

		if (name.len > prefix.len &&
		    ascii_lower(name.p[2]) == ascii_lower(prefix.p[2]) &&
		    str_casestarts(name, prefix))
			return index->prefixes[i];
	}
	return -1;
}

int
source_index_find(const struct source_index *index, struct str name)
{
	char first = name.len > 0 ? ascii_lower(name.p[0]) : '\0';
	uint64_t lengths;
	int found = -1;

	/* Most fields of most messages end here. */
	if (first < 'a' || first > 'z')
		return -1;
	lengths = index->lengths[first - 'a'];
	if ((lengths & UINT64_C(1) << bit_of(name)) != 0)
		found = find_whole(index, name);
	if (found < 0 && (lengths & UINT64_C(1) << ANY_LENGTH) != 0)
		found = find_prefix(index, name);
	return found;
}

struct str
source_word(struct str *list)
{
	struct str word = str_make(list->p, str_find(*list, ' '));

	*list = str_skip(*list, word.len + 1);
	return word;
}

static bool
is_joint(char c)
{
	return c == '-' || c == '_';
}

static bool
same_key(struct str a, struct str b)
{
	size_t i = 0, k = 0;

	for (;; i++, k++) {
		while (i < a.len && is_joint(a.p[i]))
			i++;
		while (k < b.len && is_joint(b.p[k]))
			k++;
		if (i == a.len || k == b.len)
			return i == a.len && k == b.len && a.len > 0;
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[k]))
			return false;
	}
}

int
source_key(struct str key, const char *list)
{
	struct str rest = str_of(list);

	for (int at = 0; rest.len > 0; at++)
		if (same_key(key, source_word(&rest)))
			return at;
	return -1;
}

/* ==== For people ==== */

/* "unique_args.@" as "unique_args.campaign", "[]" as "[0]", "category" as it is. */
static void
show_entry(struct str entry, struct buf *out)
{
	if (str_eq(entry, STR("[]"))) {
		buf_adds(out, "the first");
		return;
	}
	for (size_t i = 0; i < entry.len; i++)
		if (entry.p[i] == '@')
			buf_adds(out, "campaign");
		else
			buf_addc(out, entry.p[i]);
}

static void
show_entries(struct str entries, const char *between, struct buf *out)
{
	const char *comma = "";

	while (entries.len > 0) {
		buf_adds(out, comma);
		show_entry(source_word(&entries), out);
		comma = between;
	}
}

static void
show_field(const struct source_field *f, struct buf *out)
{
	static const char *const parts[] = {
		[SOURCE_LIST] = ": the first",
		[SOURCE_FEEDBACK] = ": the first field of four",
		[SOURCE_LIST_ID] = ": the label",
		[SOURCE_TRIPLE] = ": the first of three parts",
		[SOURCE_TEXT] = "",
	};
	struct str name = str_of(f->name);

	if (f->form == SOURCE_TEXT && is_prefix(f)) {
		buf_add(out, name.p, name.len - 1);
		buf_adds(out, "Campaign");
		return;
	}
	buf_addstr(out, name);
	if (f->form == SOURCE_PAIRS || is_json(f)) {
		buf_adds(out, ": ");
		show_entries(str_of(f->campaign), ", else ", out);
	} else if (parts[f->form] != NULL) {
		buf_adds(out, parts[f->form]);
	}
}

void
source_show_campaign(const struct source *s, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < s->n_fields; i++) {
		if (s->fields[i].campaign == NULL)
			continue;
		buf_adds(out, comma);
		show_field(&s->fields[i], out);
		comma = "; else ";
	}
}

void
source_show_tags(const struct source *s, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < s->n_fields; i++) {
		const struct source_field *f = &s->fields[i];

		if (f->tags == NULL)
			continue;
		buf_adds(out, comma);
		buf_adds(out, f->name);
		if (is_json(f) && f->tags[0] != '[') {
			buf_adds(out, ": ");
			show_entries(str_of(f->tags), ", ", out);
		} else if (f->tags[0] != '\0' && f->tags[0] != '*' &&
		    f->tags[0] != '[') {
			buf_addf(out, " as %s", f->tags);
		}
		comma = "; ";
	}
}

void
source_show_fields(const struct source *s, bool removed, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < s->n_fields; i++) {
		if (s->fields[i].removed != removed)
			continue;
		buf_adds(out, comma);
		buf_adds(out, s->fields[i].name);
		comma = ", ";
	}
}

const char *
source_show_repeat(const struct source *s)
{
	static const char *const words[] = {
		[SOURCE_FIRST] = "first",
		[SOURCE_FIRST_ALONE] = "only the first",
		[SOURCE_LAST_ALONE] = "only the last",
		[SOURCE_MERGED] = "merged",
	};

	for (size_t i = 0; i < s->n_fields; i++)
		if (s->fields[i].campaign != NULL)
			return words[s->fields[i].repeat];
	return "";
}

static void
show_charset(enum source_charset charset, unsigned max, const char **comma,
    const char *what, struct buf *out)
{
	static const char *const words[SOURCE_CHARSETS] = {
		[SOURCE_ANY] = "",
		[SOURCE_ASCII] = "ASCII",
		[SOURCE_WORD] = "A-Z a-z 0-9 _ -",
		[SOURCE_DASH] = "A-Z a-z 0-9 -",
		[SOURCE_SPACED] = "A-Z a-z 0-9 _ - blank",
		[SOURCE_PLUS] = "A-Z a-z 0-9 _ +",
		[SOURCE_LETTERS] = "A-Z a-z _",
		[SOURCE_KEY] = "A-Z a-z 0-9 _, no _ in front",
		[SOURCE_UNMARKED] = "no _ in front",
	};

	if (charset != SOURCE_ANY) {
		buf_addf(out, "%s%s%s", *comma, what, words[charset]);
		*comma = ", ";
	}
	if (max > 0) {
		buf_addf(out, "%s%s%u bytes", *comma, what, max);
		*comma = ", ";
	}
}

static void
show_limit(const struct source_limit *l, struct buf *out)
{
	const char *comma = ": ";

	show_charset(l->charset, l->max, &comma, "", out);
	show_charset(l->key_charset, l->key_max, &comma, "key ", out);
	if (l->count > 0) {
		buf_addf(out, "%s%u of them", comma, (unsigned)l->count);
		comma = ", ";
	}
	if (l->total > 0)
		buf_addf(out, "%s%u bytes together", comma, (unsigned)l->total);
	if (l->cut)
		buf_adds(out, ", the rest is cut");
}

/* It is there to except its entries from the next one. */
static bool
is_free(const struct source_limit *l)
{
	return l->charset == SOURCE_ANY && l->key_charset == SOURCE_ANY &&
	    l->max + l->key_max + l->count + l->total == 0;
}

/* The fields that have the limits of this one. */
static void
show_limited(const struct source *s, const struct source_field *first, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < s->n_fields; i++) {
		if (s->fields[i].limits != first->limits)
			continue;
		buf_addf(out, "%s%s", comma, s->fields[i].name);
		comma = ", ";
	}
}

void
source_show_limits(const struct source *s, struct buf *out)
{
	const char *semicolon = "";

	for (size_t i = 0; i < s->n_fields; i++) {
		const struct source_field *f = &s->fields[i];
		size_t first = 0;

		while (s->fields[first].limits != f->limits)
			first++;
		for (uint8_t k = 0; k < f->n_limits && first == i; k++) {
			const struct source_limit *l = &f->limits[k];

			if (is_free(l))
				continue;
			buf_adds(out, semicolon);
			show_limited(s, f, out);
			if (is_json(f) && l->entries[0] != '[' && l->entries[0] != '*')
				buf_addf(out, " %s", l->entries);
			show_limit(l, out);
			semicolon = "; ";
		}
	}
}
