/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_text.c - the text of metermark.conf, made safe for libconfuse.
 *
 * A scanner over the same tokens as libconfuse's, with a memory of the last three, so
 * that it can tell a setting's name from its value and a section's brace from a list's.
 * What it lets through means to libconfuse what it means here; the grammar itself is
 * left to libconfuse.
 */
#include "config/conf_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Settings in one section; metermark knows fewer than 20 in any. */
#define NAMES_MAX 64
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_"
#define WORD_CHARS NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:/@"

enum token { NOTHING, WORD, STRING, EQUALS, COMMA, OPEN, CLOSE };

struct level {
	bool list;     /* {"a", "b"}, not a section */
	unsigned line; /* of its brace */
	size_t n_names;
	struct {
		struct str name;
		unsigned line;
	} names[NAMES_MAX];
};

struct scan {
	struct str rest;
	unsigned line;
	enum token last[3]; /* the last one first */
	struct str word;    /* the text of last[0], when it is a word or a string */
	size_t depth;
	struct level level[CONF_TEXT_DEPTH_MAX + 1]; /* 0: the file */
	struct buf *out;
	char *err;
	size_t errlen;
};

static int fail(struct scan *, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
fail(struct scan *s, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->err, s->errlen, fmt, ap);
	va_end(ap);
	s->line = line;
	return -1;
}

static char
peek(const struct scan *s, size_t n)
{
	return n < s->rest.len ? s->rest.p[n] : '\0';
}

/* Pass n bytes on as they are. */
static void
copy(struct scan *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s->rest.p[i] == '\n')
			s->line++;
	buf_add(s->out, s->rest.p, n);
	s->rest = str_skip(s->rest, n);
}

/* Pass n bytes on as blanks, line ends as they are. */
static void
blank(struct scan *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->rest.p[i] == '\n')
			s->line++;
		buf_addc(s->out, s->rest.p[i] == '\n' ? '\n' : ' ');
	}
	s->rest = str_skip(s->rest, n);
}

static void
token(struct scan *s, enum token t)
{
	s->last[2] = s->last[1];
	s->last[1] = s->last[0];
	s->last[0] = t;
}

static int
c_comment(struct scan *s)
{
	const char *end = memmem(s->rest.p + 2, s->rest.len - 2, "*/", 2);

	if (end == NULL)
		return fail(s, s->line, "found /* without its end, expected */");
	blank(s, (size_t)(end - s->rest.p) + 2);
	return 0;
}

/* The length of the string at s->rest with both quotes, or 0 with the reason in err. */
static size_t
string_length(struct scan *s)
{
	char quote = s->rest.p[0];
	size_t i;

	for (i = 1; i < s->rest.len && s->rest.p[i] != quote; i++) {
		char c = s->rest.p[i], next = peek(s, i + 1);

		if (c == '\n')
			break;
		if (c == '$' && next == '{') {
			fail(s, s->line,
			    "found ${, expected a plain value: the environment is not expanded (placeholders are written %%{name})");
			return 0;
		}
		if (c != '\\')
			continue;
		if (next != '\\' && next != '"' && next != '\'') {
			fail(s, s->line,
			    "found \\%c in a string, expected \\\\ or \\%c",
			    next > ' ' && next < 0x7f ? next : '?', quote);
			return 0;
		}
		i++;
	}
	if (i >= s->rest.len || s->rest.p[i] != quote) {
		fail(s, s->line,
		    "found a string without its end, expected %c on the same line",
		    quote);
		return 0;
	}
	if (i - 1 > CONF_TEXT_STRING_MAX) {
		fail(s, s->line, "found a string of %zu bytes, expected at most %d",
		    i - 1, CONF_TEXT_STRING_MAX);
		return 0;
	}
	return i + 1;
}

/*
 * A string, always passed on in double quotes: inside single quotes libconfuse keeps
 * the backslash of \".
 */
static int
string(struct scan *s)
{
	size_t n = string_length(s);

	if (n == 0)
		return -1;
	s->word = str_make(s->rest.p, n);
	token(s, STRING);
	buf_addc(s->out, '"');
	for (size_t i = 1; i < n - 1; i++) {
		if (s->rest.p[i] == '\\')
			buf_addc(s->out, s->rest.p[i++]);
		else if (s->rest.p[i] == '"')
			buf_addc(s->out, '\\');
		buf_addc(s->out, s->rest.p[i]);
	}
	buf_addc(s->out, '"');
	s->rest = str_skip(s->rest, n);
	return 0;
}

static int
word(struct scan *s)
{
	size_t n = 0;

	while (n < s->rest.len && strchr(WORD_CHARS, s->rest.p[n]) != NULL)
		n++;
	if (n > CONF_TEXT_STRING_MAX)
		return fail(s, s->line,
		    "found a word of %zu bytes, expected at most %d", n,
		    CONF_TEXT_STRING_MAX);
	s->word = str_make(s->rest.p, n);
	token(s, WORD);
	copy(s, n);
	return 0;
}

/* The = that came last has nothing behind it. */
static int
no_value(struct scan *s)
{
	const struct level *l = &s->level[s->depth];

	return fail(s, l->names[l->n_names - 1].line,
	    "found %.*s = without a value, expected one",
	    (int)l->names[l->n_names - 1].name.len, l->names[l->n_names - 1].name.p);
}

