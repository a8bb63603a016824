/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_header.c - rules about the fields that every message has.
 */
#include "rules/rule_check.h"

#include "mail/mimefield.h"

#define HEADER_MAX 102400 /* Postfix header_size_limit */

enum rule_verdict
rule_check_from(const struct rule_facts *f, struct buf *why)
{
	if (f->count[RULE_F_FROM] != 1)
		return rule_bad(why,
		    f->count[RULE_F_FROM] == 0 ? "there is no From field"
					       : "there are %zu From fields",
		    f->count[RULE_F_FROM]);
	if (f->from != ADDR_OK || f->from_boxes > 1 || f->from_box.local.len == 0 ||
	    !addr_domain_ok(f->from_box.domain) ||
	    str_find(f->from_box.domain, '.') == f->from_box.domain.len) {
		rule_bad(why, "From holds %s: ",
		    f->from_boxes > 1 ? "several mailboxes" : "no valid mailbox");
		rule_quote(why, f->first[RULE_F_FROM]->value);
		return RULE_BAD;
	}
	return RULE_OK;
}

enum rule_verdict
rule_check_date(const struct rule_facts *f, struct buf *why)
{
	const struct hdr_field *date = f->first[RULE_F_DATE];

	if (date == NULL)
		return rule_bad(why, "there is no Date field");
	if (rule_date_ok(date->value))
		return RULE_OK;
	rule_bad(why, "this is no date: ");
	rule_quote(why, date->value);
	return RULE_BAD;
}

/* <left@right>, printable ASCII without blanks and brackets, and one @. */
static bool
is_message_id(struct str id)
{
	size_t at;

	if (id.len < 5 || id.p[0] != '<' || id.p[id.len - 1] != '>')
		return false;
	id = str_make(id.p + 1, id.len - 2);
	for (size_t i = 0; i < id.len; i++)
		if (id.p[i] <= ' ' || id.p[i] >= 0x7f || id.p[i] == '<' ||
		    id.p[i] == '>')
			return false;
	at = str_find(id, '@');
	return at > 0 && at + 1 < id.len && at == str_rfind(id, '@');
}

enum rule_verdict
rule_check_message_id(const struct rule_facts *f, struct buf *why)
{
	const struct hdr_field *id = f->first[RULE_F_MESSAGE_ID];

	if (id == NULL)
		return rule_bad(why, "there is no Message-ID field");
	if (is_message_id(str_trim(id->value)))
		return RULE_OK;
	rule_bad(why, "this is no message id: ");
	rule_quote(why, id->value);
	return RULE_BAD;
}

enum rule_verdict
rule_check_duplicate(const struct rule_facts *f, struct buf *why)
{
	for (size_t i = 0; i <= RULE_F_LIST_UNSUBSCRIBE_POST; i++)
		if (f->count[i] > 1)
			return rule_bad(why, "%s stands there %zu times",
			    rule_field_name((enum rule_field)i), f->count[i]);
	return RULE_OK;
}

/* True if more than white space and comments is there; a group without members
 * counts. */
static bool
says(const struct hdr_field *field)
{
	return field != NULL && mimefield_cfws(field->value).len > 0;
}

enum rule_verdict
rule_check_to(const struct rule_facts *f, struct buf *why)
{
	if (says(f->first[RULE_F_TO]) || says(f->first[RULE_F_CC]))
		return RULE_OK;
	return rule_bad(why, "%s",
	    f->count[RULE_F_TO] + f->count[RULE_F_CC] > 0
		? "To and Cc are empty"
		: "there is neither To nor Cc");
}

/* Names like No-Reply and do_not_reply+x; characters between the letters do not
 * matter. */
static bool
is_noreply(struct str local)
{
	char plain[16];
	size_t n = 0;

	for (size_t i = 0; i < local.len && n < sizeof(plain); i++)
		if (ascii_isalnum(local.p[i]))
			plain[n++] = ascii_lower(local.p[i]);
	return str_starts(str_make(plain, n), STR("noreply")) ||
	    str_starts(str_make(plain, n), STR("donotreply")) ||
	    str_starts(str_make(plain, n), STR("dontreply"));
}

enum rule_verdict
rule_check_noreply(const struct rule_facts *f, struct buf *why)
{
	const struct hdr_field *reply = f->first[RULE_F_REPLY_TO];
	struct addr_box box = f->from_box;
	struct addr_list list;

	if (reply != NULL) {
		addr_list_init(&list, reply->value, f->arena);
		if (addr_list_next(&list, &box) != ADDR_OK) {
			rule_bad(why, "Reply-To holds no valid mailbox: ");
			rule_quote(why, reply->value);
			return RULE_BAD;
		}
	} else if (f->from != ADDR_OK) {
		return RULE_NOT_APPLICABLE;
	}
	if (!is_noreply(box.local))
		return RULE_OK;
	rule_bad(why, "replies go to ");
	rule_quote(why, box.local);
	return RULE_BAD;
}

enum rule_verdict
rule_check_long_header(const struct rule_facts *f, struct buf *why)
{
	return f->long_header ? rule_bad(why, "a header line is longer than 998 bytes")
			      : RULE_OK;
}

enum rule_verdict
rule_check_header_size(const struct rule_facts *f, struct buf *why)
{
	return f->header_bytes > HEADER_MAX
	    ? rule_bad(why, "the header takes %zu bytes, Postfix keeps %d",
		  f->header_bytes, HEADER_MAX)
	    : RULE_OK;
}

enum rule_verdict
rule_check_header_8bit(const struct rule_facts *f, struct buf *why)
{
	/* With SMTPUTF8 the header may hold UTF-8 (RFC 6532). */
	if (envelope_has_arg(f->envelope, STR("SMTPUTF8")))
		return RULE_NOT_APPLICABLE;
	if (f->raw == NULL)
		return RULE_OK;
	rule_bad(why, "8-bit bytes in the field ");
	rule_quote(why, f->raw->name);
	return RULE_BAD;
}

enum rule_verdict
rule_check_control(const struct rule_facts *f, struct buf *why)
{
	if (f->control == NULL)
		return RULE_OK;
	rule_bad(why, "a control character in the field ");
	rule_quote(why, f->control->name);
	return RULE_BAD;
}

enum rule_verdict
rule_check_mime(const struct rule_facts *f, struct buf *why)
{
	if (f->count[RULE_F_CONTENT_TYPE] == 0 && f->count[RULE_F_ENCODING] == 0)
		return RULE_NOT_APPLICABLE;
	if (f->count[RULE_F_MIME_VERSION] > 0)
		return RULE_OK;
	return rule_bad(why, "there are MIME fields, but no MIME-Version");
}
