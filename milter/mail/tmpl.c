/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpl.c - header values with placeholders.  See the header.
 */
#include "mail/tmpl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run of literal text, or a placeholder. */
struct piece {
	enum tmpl_var var; /* TMPL_VARS: literal */
	struct str text;   /* points into tmpl.text */
};

struct tmpl {
	char *text;
	size_t n;
	struct piece piece[];
};

static const char *const var_names[TMPL_VARS] = {
	[TMPL_CAMPAIGN] = "campaign",
	[TMPL_STREAM] = "stream",
	[TMPL_DOMAIN] = "domain",
	[TMPL_USER] = "user",
	[TMPL_CUSTOMER] = "customer",
	[TMPL_QUEUE_ID] = "queue_id",
	[TMPL_TOKEN] = "token",
	[TMPL_DATE] = "date",
	[TMPL_RCPT_COUNT] = "rcpt_count",
};

static enum tmpl_var
var_find(struct str name)
{
	size_t i;

	for (i = 0; i < TMPL_VARS; i++)
		if (str_eq(name, str_of(var_names[i])))
			break;
	return (enum tmpl_var)i;
}

static int
check_bytes(const char *text, char *err, size_t errlen)
{
	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if ((c < ' ' && c != '\t') || c == 0x7f) {
			snprintf(err, errlen,
			    "found the control character 0x%02x, which no header field may hold",
			    c);
			return -1;
		}
		if (c >= 0x80) {
			snprintf(err, errlen,
			    "found the byte 0x%02x, expected ASCII; write other characters as RFC 2047 encoded words, =?UTF-8?Q?caf=C3=A9?=",
			    c);
			return -1;
		}
	}
	return 0;
}

static void
unknown(struct str found, char *err, size_t errlen)
{
	char shown[41];
	int n;

	/* A tab is no control that check_bytes() finds, but would be one in a log. */
	found.len = found.len < sizeof(shown) ? found.len : sizeof(shown) - 1;
	for (size_t i = 0; i < found.len; i++)
		shown[i] = found.p[i] == '\t' ? ' ' : found.p[i];
	n = snprintf(
	    err, errlen, "found \"%.*s\", expected %%%%", (int)found.len, shown);
	for (size_t i = 0; i < TMPL_VARS && n >= 0 && (size_t)n < errlen; i++)
		n += snprintf(err + n, errlen - (size_t)n, "%s%%{%s}",
		    i + 1 < TMPL_VARS ? ", " : " or ", var_names[i]);
}

/* What begins with the percent sign at s; its length in *used, 0 when it is wrong. */
static struct piece
placeholder(struct str s, size_t *used)
{
	struct str name;
	size_t end;

	*used = 0;
	if (str_starts(s, STR("%%"))) {
		*used = 2;
		return (struct piece) { TMPL_VARS, str_make(s.p, 1) };
	}
	if (!str_starts(s, STR("%{")))
		return (struct piece) { TMPL_VARS, str_make(s.p, s.len > 1 ? 2 : 1) };
	end = str_find(s, '}');
	name = str_make(s.p, end < s.len ? end + 1 : end);
	if (end < s.len) {
		enum tmpl_var var = var_find(str_make(s.p + 2, end - 2));

		if (var != TMPL_VARS)
			*used = end + 1;
		return (struct piece) { var, name };
	}
	return (struct piece) { TMPL_VARS, name };
}

struct tmpl *
tmpl_parse(const char *text, char *err, size_t errlen)
{
	struct str rest = str_of(text);
	size_t max = 1;
	struct tmpl *t = NULL;

	if (check_bytes(text, err, errlen) != 0)
		return NULL;
	/* A percent sign ends a literal and is one piece itself. */
	for (size_t i = 0; i < rest.len; i++)
		if (rest.p[i] == '%')
			max += 2;
	t = calloc(1, sizeof(*t) + max * sizeof(t->piece[0]));
	if (t == NULL || (t->text = strdup(text)) == NULL) {
		snprintf(err, errlen, "out of memory");
		goto fail;
	}
	rest = str_of(t->text);
	while (rest.len > 0) {
		size_t used = str_find(rest, '%');
		struct piece p = { TMPL_VARS, str_make(rest.p, used) };

		if (used == 0)
			p = placeholder(rest, &used);
		if (used == 0) {
			unknown(p.text, err, errlen);
			goto fail;
		}
		t->piece[t->n++] = p;
		rest = str_skip(rest, used);
	}
	return t;
fail:
	tmpl_free(t);
	return NULL;
}

void
tmpl_free(struct tmpl *t)
{
	if (t == NULL)
		return;
	free(t->text);
	free(t);
}

static char
safe_byte(char c)
{
	unsigned char u = (unsigned char)c;

	return u < ' ' || u == 0x7f ? '?' : c;
}

void
tmpl_expand(const struct tmpl *t, const struct tmpl_values *values, struct buf *out)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct piece *p = &t->piece[i];

		if (p->var == TMPL_VARS) {
			buf_addstr(out, p->text);
			continue;
		}
		for (size_t k = 0; k < values->v[p->var].len; k++)
			buf_addc(out, safe_byte(values->v[p->var].p[k]));
	}
}

bool
tmpl_uses(const struct tmpl *t, enum tmpl_var var)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->piece[i].var == var)
			return true;
	return false;
}

const char *
tmpl_text(const struct tmpl *t)
{
	return t->text;
}
