/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odkconf.c - the lines, values and data sets of opendkim.conf(5).  The table of its
 * settings is odkconf_table.c's.
 */
#include "cli/opendkim/odkconf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blank, as isspace() in the C locale has it. */
static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct str
trim(struct str s)
{
	while (s.len > 0 && is_space(s.p[0]))
		s = str_skip(s, 1);
	while (s.len > 0 && is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* Up to # wherever it stands: opendkim knows no quoting. */
static struct str
without_comment(struct str line)
{
	return str_make(line.p, str_find(line, '#'));
}

/* The first word; *rest is what follows it, trimmed. */
static struct str
first_word(struct str s, struct str *rest)
{
	size_t n = 0;

	s = trim(s);
	while (n < s.len && !is_space(s.p[n]))
		n++;
	*rest = trim(str_skip(s, n));
	return str_make(s.p, n);
}

int
odkconf_line(
    struct str line, struct str *name, struct str *value, char *err, size_t errlen)
{
	line = without_comment(line);
	*name = first_word(str_make(line.p, str_find(line, '\r')), value);
	if (name->len == 0)
		return 0;
	if (value->len > 0)
		return 1;
	snprintf(err, errlen, "found %.*s without a value, expected one",
	    name->len > 60 ? 60 : (int)name->len, name->p);
	return -1;
}

int
odkconf_bool(struct str value, bool *out)
{
	if (value.len == 0)
		return -1;
	*out = strchr("tTyY1", value.p[0]) != NULL;
	return *out || strchr("fFnN0", value.p[0]) != NULL ? 0 : -1;
}

int
odkconf_int(struct str value, long *out)
{
	char text[32], *end;

	if (value.len == 0 || value.len >= sizeof(text))
		return -1;
	memcpy(text, value.p, value.len);
	text[value.len] = '\0';
	errno = 0;
	*out = strtol(text, &end, 0);
	return end == text || *end != '\0' || errno != 0 ? -1 : 0;
}

/* A prefix that begins an IPv6 address in a list: opendkim takes it for a type and does
 * not start, newer ones read the list. */
static bool
is_address(struct str prefix)
{
	size_t i = 0;

	while (
	    i < prefix.len && strchr("0123456789abcdefABCDEF![", prefix.p[i]) != NULL)
		i++;
	return i == prefix.len;
}

void
odkconf_set(struct str value, struct odkconf_set *out)
{
	static const struct {
		const char *type;
		enum odkconf_kind kind;
	} types[] = {
		{ "csl", ODKCONF_LIST }, { "file", ODKCONF_FILE },
		{ "refile", ODKCONF_REFILE },
		{ "db", ODKCONF_ELSEWHERE }, /* it could begin an address */
	};
	size_t colon = str_find(value, ':');

	*out = (struct odkconf_set) { ODKCONF_LIST, STR(""), value };
	/* A colon behind a comma is part of a later entry. */
	if (colon == value.len || str_find(value, ',') < colon) {
		if (value.len > 0 && value.p[0] == '/')
			out->kind = ODKCONF_FILE;
		if (str_ends(value, STR(".db"))) {
			out->kind = ODKCONF_ELSEWHERE;
			out->type = STR("db");
		}
		return;
	}
	out->type = str_make(value.p, colon);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_caseeq(out->type, str_of(types[i].type))) {
			out->kind = types[i].kind;
			if (out->kind != ODKCONF_ELSEWHERE)
				out->rest = trim(str_skip(value, colon + 1));
			return;
		}
	if (!is_address(out->type))
		out->kind = ODKCONF_ELSEWHERE;
}

int
odkconf_entries_list(struct str list, odkconf_entry_fn *fn, void *arg)
{
	int rc = 0;

	while (rc == 0 && list.len > 0) {
		size_t comma = str_find(list, ',');
		struct str entry = str_make(list.p, comma);
		size_t equal = str_find(entry, '=');
		struct str key = trim(str_make(entry.p, equal));

		if (key.len > 0)
			rc = fn(arg, 0, key, trim(str_skip(entry, equal + 1)));
		list = str_skip(list, comma + 1);
	}
	return rc;
}

int
odkconf_entries_file(struct str text, odkconf_entry_fn *fn, void *arg)
{
	unsigned line = 0;
	int rc = 0;

	while (rc == 0 && text.len > 0) {
		size_t end = str_find(text, '\n');
		struct str key, value;

		line++;
		key = first_word(without_comment(str_make(text.p, end)), &value);
		if (key.len > 0)
			rc = fn(arg, line, key, value);
		text = str_skip(text, end + 1);
	}
	return rc;
}