/* The = after a name: remember the name, refuse it the second time. */
static int
equals(struct scan *s)
{
	struct level *l = &s->level[s->depth];
	struct str name = s->word;

	if (l->list)
		return fail(s, s->line, "found = inside a list, expected , or }");
	if (s->last[0] != WORD)
		return fail(s, s->line, "found = without a setting's name before it");
	/* NAME = NAME =: what looks like a value is the next setting. */
	if (s->last[1] == EQUALS)
		return no_value(s);
	for (size_t i = 0; i < name.len; i++)
		if (strchr(NAME_CHARS, name.p[i]) == NULL || name.p[0] == '_')
			return fail(s, s->line,
			    "found \"%.*s\", expected the name of a setting",
			    name.len > 60 ? 60 : (int)name.len, name.p);
	for (size_t i = 0; i < l->n_names; i++)
		if (str_eq(l->names[i].name, name))
			return fail(s, s->line,
			    "found %.*s a second time, expected it once: it is set in line %u",
			    (int)name.len, name.p, l->names[i].line);
	if (l->n_names == NAMES_MAX)
		return fail(s, s->line, "found more than %d settings in one section",
		    NAMES_MAX);
	l->names[l->n_names].name = name;
	l->names[l->n_names++].line = s->line;
	token(s, EQUALS);
	copy(s, 1);
	return 0;
}

static int
open_brace(struct scan *s)
{
	bool list = s->last[0] == EQUALS;
	unsigned line = s->line;
	struct level *l;

	if (s->level[s->depth].list)
		return fail(s, s->line, "found { inside a list, expected , or }");
	/* NAME { or NAME "title" {; anything else before a brace is a value. */
	if (!list &&
	    (s->last[1] == EQUALS ||
		(s->last[0] != WORD &&
		    !(s->last[0] == STRING && s->last[1] == WORD &&
			s->last[2] != EQUALS))))
		return fail(s, s->line,
		    "found {, expected it after = or after the name of a section");
	if (s->depth == CONF_TEXT_DEPTH_MAX)
		return fail(s, s->line, "found braces nested more than %d deep",
		    CONF_TEXT_DEPTH_MAX);
	l = &s->level[++s->depth];
	l->list = list;
	l->line = line;
	l->n_names = 0;
	token(s, OPEN);
	copy(s, 1);
	if (!list)
		buf_addf(s->out, " " CONF_TEXT_LINE " = %u ", line);
	return 0;
}

static int
close_brace(struct scan *s)
{
	if (s->depth == 0)
		return fail(s, s->line, "found } without its {");
	if (s->last[0] == EQUALS)
		return no_value(s);
	s->depth--;
	token(s, CLOSE);
	copy(s, 1);
	return 0;
}

static int
odd_character(struct scan *s)
{
	unsigned char c = (unsigned char)s->rest.p[0];

	if (c == '$' && peek(s, 1) == '{')
		return fail(s, s->line,
		    "found ${, expected a plain value: the environment is not expanded (placeholders are written %%{name})");
	if (c > ' ' && c < 0x7f)
		return fail(s, s->line,
		    "found %c outside quotes, expected a value with such characters in double quotes",
		    c);
	return fail(s, s->line,
	    "found the byte 0x%02x outside quotes, expected a value with such characters in double quotes",
	    c);
}

static int
step(struct scan *s)
{
	char c = s->rest.p[0];

	if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		return copy(s, 1), 0;
	if (c == '#' || (c == '/' && peek(s, 1) == '/'))
		return blank(s, str_find(s->rest, '\n')), 0;
	if (c == '/' && peek(s, 1) == '*')
		return c_comment(s);
	if (c == '"' || c == '\'')
		return string(s);
	if (strchr(WORD_CHARS, c) != NULL)
		return word(s);
	if (c == '=')
		return equals(s);
	if (c == '{')
		return open_brace(s);
	if (c == '}')
		return close_brace(s);
	if (c != ',')
		return odd_character(s);
	token(s, COMMA);
	copy(s, 1);
	return 0;
}

/* Controls stay out of comments too: they are never meant, and hide text in editors. */
static int
check_controls(struct scan *s)
{
	unsigned line = 1;

	for (size_t i = 0; i < s->rest.len; i++) {
		unsigned char c = (unsigned char)s->rest.p[i];

		if (c == '\n')
			line++;
		else if (c == '\r' && peek(s, i + 1) == '\n')
			continue;
		else if ((c < ' ' && c != '\t') || c == 0x7f)
			return fail(s, line,
			    "found the control character 0x%02x, expected text", c);
	}
	return 0;
}

int
conf_text_prepare(
    struct str text, struct buf *out, unsigned *line, char *err, size_t errlen)
{
	struct scan s = { .rest = text, .line = 1, .out = out, .err = err };
	int rc;

	s.errlen = errlen;
	rc = check_controls(&s);
	if (rc == 0 && str_starts(text, STR("\xef\xbb\xbf")))
		s.rest = str_skip(text, 3);
	while (rc == 0 && s.rest.len > 0)
		rc = step(&s);
	if (rc == 0 && s.last[0] == EQUALS)
		rc = no_value(&s);
	if (rc == 0 && s.depth > 0)
		rc = fail(&s, s.level[s.depth].line,
		    "found { without its }, expected it before the end of the file");
	if (rc == 0 && buf_failed(out))
		rc = fail(&s, s.line, "out of memory");
	*line = s.line;
	return rc;
}
