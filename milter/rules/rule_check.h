/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_check.h - the checks that the table of rule.c points at.  For rule*.c only; what
 * each of them asks is its row's title.  Pure.
 */
#ifndef METERMARK_RULES_RULE_CHECK_H
#define METERMARK_RULES_RULE_CHECK_H

#include "rules/rule.h"

#define RULE_CHECK(name)                                                               \
 enum rule_verdict rule_check_##name(const struct rule_facts *, struct buf *why)

/* rule_header.c */
RULE_CHECK(from);
RULE_CHECK(date);
RULE_CHECK(message_id);
RULE_CHECK(duplicate);
RULE_CHECK(to);
RULE_CHECK(noreply);
RULE_CHECK(long_header);
RULE_CHECK(header_size);
RULE_CHECK(header_8bit);
RULE_CHECK(control);
RULE_CHECK(mime);

/* rule_list.c */
RULE_CHECK(one_recipient);
RULE_CHECK(list_id);
RULE_CHECK(feedback_id);
RULE_CHECK(list_unsubscribe);
RULE_CHECK(one_click);
RULE_CHECK(one_click_signed);

/* rule_auth.c */
RULE_CHECK(freemail);
RULE_CHECK(dkim);
RULE_CHECK(aligned);
RULE_CHECK(envelope);

/* rule_body.c */
RULE_CHECK(link);
RULE_CHECK(long_line);
RULE_CHECK(line_end);
RULE_CHECK(nul);
RULE_CHECK(body_8bit);
RULE_CHECK(html_only);
RULE_CHECK(clip);

/* ==== rule_reason.c ==== */

/* Append to the reason, unless why is NULL (no reason is asked for).  Always RULE_BAD.
 */
enum rule_verdict rule_bad(struct buf *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Append text of a stranger, cut and with controls escaped. */
void rule_quote(struct buf *why, struct str);

/* ==== Shared by several checks ==== */

/* RFC 5322 3.3, obsolete zones included. */
bool rule_date_ok(struct str value);
/* Same organisational domain. */
bool rule_aligned(struct str a, struct str b);

#endif
