/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.c - the fields of the sources in use, and their rules.  See the header.
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

/* ==== Rules ==== */

/* One path of the table as a rule at the end of the list. */
static struct source_rule *
add_rule(struct source_index *index, struct str path)
{
	struct source_rule *rule;

	if (index->n_rules == SOURCE_RULES_MAX)
		return NULL;
	rule = &index->rules[index->n_rules++];
	*rule = (struct source_rule) { .depth = 0 };
	if (str_eq(path, STR("[]")))
		return rule;
	while (path.len > 0 && rule->depth < SOURCE_PATH_MAX) {
		struct str key = str_make(path.p, str_find(path, '.'));

		path = str_skip(path, key.len + 1);
		rule->any_key = str_eq(key, STR("*"));
		rule->campaign_key = str_eq(key, STR("@"));
		rule->path[rule->depth++] = key;
	}
	return rule;
}

/* The same, but for @ one rule for each of the campaign keys, in their order. */
static void
add_rules(struct source_index *index, struct str path)
{
	struct str keys = str_of(SOURCE_CAMPAIGN_KEYS);

	if (!str_ends(path, STR("@"))) {
		(void)add_rule(index, path);
		return;
	}
	while (keys.len > 0) {
		struct str key = source_word(&keys);
		struct source_rule *rule = add_rule(index, path);

		if (rule != NULL)
			rule->path[rule->depth - 1] = key;
	}
}

/* A list of paths; how many rules they make.  An empty list is the value itself. */
static uint8_t
add_paths(struct source_index *index, const char *paths)
{
	struct str rest = str_of(paths);
	size_t before = index->n_rules;

	do
		add_rules(index, source_word(&rest));
	while (rest.len > 0);
	return (uint8_t)(index->n_rules - before);
}

/* A value that has no keys is not looked for by paths: tags is its key then. */
static bool
has_keys(const struct source_field *f)
{
	return f->form == SOURCE_PAIRS || is_json(f) ||
	    (f->form == SOURCE_TEXT && is_prefix(f));
}

static void
parse_rules(struct source_index *index, struct source_entry *e)
{
	const struct source_field *f = e->field;

	e->rules = (uint16_t)index->n_rules;
	if (f->campaign != NULL)
		e->n_names = add_paths(index, f->campaign);
	if (f->tags != NULL && has_keys(f))
		e->n_tags = add_paths(index, f->tags);
	for (uint8_t i = 0; i < f->n_limits; i++)
		if (add_rule(index, str_of(f->limits[i].entries)) != NULL)
			e->n_limits++;
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

bool
source_rule_matches(const struct source_rule *rule, const struct str *keys, size_t n)
{
	if (n != rule->depth)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool last = i + 1 == n;

		if (last && rule->any_key)
			return true;
		if (last && rule->campaign_key ? !same_key(keys[i], rule->path[i])
					       : !str_eq(keys[i], rule->path[i]))
			return false;
	}
	return true;
}

/* ==== The index ==== */

static void
add(struct source_index *index, const struct source *s, uint8_t rank)
{
	for (size_t i = 0; i < s->n_fields && index->n < SOURCE_FIELDS_MAX; i++) {
		struct source_entry *e = &index->v[index->n++];

		*e = (struct source_entry) { .name = str_of(s->fields[i].name),
			.field = &s->fields[i],
			.source = s,
			.rank = rank };
		if (is_prefix(e->field))
			e->name.len--;
		parse_rules(index, e);
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

int
source_key(struct str key, const char *list)
{
	struct str rest = str_of(list);

	for (int at = 0; rest.len > 0; at++)
		if (same_key(key, source_word(&rest)))
			return at;
	return -1;
}
