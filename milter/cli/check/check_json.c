/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_json.c - the report of `metermark check` for programs (RFC 8259, ASCII): one
 * result for each rule and provider.
 */
#include <stdlib.h>

#include <jansson.h>

#include "cli/check/check.h"
#include "cli/cmd.h"
#include "cli/term.h"
#include "text/visible.h"

/* Text of strangers that is no UTF-8 has U+FFFD where it is not. */
static json_t *
text(struct str s)
{
	struct buf clean;
	json_t *value;

	buf_init(&clean, CHECK_OUT_MAX);
	visible_utf8(&clean, s);
	value = buf_failed(&clean) ? NULL : json_stringn(clean.p, clean.len);
	buf_fini(&clean);
	return value;
}

static json_t *
header(const struct rule_facts *f)
{
	json_t *all = json_array();

	for (size_t i = 0; i < f->hdr->n; i++) {
		const struct hdr_field *field = &f->hdr->v[i];

		if (field->state != HDR_REMOVED)
			json_array_append_new(all,
			    json_pack("{s:o, s:o}", "name", text(field->name), "value",
				text(str_trim(field->value))));
	}
	return all;
}

static json_t *
signatures(const struct rule_facts *f)
{
	json_t *all = json_array();

	for (size_t i = 0; i < f->n_sig; i++)
		json_array_append_new(all,
		    json_pack("{s:o, s:o, s:b}", "domain", text(f->sig[i].domain),
			"selector", text(f->sig[i].selector), "ours",
			(int)f->sig[i].ours));
	return all;
}

static json_t *
scores(const struct check *c)
{
	json_t *all = json_array();

	for (size_t p = 0; p < RULE_PROVIDERS; p++) {
		struct check_score s;

		check_score(c, (enum rule_provider)p, &s);
		json_array_append_new(all,
		    json_pack("{s:s, s:i, s:i, s:i, s:i, s:i}", "provider",
			rule_provider_id((enum rule_provider)p), "percent",
			(int)s.percent, "pass", (int)s.n[CHECK_PASS], "warn",
			(int)s.n[CHECK_WARN], "fail", (int)s.n[CHECK_FAIL], "na",
			(int)s.n[CHECK_NA]));
	}
	return all;
}

static json_t *
results(const struct check *c)
{
	json_t *all = json_array();

	for (size_t i = 0; i < c->n; i++) {
		const struct check_result *r = &c->result[i];

		for (size_t p = 0; p < RULE_PROVIDERS; p++)
			json_array_append_new(all,
			    json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s}", "id",
				r->id, "provider",
				rule_provider_id((enum rule_provider)p), "result",
				check_word(r->word[p]), "reason",
				text(str_of(r->reason)), "title", r->title, "reference",
				r->reference, "cure", r->fix));
	}
	return all;
}

static json_t *
notes(const struct check *c)
{
	json_t *all = json_array();

	for (size_t i = 0; i < c->mail.n_notes; i++)
		json_array_append_new(all, text(str_of(c->mail.note[i])));
	return all;
}

int
check_json(const struct check *c)
{
	const struct rule_facts *f = &c->facts;
	json_t *root = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "file",
	    text(str_of(c->mail.options.file)), "from_domain", text(f->from_box.domain),
	    "envelope_domain", text(f->sender_domain), "header", header(f),
	    "signatures", signatures(f), "scores", scores(c), "results", results(c),
	    "notes", notes(c));
	char *out =
	    root != NULL ? json_dumps(root, JSON_INDENT(1) | JSON_ENSURE_ASCII) : NULL;

	json_decref(root);
	if (out == NULL) {
		term_say("out of memory");
		return EX_OSERR;
	}
	term_put(str_of(out));
	term_put(STR("\n"));
	free(out);
	return term_finish();
}
