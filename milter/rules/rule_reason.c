/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_reason.c - the half sentence in which a check says what it found.
 */
#include "rules/rule_check.h"

#include <stdarg.h>
#include <stdio.h>

#include "text/visible.h"

#define QUOTE_MAX 80

enum rule_verdict
rule_bad(struct buf *why, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (why == NULL)
		return RULE_BAD;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_adds(why, text);
	return RULE_BAD;
}

void
rule_quote(struct buf *why, struct str s)
{
	if (why == NULL)
		return;
	buf_addc(why, '"');
	visible_cut(why, str_trim(s), QUOTE_MAX, true);
	buf_addc(why, '"');
}
