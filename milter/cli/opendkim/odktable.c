/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odktable.c - rows gathered, then made into rules.  See the header.
 *
 * The domains of two patterns either have nothing in common or one holds the other.  So
 * the first match of a list is the most precise one, once those are dropped that stand
 * behind one that holds them; and all matches of a message are those of its most
 * precise pattern and of the ones that hold that.
 */
#include "cli/opendkim/odktable.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/opendkim/odktable_parts.h"
#include "mail/addr.h"
#include "text/arena.h"

#define MEMORY_MAX ((size_t)1 << 30)
#define SHOWN_MAX 80 /* bytes of a name that a sentence shows */

void
odktable_say(struct odktable *t, enum odktable_source source, unsigned line,
    enum odktable_weight weight, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->say(t->arg, source, line, weight, text);
}

int
odktable_shown(struct str s)
{
	return s.len > SHOWN_MAX ? SHOWN_MAX : (int)s.len;
}

void *
odktable_grow(struct odktable_list *l)
{
	void *p;

	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 64 : l->cap * 2;

		p = reallocarray(l->v, cap, l->size);
		if (p == NULL)
			return NULL;
		l->v = p;
		l->cap = cap;
	}
	p = (char *)l->v + l->n++ * l->size;
	memset(p, 0, l->size);
	return p;
}

