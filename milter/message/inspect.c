/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inspect.c - what follows from the rules.  See the header.
 */
#include "message/inspect.h"

#include <stdio.h>

#include "text/line.h"

static const struct rule_actions *
own_actions(const struct conf_stream *stream)
{
	return stream != NULL ? &stream->inspect : NULL;
}

uint64_t
inspect_on(const struct conf *c, const struct conf_stream *stream)
{
	return rule_on(&c->inspect, own_actions(stream));
}

void
inspect_run(const struct rule_facts *f, const struct conf *c,
    const struct conf_stream *stream, struct inspection *out)
{
	const struct rule_actions *of = own_actions(stream);
	const struct rule *r;
	size_t worst;

	inspect_nothing(out);
	out->failed = rule_run(f, &c->inspect, of);
	worst = rule_worst(out->failed, &c->inspect, of);
	if (worst == RULES)
		return;
	r = rule_at(worst);
	out->action = rule_action(&c->inspect, of, worst);
	out->rule = r->id;
	snprintf(out->text, sizeof(out->text), "Rule %s: %s", r->id, r->cure);
}

void
inspect_nothing(struct inspection *out)
{
	*out = (struct inspection) { .done = true, .action = RULE_COUNT };
}

void
inspect_decide(const struct inspection *in, struct decision *d)
{
	struct reply reply = *reply_of(
	    in->action == RULE_REJECT ? REPLY_RULE_REJECT : REPLY_RULE_TEMPFAIL);

	if (in->action != RULE_REJECT && in->action != RULE_TEMPFAIL)
		return;
	reply.why = in->rule;
	reply.text = in->text;
	decision_refuse(d, &reply);
}

const char *
inspect_hold(const struct inspection *in)
{
	return in->done && in->action == RULE_HOLD ? in->text : NULL;
}

void
inspect_count(const struct inspection *in, struct tally_delta *d)
{
	if (!in->done)
		return;
	d->n[TALLY_INSPECTED] = 1;
	for (size_t i = 0; i < RULES; i++)
		d->n[TALLY_RULES + i] = (int64_t)(in->failed >> i & 1);
}

void
inspect_line(const struct inspection *in, struct buf *line)
{
	struct str ids[RULES];
	size_t n = 0;

	for (size_t i = 0; in->done && i < RULES; i++)
		if ((in->failed >> i & 1) != 0)
			ids[n++] = str_of(rule_at(i)->id);
	if (n > 0)
		line_list(line, "rules", ids, n);
	if (inspect_hold(in) != NULL)
		line_add(line, "held", str_of(in->rule));
	else if (in->done && in->action == RULE_WARN)
		line_add(line, "warned", str_of(in->rule));
}
