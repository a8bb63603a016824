/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_text.c - the report of `metermark check` for people at a terminal: what the
 * message is, the scores, what is wrong and how to fix it, what passed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/check/check.h"
#include "cli/cmd.h"
#include "cli/term.h"
#include "text/visible.h"

#define VALUE_MAX 200

static const char *const colours[CHECK_WORDS] = { "\033[2m", "\033[32m", "\033[33m",
	"\033[31m" };

static void
painted(struct buf *out, const struct term *t, enum check_word w, const char *text,
    int width)
{
	if (t->style)
		buf_adds(out, colours[w]);
	buf_addf(out, "%-*s", width, text);
	if (t->style)
		buf_adds(out, "\033[0m");
}

static void
fact(struct buf *out, const struct term *t, const char *label, struct str value)
{
	bool cut = value.len > VALUE_MAX;

	buf_addf(out, "%-21s ", label);
	check_value(out, cut ? str_make(value.p, VALUE_MAX) : value, t->utf8);
	buf_adds(out, cut ? "...\n" : "\n");
}

static void
header(struct buf *out, const struct term *t, const struct rule_facts *f)
{
	static const enum rule_field shown[] = { RULE_F_FROM, RULE_F_TO, RULE_F_SUBJECT,
		RULE_F_DATE, RULE_F_MESSAGE_ID, RULE_F_LIST_ID, RULE_F_LIST_UNSUBSCRIBE,
		RULE_F_LIST_UNSUBSCRIBE_POST, RULE_F_FEEDBACK_ID };

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (f->first[shown[i]] != NULL)
			fact(out, t, rule_field_name(shown[i]),
			    f->first[shown[i]]->value);
	buf_addf(out, "%-21s header %zu bytes, body %" PRIu64 "\n", "size",
	    f->header_bytes, f->scan->bytes);
}

static void
authentication(struct buf *out, const struct term *t, const struct rule_facts *f)
{
	if (f->sender_domain.len > 0)
		fact(out, t, "envelope", f->sender_domain);
	for (size_t i = 0; i < f->n_sig; i++) {
		const struct rule_signature *s = &f->sig[i];

		buf_addf(out, "%-21s d=", i == 0 ? "dkim" : "");
		visible_add(out, s->domain, t->utf8);
		if (s->selector.len > 0) {
			buf_adds(out, " s=");
			visible_add(out, s->selector, t->utf8);
		}
		buf_adds(out, s->ours ? "  to be made by metermark\n" : "\n");
	}
}

static void
scores(struct buf *out, const struct term *t, const struct check *c)
{
	buf_addc(out, '\n');
	for (size_t p = 0; p < RULE_PROVIDERS; p++) {
		struct check_score s;
		char text[16];

		check_score(c, (enum rule_provider)p, &s);
		snprintf(text, sizeof(text), "%3u %%", s.percent);
		buf_addf(out, "%-9s ", rule_provider_title((enum rule_provider)p));
		painted(out, t,
		    s.n[CHECK_FAIL] > 0       ? CHECK_FAIL
			: s.n[CHECK_WARN] > 0 ? CHECK_WARN
					      : CHECK_PASS,
		    text, 6);
		buf_addf(out, "  %2u pass  %2u warn  %2u fail  %2u na\n",
		    s.n[CHECK_PASS], s.n[CHECK_WARN], s.n[CHECK_FAIL], s.n[CHECK_NA]);
	}
}

/* "Gmail, Yahoo" of those who gave that word. */
static void
who(struct buf *out, const struct check_result *r, enum check_word w)
{
	const char *comma = "";

	for (size_t p = 0; p < RULE_PROVIDERS; p++) {
		if (r->word[p] != w)
			continue;
		buf_addf(
		    out, "%s%s", comma, rule_provider_title((enum rule_provider)p));
		comma = ", ";
	}
}

static void
amiss(struct buf *out, const struct term *t, const struct check_result *r)
{
	enum check_word worst = check_worst(r);

	buf_addc(out, '\n');
	painted(out, t, worst, check_word(worst), 5);
	buf_addf(out, "%s: %s\n", r->id, r->reason);
	buf_addf(out, "     fix   %s\n", r->fix);
	if (worst == CHECK_FAIL) {
		buf_adds(out, "     fail  ");
		who(out, r, CHECK_FAIL);
		buf_addc(out, '\n');
	}
	for (size_t p = 0; p < RULE_PROVIDERS; p++)
		if (r->word[p] == CHECK_WARN) {
			buf_adds(out, "     warn  ");
			who(out, r, CHECK_WARN);
			buf_addc(out, '\n');
			break;
		}
	buf_addf(out, "     see   %s\n", r->reference);
}

static void
list(struct buf *out, const struct term *t, const struct check *c, enum check_word w,
    const char *title)
{
	bool any = false;

	for (size_t i = 0; i < c->n; i++) {
		const struct check_result *r = &c->result[i];

		if (check_worst(r) != w)
			continue;
		if (!any)
			buf_addf(out, "\n%s\n", title);
		any = true;
		painted(out, t, w, check_word(w), 5);
		buf_addf(
		    out, "%-18s %s\n", r->id, w == CHECK_PASS ? r->reason : r->title);
	}
}

int
check_text(const struct check *c)
{
	struct term t;
	struct buf out;

	term_probe(&t);
	buf_init(&out, CHECK_OUT_MAX);
	header(&out, &t, &c->facts);
	authentication(&out, &t, &c->facts);
	scores(&out, &t, c);
	for (int w = CHECK_FAIL; w >= CHECK_WARN; w--)
		for (size_t i = 0; i < c->n; i++)
			if ((int)check_worst(&c->result[i]) == w)
				amiss(&out, &t, &c->result[i]);
	list(&out, &t, c, CHECK_PASS, "Passed");
	list(&out, &t, c, CHECK_NA, "Not applicable");
	for (size_t i = 0; i < c->mail.n_notes; i++)
		buf_addf(&out, "\nnote: %s\n", c->mail.note[i]);
	if (buf_failed(&out)) {
		term_say("out of memory");
		buf_fini(&out);
		return EX_OSERR;
	}
	term_put(buf_str(&out));
	buf_fini(&out);
	return term_finish();
}
