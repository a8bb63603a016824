/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_rules.c - results of rules, and the scores of a report.
 */
#include "cli/check/check.h"

#include <stdio.h>

#include "text/visible.h"

const char *
check_word(enum check_word w)
{
	static const char *const words[CHECK_WORDS] = { "na", "pass", "warn", "fail" };

	return words[w];
}

struct check_result *
check_add(struct check *c)
{
	struct check_result *r;

	if (c->n == CHECK_RESULTS_MAX)
		return NULL;
	r = &c->result[c->n++];
	*r = (struct check_result) { .id = "" };
	return r;
}

void
check_judge(
    struct check_result *r, enum rule_verdict v, const uint8_t demand[RULE_PROVIDERS])
{
	for (size_t p = 0; p < RULE_PROVIDERS; p++) {
		if (v == RULE_NOT_APPLICABLE || demand[p] == RULE_NOT_ASKED)
			r->word[p] = CHECK_NA;
		else if (v == RULE_OK)
			r->word[p] = CHECK_PASS;
		else
			r->word[p] =
			    demand[p] == RULE_DEMANDED ? CHECK_FAIL : CHECK_WARN;
	}
}

enum check_word
check_worst(const struct check_result *r)
{
	enum check_word worst = CHECK_NA;

	for (size_t p = 0; p < RULE_PROVIDERS; p++)
		if (r->word[p] > worst)
			worst = r->word[p];
	return worst;
}

void
check_score(const struct check *c, enum rule_provider p, struct check_score *s)
{
	unsigned all;

	*s = (struct check_score) { .percent = 100 };
	for (size_t i = 0; i < c->n; i++)
		s->n[c->result[i].word[p]]++;
	all = s->n[CHECK_PASS] + s->n[CHECK_WARN] + s->n[CHECK_FAIL];
	if (all > 0)
		s->percent =
		    (2 * s->n[CHECK_PASS] + s->n[CHECK_WARN]) * 100 / (2 * all);
}

void
check_value(struct buf *out, struct str s, bool utf8)
{
	for (s = str_trim(s); s.len > 0;) {
		size_t n = str_find(s, '\n');

		visible_add(out, str_make(s.p, n), utf8);
		s = str_skip(s, n);
		while (s.len > 0 && ascii_iswsp(s.p[0]))
			s = str_skip(s, 1);
		if (s.len > 0)
			buf_addc(out, ' ');
	}
}

void
check_rules(struct check *c)
{
	struct buf why;

	buf_init(&why, CHECK_REASON_MAX - 1);
	for (size_t i = 0; i < RULES; i++) {
		const struct rule *r = rule_at(i);
		struct check_result *out = check_add(c);
		enum rule_verdict v;

		if (out == NULL)
			break;
		buf_reset(&why);
		v = r->check(&c->facts, &why);
		out->id = r->id;
		out->title = r->title;
		out->reference = r->reference;
		out->fix = r->cure;
		check_judge(out, v, r->demand);
		if (v == RULE_BAD)
			snprintf(out->reason, sizeof(out->reason), "%s", why.p);
		else
			snprintf(out->reason, sizeof(out->reason), "%s",
			    v == RULE_OK ? r->title : "does not apply to this message");
	}
	buf_fini(&why);
}
