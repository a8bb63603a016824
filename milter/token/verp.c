/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verp.c - a new envelope sender.  See the header.
 */
#include "token/verp.h"

#include "mail/addr.h"
#include "mail/field.h"
#include "text/buf.h"

/* What is repeated to which MTA. */
static const struct {
	const char *name;
	bool postfix;
} repeated[] = {
	{ "RET=", true },
	{ "ENVID=", true },
	{ "BODY=", false },
	{ "AUTH=", false },
	{ "BY=", false },
};

/* An argument as RFC 5321 4.1.2 has it: it came from a client, by way of the MTA. */
static bool
harmless(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.p[i] <= ' ' || word.p[i] >= 0x7f)
			return false;
	return true;
}

static bool
wanted(struct str word, bool sendmail)
{
	for (size_t i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++)
		if (str_casestarts(word, str_of(repeated[i].name)))
			return (sendmail || repeated[i].postfix) && harmless(word);
	return false;
}

static void
add_word(struct buf *b, struct str word)
{
	if (b->len > 0)
		buf_addc(b, ' ');
	buf_addstr(b, word);
}

static void
add_args(const struct envelope *env, struct str token, struct buf *b)
{
	struct str rest = env->args;
	bool has_id = false;

	while (rest.len > 0) {
		struct str word = str_make(rest.p, str_find(rest, ' '));

		rest = str_skip(rest, word.len + 1);
		if (!wanted(word, env->sendmail))
			continue;
		has_id = has_id || str_casestarts(word, STR("ENVID="));
		add_word(b, word);
	}
	if (has_id || token.len == 0)
		return;
	add_word(b, STR("ENVID="));
	buf_addstr(b, token);
}

static bool
is_null(struct str sender)
{
	struct addr_path path;

	return addr_path(sender, &path) == ADDR_EMPTY;
}

int
verp_make(const struct tmpl *t, const struct tmpl_values *values,
    const struct envelope *env, struct arena *a, struct verp *out)
{
	struct str address;
	struct buf b;

	*out = (struct verp) { STR(""), STR("") };
	if (t == NULL || is_null(env->sender))
		return 0;
	address = field_expand(t, values, FIELD_TEXT, a);
	/* smfi_chgfrom() accepts anything, so it is checked here. */
	if (address.p == NULL || !addr_spec_ok(address))
		return -1;
	buf_init(&b, VERP_ARGS_MAX + TMPL_VARS + 64);
	add_args(env, values->v[TMPL_TOKEN], &b);
	out->args = arena_copy(a, buf_str(&b));
	buf_fini(&b);
	if (out->args.p == NULL) {
		out->args = STR("");
		return -1;
	}
	out->address = address;
	return 0;
}

struct str
verp_domain(const struct verp *v)
{
	struct addr_path path;

	return v->address.len > 0 && addr_path(v->address, &path) == ADDR_OK
	    ? path.domain
	    : STR("");
}
