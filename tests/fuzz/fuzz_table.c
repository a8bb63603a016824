/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_table.c - domain_table: any text is either a table or errors that say where.
 *
 * Promised: an error has a line of the text and a sentence without controls; a table
 * answers for a domain what a plain search over all its lines does; a path made for a
 * domain is absolute and one of the lines'.
 */
#include <string.h>

#include "config/domtable.h"
#include "mail/addr.h"
#include "fuzz.h"

struct errors {
	unsigned n, lines;
};

static void
on_error(void *arg, unsigned line, const char *sentence)
{
	struct errors *e = arg;

	e->n++;
	FUZZ_CHECK(line <= e->lines, "line %u of %u", line, e->lines);
	FUZZ_CHECK(sentence[0] != '\0', "an empty sentence");
	for (const char *s = sentence; *s != '\0'; s++)
		FUZZ_CHECK((unsigned char)*s >= 0x20 && *s != 0x7f, "byte %02x in: %s",
		    (unsigned)(unsigned char)*s, sentence);
}

/* How well a pattern fits: 0 not at all, else the more the better. */
static size_t
fits(const char *pattern, struct str from)
{
	struct str p = str_of(pattern);

	if (str_eq(p, STR("*")))
		return 1;
	if (str_eq(p, from))
		return 1000;
	return p.p[0] == '.' && from.len > p.len && str_ends(from, p) ? 1 + p.len : 0;
}

static void
look_up(const struct domtable *t, struct str from)
{
	struct domtable_key found[DOMTABLE_KEYS_MAX], row;
	size_t n, best = 0, expected = 0;
	struct buf path;

	if (!addr_domain_ok(from))
		return;
	for (size_t i = 0; i < from.len; i++)
		if ((unsigned char)from.p[i] >= 0x80 ||
		    ascii_lower(from.p[i]) != from.p[i])
			return;
	n = domtable_find(t, from, found);
	for (size_t i = 0; i < domtable_size(t); i++) {
		domtable_at(t, i, &row);
		if (fits(row.pattern, from) > best) {
			best = fits(row.pattern, from);
			expected = 0;
		}
		expected += best > 0 && fits(row.pattern, from) == best;
	}
	FUZZ_CHECK(n == expected, "%zu keys, not %zu, for %.*s", n, expected,
	    (int)from.len, from.p);
	buf_init(&path, 65536);
	for (size_t i = 0; i < n; i++) {
		FUZZ_CHECK(fits(found[i].pattern, from) == best, "%s for %.*s",
		    found[i].pattern, (int)from.len, from.p);
		buf_reset(&path);
		domtable_file(&found[i], from, &path);
		FUZZ_CHECK(
		    path.p[0] == '/' && strstr(path.p, "%{") == NULL, "%s", path.p);
		FUZZ_CHECK(addr_domain_ok(domtable_domain(&found[i], from)), "%s",
		    found[i].pattern);
		(void)domtable_allows(found, n, from);
	}
	buf_fini(&path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str text = str_make((const char *)p, len);
	struct errors errors = { .lines = 1 };
	struct domtable *t;
	struct domtable_key row;

	for (size_t i = 0; i < len; i++)
		errors.lines += p[i] == '\n';
	t = domtable_parse(text, on_error, &errors);
	FUZZ_CHECK((t == NULL) == (errors.n > 0), "%u errors", errors.n);
	for (size_t i = 0; t != NULL && i < domtable_size(t) && i < 100; i++) {
		char name[600];
		struct str pattern;

		domtable_at(t, i, &row);
		pattern = str_of(row.pattern);
		FUZZ_CHECK(row.id == i && row.line <= errors.lines, "row %zu", i);
		look_up(t, pattern);
		look_up(t, str_skip(pattern, 1));
		look_up(t, str_skip(pattern, str_find(pattern, '.') + 1));
		snprintf(name, sizeof name, "%s%s%s", "a.b",
		    row.pattern[0] == '.' ? "" : ".",
		    row.pattern[0] == '*' ? "example" : row.pattern);
		look_up(t, str_of(name));
		look_up(t, str_skip(str_of(name), 2));
	}
	domtable_free(t);
	return 0;
}
