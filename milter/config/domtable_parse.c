/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domtable_parse.c - the lines of a domain_table.  See the header for their form.
 *
 * A line in error is told and left out, and the next one is read: who moves a table of
 * a hundred thousand lines wants to see more than its first mistake.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/domtable_parts.h"
#include "mail/addr.h"
#include "text/visible.h"

#define EXPIRE_MIN 3600
#define EXPIRE_MAX 31536000
#define SHOWN_MAX 60 /* bytes of a word that an error shows */

struct reader {
	struct domtable *table;
	domtable_error_fn *error;
	void *arg;
	unsigned line;
	unsigned errors;
};

static int fail(struct reader *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
fail(struct reader *r, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->errors++;
	r->error(r->arg, r->line, text);
	return -1;
}

/* "WHAT: found "WORD", expected PHRASE". */
static int
refuse(struct reader *r, const char *what, struct str word, const char *phrase)
{
	struct buf shown;
	bool cut = word.len > SHOWN_MAX;

	buf_init(&shown, 512);
	visible_add(&shown, str_make(word.p, cut ? SHOWN_MAX : word.len), true);
	fail(r, "%s: found \"%s%s\", expected %s", what, shown.p, cut ? "..." : "",
	    phrase);
	buf_fini(&shown);
	return -1;
}

static int
no_memory(struct reader *r)
{
	r->line = 0;
	r->errors = DOMTABLE_ERRORS_MAX;
	r->error(r->arg, 0, "out of memory");
	return -1;
}

/* The next word; empty at the end or where a comment begins. */
static struct str
next_word(struct str *rest)
{
	struct str word;
	size_t n = 0;

	while (rest->len > 0 && ascii_iswsp(rest->p[0]))
		*rest = str_skip(*rest, 1);
	while (n < rest->len && !ascii_iswsp(rest->p[n]))
		n++;
	if (n > 0 && rest->p[0] == '#')
		n = 0;
	word = str_make(rest->p, n);
	*rest = n > 0 ? str_skip(*rest, n) : STR("");
	return word;
}

/* The word as a string, for checks that want one. */
static const char *
as_text(struct str word, char out[DOMTABLE_LINE_MAX + 1])
{
	memcpy(out, word.p, word.len);
	out[word.len] = '\0';
	return out;
}

/* A checker of config/conf.h applied to a word. */
static int
check(struct reader *r, const char *what, struct str word,
    int (*good)(const char *, char *, size_t))
{
	char text[DOMTABLE_LINE_MAX + 1], phrase[256];

	if (good(as_text(word, text), phrase, sizeof(phrase)) != 0)
		return refuse(r, what, word, phrase);
	return 0;
}

/* Into out: example.com, .example.com or *, lower case. */
static int
take_pattern(struct reader *r, struct str word, char out[ADDR_DOMAIN_MAX + 2])
{
	struct str name = word;
	size_t n = 0;

	if (str_eq(word, STR("*"))) {
		memcpy(out, "*", 2);
		return 0;
	}
	if (str_starts(name, STR("*.")))
		name = str_skip(name, 1);
	if (str_starts(name, STR("."))) {
		name = str_skip(name, 1);
		out[n++] = '.';
	}
	if (check(r, "pattern", name, conf_check_domain_name) != 0)
		return -1;
	for (size_t i = 0; i < name.len; i++)
		out[n++] = ascii_lower(name.p[i]);
	out[n] = '\0';
	return 0;
}

/* How much of s comes before a placeholder or the name. */
static size_t
plain_length(struct str s, struct str name)
{
	size_t n = 0;

	while (n < s.len && !str_starts(str_skip(s, n), STR("%{")) &&
	    !(name.len > 0 && s.p[n] == name.p[0] && str_starts(str_skip(s, n), name)))
		n++;
	return n;
}

/*
 * The path, with %{domain} for the domain of the pattern: both are the same when a key
 * is looked up, and equal strings are kept once.
 */
static int
take_file(struct reader *r, struct str word, const char *pattern, uint32_t *out)
{
	bool exact = pattern[0] != '.' && pattern[0] != '*';
	struct str own = exact ? str_of(pattern) : STR(""), mark = STR(DOMTABLE_MARK);
	struct buf path;
	int rc;

	if (check(r, "key file", word, conf_check_path) != 0)
		return -1;
	buf_init(&path, 4 * DOMTABLE_LINE_MAX);
	for (struct str s = word; s.len > 0;) {
		size_t n = plain_length(s, own);
		bool domain = n == 0 && own.len > 0 && str_starts(s, own);

		if (n == 0 && !domain && !str_starts(s, mark)) {
			buf_fini(&path);
			return refuse(r, "key file", word,
			    "a path with no placeholder but %{domain}");
		}
		buf_addstr(&path, n > 0 ? str_make(s.p, n) : mark);
		s = str_skip(s, n > 0 ? n : domain ? own.len : mark.len);
	}
	rc = buf_failed(&path) ? -1 : domtable_intern(r->table, buf_str(&path), out);
	buf_fini(&path);
	return rc == 0 ? 0 : no_memory(r);
}

static int
take_domain(struct reader *r, struct str value, struct domtable_row *row)
{
	char lower[ADDR_DOMAIN_MAX + 1];

	if (str_eq(value, STR(DOMTABLE_MARK))) {
		row->domain = 0;
		return 0;
	}
	if (check(r, "d", value, conf_check_domain_name) != 0)
		return -1;
	for (size_t i = 0; i < value.len; i++)
		lower[i] = ascii_lower(value.p[i]);
	if (domtable_intern(r->table, str_make(lower, value.len), &row->domain) != 0)
		return no_memory(r);
	return 0;
}

static int
take_users(struct reader *r, struct str value, struct domtable_row *row)
{
	struct str rest = value;

	do {
		size_t comma = str_find(rest, ',');

		if (check(r, "users", str_make(rest.p, comma), conf_check_text) != 0)
			return -1;
		rest = comma + 1 == rest.len ? STR(",") : str_skip(rest, comma + 1);
	} while (rest.len > 0);
	if (domtable_intern(r->table, value, &row->users) != 0)
		return no_memory(r);
	r->table->users = true;
	return 0;
}

static int
take_canon(struct reader *r, struct str value, struct domtable_row *row)
{
	struct str body = str_skip(value, str_find(value, '/') + 1);
	struct str header = str_make(value.p, str_find(value, '/'));

	row->header_relaxed = str_eq(header, STR("relaxed"));
	row->body_relaxed = str_eq(body, STR("relaxed"));
	if ((!row->header_relaxed && !str_eq(header, STR("simple"))) ||
	    (!row->body_relaxed && !str_eq(body, STR("simple"))))
		return refuse(r, "c", value,
		    "relaxed/relaxed, relaxed/simple, simple/relaxed or simple/simple");
	return 0;
}

static int
take_expire(struct reader *r, struct str value, struct domtable_row *row)
{
	uint32_t n = 0;
	bool ok = value.len > 0 && value.len <= 8;

	for (size_t i = 0; ok && i < value.len; i++) {
		ok = ascii_isdigit(value.p[i]);
		n = n * 10 + (uint32_t)(value.p[i] - '0');
	}
	if (!ok || (n != 0 && n < EXPIRE_MIN) || n > EXPIRE_MAX)
		return refuse(r, "x", value, "0, or a number from 3600 to 31536000");
	row->expire_s = n & 0x3ffffff;
	return 0;
}

/* The words behind the key file. */
static int
take_options(struct reader *r, struct str rest, struct domtable_row *row)
{
	static const struct {
		const char *name;
		int (*take)(struct reader *, struct str, struct domtable_row *);
	} options[] = {
		{ "d=", take_domain },
		{ "users=", take_users },
		{ "c=", take_canon },
		{ "x=", take_expire },
	};
	const size_t n = sizeof(options) / sizeof(options[0]);
	bool seen[sizeof(options) / sizeof(options[0])] = { false };
	struct str word;

	while ((word = next_word(&rest)).len > 0) {
		size_t i = 0;

		while (i < n && !str_starts(word, str_of(options[i].name)))
			i++;
		if (i == n)
			return refuse(r, "option", word,
			    "d=, users=, c= or x= behind the key file, which has no blanks");
		if (seen[i])
			return refuse(r, "option", word, "each option once");
		seen[i] = true;
		word = str_skip(word, str_of(options[i].name).len);
		if (options[i].take(r, word, row) != 0)
			return -1;
	}
	return 0;
}

/* What is wrong with a further key of the same pattern. */
static int
check_others(struct reader *r, struct str pattern, const struct domtable_row *row)
{
	const struct domtable *t = r->table;
	uint32_t last = domtable_pattern(t, pattern), id = last;
	const char *selector = domtable_text(t, row->selector);
	size_t n = 0;

	if (last == DOMTABLE_NONE)
		return 0;
	do {
		const struct domtable_row *other = &t->rows[id = t->rows[id].next];
		uint32_t domain = row->domain;

		if (domain == DOMTABLE_OWN)
			domain = other->name + (pattern.p[0] == '.');
		n++;
		if (str_caseeq(
			str_of(selector), str_of(domtable_text(t, other->selector))) &&
		    strcmp(domtable_text(t, domain), domtable_text(t, other->domain)) ==
			0)
			return fail(r,
			    "pattern %s: found selector \"%s\" a second time, expected it once: it stands in line %u",
			    pattern.p, selector, other->line);
	} while (id != last);
	if (n >= DOMTABLE_KEYS_MAX)
		return fail(r,
		    "pattern %s: found more than %d keys, expected at most that many: each is a signature on every message",
		    pattern.p, DOMTABLE_KEYS_MAX);
	return 0;
}

/* What signs where no d= says so; see the header. */
static uint32_t
default_domain(const struct domtable *t, const char *pattern, uint32_t file)
{
	if (pattern[0] == '*')
		return 0;
	if (pattern[0] == '.' && strstr(domtable_text(t, file), DOMTABLE_MARK) != NULL)
		return 0;
	return DOMTABLE_OWN;
}

static int
take_line(struct reader *r, struct str rest)
{
	struct domtable_row row = {
		.line = r->line, .header_relaxed = 1, .body_relaxed = 1
	};
	char pattern[ADDR_DOMAIN_MAX + 2];
	struct str words[3];

	for (size_t i = 0; i < 3; i++) {
		words[i] = next_word(&rest);
		if (i == 0 && words[i].len == 0)
			return 0;
		if (words[i].len == 0)
			return fail(r,
			    "found %zu word%s, expected a pattern, a selector and a key file",
			    i, i > 1 ? "s" : "");
	}
	if (take_pattern(r, words[0], pattern) != 0 ||
	    check(r, "selector", words[1], conf_check_selector) != 0 ||
	    take_file(r, words[2], pattern, &row.file) != 0)
		return -1;
	row.domain = default_domain(r->table, pattern, row.file);
	if (take_options(r, rest, &row) != 0)
		return -1;
	if (domtable_intern(r->table, words[1], &row.selector) != 0)
		return no_memory(r);
	if (check_others(r, str_of(pattern), &row) != 0)
		return -1;
	return domtable_add(r->table, str_of(pattern), &row) == 0 ? 0 : no_memory(r);
}

static void
read_line(struct reader *r, struct str line)
{
	if (line.len > DOMTABLE_LINE_MAX) {
		fail(r, "found a line of %zu bytes, expected at most %zu", line.len,
		    DOMTABLE_LINE_MAX);
		return;
	}
	for (size_t i = 0; i < line.len; i++)
		if (((unsigned char)line.p[i] < ' ' && !ascii_iswsp(line.p[i])) ||
		    line.p[i] == 0x7f) {
			fail(r, "found a control character, expected text");
			return;
		}
	take_line(r, line);
}

static size_t
count_lines(struct str text)
{
	const char *p = text.p, *end = text.p + text.len;
	size_t n = 1;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		n++;
	}
	return n;
}

struct domtable *
domtable_parse(struct str text, domtable_error_fn *error, void *arg)
{
	struct reader r = { .error = error, .arg = arg };
	size_t lines = count_lines(text);

	if (lines > DOMTABLE_LINES_MAX) {
		r.line = (unsigned)DOMTABLE_LINES_MAX;
		fail(&r, "found more lines, expected at most %zu", DOMTABLE_LINES_MAX);
		return NULL;
	}
	r.table = domtable_new(lines);
	if (r.table == NULL) {
		no_memory(&r);
		return NULL;
	}
	while (text.len > 0 && r.errors < DOMTABLE_ERRORS_MAX) {
		size_t n = str_find(text, '\n');

		r.line++;
		read_line(&r, str_make(text.p, n));
		text = str_skip(text, n + 1);
	}
	if (r.errors > 0) {
		domtable_free(r.table);
		return NULL;
	}
	domtable_pack(r.table);
	return r.table;
}
