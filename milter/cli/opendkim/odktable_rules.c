/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odktable_rules.c - the rows of both tables made into rules without an order.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/opendkim/odktable_parts.h"

static struct odktable_rule *
rules_of(struct odktable *t)
{
	return t->rules.v;
}

/* --- keys by name --- */

static int
by_name(const void *a, const void *b)
{
	const struct odktable_key *x = *(struct odktable_key *const *)a,
				  *y = *(struct odktable_key *const *)b;
	size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
	int order = memcmp(x->name.p, y->name.p, n);

	if (order == 0)
		order = (x->name.len > y->name.len) - (x->name.len < y->name.len);
	/* Of equal names the first one is found. */
	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static const struct odktable_key *
find_key(const struct odktable *t, struct str name)
{
	struct odktable_key *const *v = t->keys.v;
	struct odktable_key wanted = { .name = name }; /* order 0 sorts first */
	const struct odktable_key *p = &wanted;
	size_t low = 0, high = t->keys.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_name(&v[middle], &p) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->keys.n && str_eq(v[low]->name, name) ? v[low] : NULL;
}

/* --- rows --- */

static int
compare(enum odktable_kind a, struct str x, enum odktable_kind b, struct str y)
{
	int order = str_casecmp(x, y);

	return order != 0 ? order : (a > b) - (a < b);
}

static int
by_pattern(const void *a, const void *b)
{
	const struct odktable_row *x = a, *y = b;
	int order = compare(x->kind, x->domain, y->kind, y->domain);

	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static bool
is_within(struct str name, const struct odktable_row *row)
{
	if (row->kind == ODKTABLE_EXACT)
		return str_eq(name, row->domain);
	return row->kind == ODKTABLE_ANY ||
	    (str_ends(name, row->domain) && name.len > row->domain.len &&
		name.p[name.len - row->domain.len - 1] == '.');
}

/* A name that a domain in From can have: opendkim has that in lower case. */
static bool
is_domain(struct str name)
{
	struct odktable_pattern p;

	for (size_t i = 0; i < name.len; i++)
		if (ascii_lower(name.p[i]) != name.p[i])
			return false;
	odktable_pattern(name, false, &p);
	return p.n == 1 && p.kind[0] == ODKTABLE_EXACT;
}

/* "PATTERN %" for many domains: a row for each key that is named like one of them. */
static int
expand(struct odktable *t, const struct odktable_row *row)
{
	struct odktable_key *const *keys = t->keys.v;
	size_t n = 0;

	for (size_t i = 0; i < t->keys.n; i++) {
		struct odktable_row *new;

		if (!is_within(keys[i]->name, row) || !is_domain(keys[i]->name) ||
		    (i > 0 && str_eq(keys[i]->name, keys[i - 1]->name)))
			continue;
		new = odktable_grow(&t->rows);
		if (new == NULL)
			return -1;
		*new = *row;
		new->kind = ODKTABLE_EXACT;
		new->domain = keys[i]->name;
		new->key = keys[i];
		n++;
	}
	odktable_say(t, ODKTABLE_RULES, row->line, ODKTABLE_NOTE,
	    "%% stands for %zu keys named like domains; mail From others, which opendkim defers, goes unsigned",
	    n);
	return 0;
}

/* The key of a row by its name, which may not be there. */
static const struct odktable_key *
named_key(struct odktable *t, const struct odktable_row *row)
{
	struct str name = str_eq(row->key_name, STR("%")) ? row->domain : row->key_name;
	const struct odktable_key *key = find_key(t, name);

	if (key == NULL)
		odktable_say(t, ODKTABLE_RULES, row->line, ODKTABLE_LOST,
		    "KeyTable has no key named %.*s", odktable_shown(name), name.p);
	return key;
}

/* Rows with their keys; those without one go. */
static int
resolve(struct odktable *t)
{
	size_t n = t->rows.n, kept = 0;
	struct odktable_row *v;

	for (size_t i = 0; i < n; i++) {
		/* A copy: the list moves when it grows. */
		struct odktable_row row = ((struct odktable_row *)t->rows.v)[i];

		if (row.key != NULL)
			continue;
		if (row.kind != ODKTABLE_EXACT && str_eq(row.key_name, STR("%"))) {
			if (expand(t, &row) != 0)
				return -1;
			continue;
		}
		((struct odktable_row *)t->rows.v)[i].key = named_key(t, &row);
	}
	v = t->rows.v;
	for (size_t i = 0; i < t->rows.n; i++)
		if (v[i].key != NULL)
			v[kept++] = v[i];
	t->rows.n = kept;
	if (kept > 0)
		qsort(v, kept, sizeof(*v), by_pattern);
	return 0;
}

/* --- rules --- */

const struct odktable_rule *
odktable_find(const struct odktable *t, enum odktable_kind kind, struct str domain)
{
	const struct odktable_rule *v = t->rules.v;
	size_t low = 0, high = t->rules.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(v[middle].kind, v[middle].domain, kind, domain);

		if (order == 0)
			return &v[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Not one that signs in the same name a second time. */
static void
add_to_rule(struct odktable *t, struct odktable_rule *rule,
    const struct odktable_key *key, bool *full)
{
	struct str domain = odktable_domain(rule, key);

	for (size_t i = 0; i < rule->n_keys; i++)
		if (str_caseeq(rule->keys[i]->selector, key->selector) &&
		    str_caseeq(odktable_domain(rule, rule->keys[i]), domain))
			return;
	if (rule->n_keys < ODKTABLE_KEYS_MAX) {
		rule->keys[rule->n_keys++] = key;
	} else if (!*full) {
		odktable_say(t, ODKTABLE_RULES, rule->line, ODKTABLE_LOST,
		    "%.*s: metermark makes at most %d signatures on a message",
		    odktable_shown(rule->domain), rule->domain.p, ODKTABLE_KEYS_MAX);
		*full = true;
	}
}

/* One rule for the rows of each pattern. */
static int
group(struct odktable *t, bool multiple)
{
	const struct odktable_row *v = t->rows.v;
	struct odktable_rule *rule = NULL;
	bool full = false;

	for (size_t i = 0; i < t->rows.n; i++) {
		bool more = i > 0 &&
		    compare(v[i].kind, v[i].domain, v[i - 1].kind, v[i - 1].domain) ==
			0;

		/* Only a refile: is searched on after a match. */
		if (more && multiple && v[i].ordered)
			add_to_rule(t, rule, v[i].key, &full);
		if (more)
			continue;
		rule = odktable_grow(&t->rules);
		if (rule == NULL)
			return -1;
		full = false;
		rule->kind = v[i].kind;
		rule->domain = v[i].domain;
		rule->line = v[i].line;
		rule->order = v[i].order;
		rule->ordered = v[i].ordered;
		add_to_rule(t, rule, v[i].key, &full);
	}
	return 0;
}

/* The n-th rule around one, from the nearest to ANY; NULL: there are no more.  *rest is
 * the domain at first. */
static const struct odktable_rule *
next_around(const struct odktable *t, struct str *rest)
{
	const struct odktable_rule *rule = NULL;

	while (rule == NULL && rest->len > 0) {
		*rest = str_skip(*rest, str_find(*rest, '.') + 1);
		rule = rest->len > 0 ? odktable_find(t, ODKTABLE_BELOW, *rest)
				     : odktable_find(t, ODKTABLE_ANY, STR(""));
	}
	return rule;
}

/* First match: rules that stand behind one that holds all their domains. */
static void
drop_hidden(struct odktable *t)
{
	struct odktable_rule *v = rules_of(t);
	size_t kept = 0;

	for (size_t i = 0; i < t->rules.n; i++) {
		struct str rest = v[i].domain;
		const struct odktable_rule *around;

		while ((around = next_around(t, &rest)) != NULL)
			if (v[i].ordered && around->order < v[i].order) {
				odktable_say(t, ODKTABLE_RULES, v[i].line,
				    ODKTABLE_NOTE,
				    "%.*s: never reached, since line %u matches first",
				    odktable_shown(v[i].domain), v[i].domain.p,
				    around->line);
				v[i].n_keys = 0;
				break;
			}
	}
	for (size_t i = 0; i < t->rules.n; i++)
		if (v[i].n_keys > 0)
			v[kept++] = v[i];
	t->rules.n = kept;
}

/* All matches: the keys of the rules around one sign as well.  The nearest around has
 * not got its own yet, or the same ones would come twice, to no harm. */
static void
inherit(struct odktable *t)
{
	struct odktable_rule *v = rules_of(t);

	for (size_t i = 0; i < t->rules.n; i++) {
		struct str rest = v[i].domain;
		const struct odktable_rule *around;
		bool full = false;

		while ((around = next_around(t, &rest)) != NULL)
			for (size_t k = 0; k < around->n_keys; k++)
				add_to_rule(t, &v[i], around->keys[k], &full);
	}
}

/* ExemptDomains names domains as they are; those below are not meant. */
static void
apply_exempt(struct odktable *t)
{
	const struct odktable_row *v = t->exempt.v;
	size_t kept = 0;

	for (size_t i = 0; i < t->exempt.n; i++) {
		const struct odktable_rule *rule =
		    odktable_find(t, ODKTABLE_EXACT, v[i].domain);
		struct str rest = v[i].domain;

		if (rule != NULL)
			rules_of(t)[rule - rules_of(t)].n_keys = 0;
		if (next_around(t, &rest) != NULL)
			odktable_say(t, ODKTABLE_RULES, v[i].line, ODKTABLE_LOST,
			    "%.*s of ExemptDomains: a domain below one that is signed cannot be left out",
			    odktable_shown(v[i].domain), v[i].domain.p);
	}
	for (size_t i = 0; i < t->rules.n; i++)
		if (rules_of(t)[i].n_keys > 0)
			rules_of(t)[kept++] = rules_of(t)[i];
	t->rules.n = kept;
}

int
odktable_finish(struct odktable *t, bool multiple)
{
	if (t->keys.n > 0)
		qsort(t->keys.v, t->keys.n, sizeof(struct odktable_key *), by_name);
	if (resolve(t) != 0 || group(t, multiple) != 0)
		return -1;
	if (multiple)
		inherit(t);
	else
		drop_hidden(t);
	apply_exempt(t);
	return 0;
}