struct odktable *
odktable_new(odktable_say_fn *say_fn, void *arg)
{
	struct odktable *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->say = say_fn;
	t->arg = arg;
	t->keys.size = sizeof(struct odktable_key *);
	t->rows.size = t->exempt.size = sizeof(struct odktable_row);
	t->rules.size = sizeof(struct odktable_rule);
	t->arena = arena_new(MEMORY_MAX);
	if (t->arena == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
odktable_free(struct odktable *t)
{
	if (t == NULL)
		return;
	arena_free(t->arena);
	free(t->keys.v);
	free(t->rows.v);
	free(t->exempt.v);
	free(t->rules.v);
	free(t);
}

/* A copy in lower case; p is NULL when out of memory. */
static struct str
lower(struct odktable *t, struct str s)
{
	char *p = arena_alloc(t->arena, s.len + 1);

	if (p == NULL)
		return (struct str) { NULL, 0 };
	for (size_t i = 0; i < s.len; i++)
		p[i] = ascii_lower(s.p[i]);
	p[s.len] = '\0';
	return str_make(p, s.len);
}

static int
add_key(struct odktable *t, const struct odktable_key *key)
{
	struct odktable_key *copy = arena_alloc(t->arena, sizeof(*copy));
	struct odktable_key **place = copy != NULL ? odktable_grow(&t->keys) : NULL;

	if (place == NULL)
		return -1;
	*copy = *key;
	copy->order = t->keys.n;
	*place = copy;
	return 0;
}

/* The fourth field, if the third ends in one: opendkim 2.11 takes it for a part of the
 * path. */
static void
split_algorithm(struct odktable_key *key)
{
	size_t colon = str_rfind(key->file, ':');
	struct str last = str_skip(key->file, colon + 1);

	if (!str_caseeq(last, STR("rsa-sha1")) &&
	    !str_caseeq(last, STR("rsa-sha256")) &&
	    !str_caseeq(last, STR("ed25519-sha256")))
		return;
	key->algorithm = last;
	key->file.len = colon;
}

/* One of conf.h's checks of a str, as it would be made of the new settings. */
static bool
is_good(struct str s, int (*check)(const char *, char *, size_t))
{
	char text[ADDR_DOMAIN_MAX + 1], phrase[256];

	if (s.len >= sizeof(text))
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	return check(text, phrase, sizeof(phrase)) == 0;
}

/* What is wrong with a key, or NULL. */
static const char *
fault(const struct odktable_key *key)
{
	if (key->domain.len == 0 || key->selector.len == 0 || key->file.len == 0)
		return "expected DOMAIN:SELECTOR:FILE";
	if (!str_eq(key->domain, STR("%")) &&
	    !is_good(key->domain, conf_check_domain_name))
		return "what should sign is no domain name such as example.com";
	if (!is_good(key->selector, conf_check_selector))
		return "its selector is none: letters, digits, - and _, at most 63 bytes";
	return NULL;
}

int
odktable_add_key(struct odktable *t, unsigned line, struct str name, struct str value)
{
	struct odktable_key key = { .name = name, .algorithm = STR(""), .line = line };
	struct str rest = value;
	const char *why;

	key.domain = str_make(rest.p, str_find(rest, ':'));
	rest = str_skip(rest, key.domain.len + 1);
	key.selector = str_make(rest.p, str_find(rest, ':'));
	key.file = str_skip(rest, key.selector.len + 1);
	split_algorithm(&key);
	why = fault(&key);
	if (why != NULL) {
		/* A key may stand in it, so the row is not shown. */
		odktable_say(t, ODKTABLE_KEYS, line, ODKTABLE_LOST, "key %.*s: %s",
		    odktable_shown(name), name.p, why);
		return 0;
	}
	if (str_caseeq(key.algorithm, STR("rsa-sha1")))
		odktable_say(t, ODKTABLE_KEYS, line, ODKTABLE_LOST,
		    "key %.*s: metermark signs with SHA-256 only, as RFC 8301 demands",
		    odktable_shown(name), name.p);
	return add_key(t, &key);
}

/* Rows for a pattern; *first is the first of them, NULL where it means nothing. */
static int
add_rows(struct odktable *t, unsigned line, struct str text, bool refile,
    const struct odktable_row *model)
{
	struct odktable_pattern p;

	odktable_pattern(text, refile, &p);
	if (p.reason != NULL)
		odktable_say(t, ODKTABLE_RULES, line, p.weight, "%.*s: %s",
		    odktable_shown(text), text.p, p.reason);
	for (size_t i = 0; i < p.n; i++) {
		struct odktable_row *row = odktable_grow(&t->rows);

		if (row == NULL)
			return -1;
		*row = *model;
		row->kind = p.kind[i];
		row->line = line;
		row->order = t->rows.n;
		row->ordered = refile;
		row->domain = lower(t, p.domain);
		if (row->domain.p == NULL)
			return -1;
	}
	return 0;
}

int
odktable_add_rule(struct odktable *t, unsigned line, struct str pattern,
    struct str value, bool refile)
{
	struct odktable_row row = { .key_name =
					str_make(value.p, str_find(value, ':')) };

	if (row.key_name.len == 0) {
		odktable_say(t, ODKTABLE_RULES, line, ODKTABLE_LOST,
		    "%.*s: expected the name of a key behind it",
		    odktable_shown(pattern), pattern.p);
		return 0;
	}
	if (row.key_name.len < value.len)
		odktable_say(t, ODKTABLE_RULES, line, ODKTABLE_LOST,
		    "%.*s: the signer \"%.*s\": metermark writes no i=",
		    odktable_shown(pattern), pattern.p,
		    odktable_shown(str_skip(value, row.key_name.len + 1)),
		    value.p + row.key_name.len + 1);
	return add_rows(t, line, pattern, refile, &row);
}

int
odktable_add_domain(struct odktable *t, unsigned line, struct str domain, bool refile,
    bool subdomains, struct str selector, struct str file)
{
	struct odktable_key key = { .name = domain,
		.domain = STR("%"),
		.selector = selector,
		.file = file,
		.algorithm = STR(""),
		.line = line };
	struct odktable_row row = { .key_name = STR("") }, *below;
	struct odktable_key **place;
	size_t before = t->rows.n;

	if (!refile && domain.p[0] == '.') {
		odktable_say(t, ODKTABLE_RULES, line, ODKTABLE_NOTE,
		    "%.*s: it never matches; SubDomains is for the domains below one",
		    odktable_shown(domain), domain.p);
		return 0;
	}
	if (fault(&key) != NULL) {
		odktable_say(t, ODKTABLE_RULES, line, ODKTABLE_LOST, "%.*s: %s",
		    odktable_shown(domain), domain.p, fault(&key));
		return 0;
	}
	if (add_key(t, &key) != 0)
		return -1;
	place = (struct odktable_key **)t->keys.v + t->keys.n - 1;
	row.key = *place;
	/* Here a refile: is asked for domains, not for addresses. */
	if (refile && str_find(domain, '*') == domain.len)
		refile = false;
	if (add_rows(t, line, domain, refile, &row) != 0)
		return -1;
	if (!subdomains || t->rows.n != before + 1 ||
	    ((struct odktable_row *)t->rows.v)[before].kind != ODKTABLE_EXACT)
		return 0;
	/* Mail From below it is signed by the domain itself. */
	key.domain = ((struct odktable_row *)t->rows.v)[before].domain;
	if (add_key(t, &key) != 0 || (below = odktable_grow(&t->rows)) == NULL)
		return -1;
	*below = ((struct odktable_row *)t->rows.v)[before];
	below->kind = ODKTABLE_BELOW;
	below->key = ((struct odktable_key **)t->keys.v)[t->keys.n - 1];
	return 0;
}

int
odktable_exempt(struct odktable *t, unsigned line, struct str domain)
{
	struct odktable_row *row = odktable_grow(&t->exempt);

	if (row == NULL)
		return -1;
	*row = (struct odktable_row) { .line = line, .domain = lower(t, domain) };
	return row->domain.p != NULL ? 0 : -1;
}

const struct odktable_rule *
odktable_rules(const struct odktable *t, size_t *n)
{
	*n = t->rules.n;
	return t->rules.v;
}

struct str
odktable_domain(const struct odktable_rule *rule, const struct odktable_key *key)
{
	if (str_eq(key->domain, STR("%")) && rule->kind == ODKTABLE_EXACT)
		return rule->domain;
	return key->domain;
}
