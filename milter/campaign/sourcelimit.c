/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sourcelimit.c - what a service takes.  See the header.
 */
#include "campaign/sourcelimit.h"

#include <string.h>

/* What may stand in text beside letters and digits. */
static const struct {
	const char *more;
	bool digits;
} sets[] = {
	[SOURCE_WORD] = { "_-", true },
	[SOURCE_DASH] = { "-", true },
	[SOURCE_SPACED] = { " _-", true },
	[SOURCE_PLUS] = { "_+", true },
	[SOURCE_LETTERS] = { "_", false },
	[SOURCE_KEY] = { "_", true },
};

static bool
is_among(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool
is_ascii(char c)
{
	return c >= ' ' && c <= '~';
}

static bool
is_taken(enum source_charset charset, char c)
{
	if (charset == SOURCE_ASCII)
		return is_ascii(c);
	if (ascii_isalpha(c) || (ascii_isdigit(c) && sets[charset].digits))
		return true;
	return is_among(c, sets[charset].more);
}

static bool
in_charset(enum source_charset charset, struct str text)
{
	if ((charset == SOURCE_UNMARKED || charset == SOURCE_KEY) &&
	    str_starts(text, STR("_")))
		return false;
	if (charset == SOURCE_ANY || charset == SOURCE_UNMARKED)
		return true;
	for (size_t i = 0; i < text.len; i++)
		if (!is_taken(charset, text.p[i]))
			return false;
	return true;
}

/* Without what the charset does not have. */
static struct str
cut(enum source_charset charset, struct str text, struct arena *a)
{
	char *kept;
	size_t n = 0;

	if (in_charset(charset, text))
		return text;
	kept = arena_alloc(a, text.len);
	if (kept == NULL)
		return text;
	for (size_t i = 0; i < text.len; i++)
		if (is_taken(charset, text.p[i]))
			kept[n++] = text.p[i];
	return str_trim(str_make(kept, n));
}

/* A number or a truth, which has no quotes in JSON: so it looks, and may be text. */
static bool
is_bare(struct str value)
{
	size_t n = 0;

	while (n < value.len &&
	    (ascii_isdigit(value.p[n]) || is_among(value.p[n], "+-.eE")))
		n++;
	return n == value.len || str_eq(value, STR("true")) ||
	    str_eq(value, STR("false"));
}

/* "key":"value" and the comma or brace behind it. */
static size_t
cost(bool json, struct str key, struct str value)
{
	if (!json)
		return value.len;
	return key.len + value.len + (is_bare(value) ? 4 : 6);
}

static enum source_fault
count(const struct source_limit *l, struct source_used *used, bool json, size_t bytes)
{
	size_t at = 0;

	while (at < used->n && used->v[at].limit != l)
		at++;
	if (at == SOURCE_LIMITS_MAX)
		return SOURCE_FINE;
	if (at == used->n) {
		used->n++;
		used->v[at].limit = l;
		used->v[at].count = 0;
		/* A document has one brace more than entries. */
		used->v[at].bytes = json ? 1 : 0;
	}
	used->v[at].count++;
	used->v[at].bytes += bytes;
	if (l->count > 0 && used->v[at].count > l->count)
		return SOURCE_TAGS_MANY;
	if (l->total > 0 && used->v[at].bytes > l->total)
		return SOURCE_TAGS_LONG;
	return SOURCE_FINE;
}

enum source_fault
source_limit(const struct source_limit *l, struct source_used *used, bool json,
    struct str key, struct str *value, struct arena *a)
{
	enum source_fault fault = SOURCE_FINE;

	if (l->cut && l->charset != SOURCE_ANY)
		*value = cut(l->charset, *value, a);
	if (l->count > 0 || l->total > 0)
		fault = count(l, used, json, cost(json, key, *value));
	if (fault != SOURCE_FINE && l->cut) {
		*value = STR("");
		return SOURCE_FINE;
	}
	if ((l->max > 0 && value->len > l->max) ||
	    (l->key_max > 0 && key.len > l->key_max))
		return SOURCE_TAG_LONG;
	if (!in_charset(l->key_charset, key) ||
	    (!l->cut && !in_charset(l->charset, *value)))
		return SOURCE_TAG_CHARS;
	return fault;
}
