/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_body.c - rules about the body, by what was seen of it.
 */
#include "rules/rule_check.h"

#include <inttypes.h>

#define LINE_LIMIT 998
#define CLIP_BYTES (102 * 1024) /* where Gmail cuts */

enum rule_verdict
rule_check_link(const struct rule_facts *f, struct buf *why)
{
	/* In a body without text there is nothing to look at. */
	if (f->transactional || (!f->look->plain && !f->look->html))
		return RULE_NOT_APPLICABLE;
	return f->look->found
	    ? RULE_OK
	    : rule_bad(why,
		  "neither a word of it was found in the text, nor a link to the host of List-Unsubscribe");
}

enum rule_verdict
rule_check_long_line(const struct rule_facts *f, struct buf *why)
{
	return f->scan->longest > LINE_LIMIT
	    ? rule_bad(why, "a body line has %" PRIu64 " bytes", f->scan->longest)
	    : RULE_OK;
}

enum rule_verdict
rule_check_line_end(const struct rule_facts *f, struct buf *why)
{
	if (f->bare_cr != NULL) {
		rule_bad(why, "a CR that is no line end in the field ");
		rule_quote(why, f->bare_cr->name);
		return RULE_BAD;
	}
	if (!f->scan->bare_cr && !f->scan->bare_lf)
		return RULE_OK;
	return rule_bad(why, "the body holds a %s that is no line end",
	    f->scan->bare_cr ? "CR" : "LF");
}

enum rule_verdict
rule_check_nul(const struct rule_facts *f, struct buf *why)
{
	if (f->nul != NULL) {
		rule_bad(why, "a NUL in the field ");
		rule_quote(why, f->nul->name);
		return RULE_BAD;
	}
	return f->scan->nul ? rule_bad(why, "the body holds a NUL") : RULE_OK;
}

enum rule_verdict
rule_check_body_8bit(const struct rule_facts *f, struct buf *why)
{
	return f->look->undeclared
	    ? rule_bad(why, "8-bit bytes in a part that does not declare them")
	    : RULE_OK;
}

enum rule_verdict
rule_check_html_only(const struct rule_facts *f, struct buf *why)
{
	if (!f->look->html)
		return RULE_NOT_APPLICABLE;
	return f->look->plain ? RULE_OK
			      : rule_bad(why, "there is HTML, but no plain text");
}

enum rule_verdict
rule_check_clip(const struct rule_facts *f, struct buf *why)
{
	if (!f->look->html)
		return RULE_NOT_APPLICABLE;
	return f->look->html_bytes > CLIP_BYTES
	    ? rule_bad(why, "the HTML takes %" PRIu64 " bytes", f->look->html_bytes)
	    : RULE_OK;
}
