/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_facts.c - one pass over the header, so that each check finds what it asks for.
 */
#include "rules/rule.h"

#include <string.h>

#include "mail/idn.h"
#include "rules/rule_check.h"

#define LINE_MAX_BYTES 998

/* clang-format off */
#define FIELD(n) { n, sizeof(n) - 1 }
/* clang-format on */

static const struct str fields[RULE_FIELDS] = {
	[RULE_F_FROM] = FIELD("From"),
	[RULE_F_SENDER] = FIELD("Sender"),
	[RULE_F_REPLY_TO] = FIELD("Reply-To"),
	[RULE_F_TO] = FIELD("To"),
	[RULE_F_CC] = FIELD("Cc"),
	[RULE_F_BCC] = FIELD("Bcc"),
	[RULE_F_SUBJECT] = FIELD("Subject"),
	[RULE_F_DATE] = FIELD("Date"),
	[RULE_F_MESSAGE_ID] = FIELD("Message-ID"),
	[RULE_F_IN_REPLY_TO] = FIELD("In-Reply-To"),
	[RULE_F_REFERENCES] = FIELD("References"),
	[RULE_F_MIME_VERSION] = FIELD("MIME-Version"),
	[RULE_F_CONTENT_TYPE] = FIELD("Content-Type"),
	[RULE_F_ENCODING] = FIELD("Content-Transfer-Encoding"),
	[RULE_F_LIST_ID] = FIELD("List-Id"),
	[RULE_F_LIST_UNSUBSCRIBE] = FIELD("List-Unsubscribe"),
	[RULE_F_LIST_POST] = FIELD("List-Post"),
	[RULE_F_LIST_HELP] = FIELD("List-Help"),
	[RULE_F_LIST_OWNER] = FIELD("List-Owner"),
	[RULE_F_LIST_SUBSCRIBE] = FIELD("List-Subscribe"),
	[RULE_F_LIST_ARCHIVE] = FIELD("List-Archive"),
	[RULE_F_LIST_UNSUBSCRIBE_POST] = FIELD("List-Unsubscribe-Post"),
	[RULE_F_FEEDBACK_ID] = FIELD("Feedback-ID"),
	[RULE_F_DKIM_SIGNATURE] = FIELD("DKIM-Signature"),
};

const char *
rule_field_name(enum rule_field f)
{
	return fields[f].p;
}

static size_t
field_of(struct str name)
{
	size_t i;

	for (i = 0; i < RULE_FIELDS; i++)
		if (fields[i].len == name.len && str_caseeq(fields[i], name))
			break;
	return i;
}

static bool
has_8bit(struct str s)
{
	unsigned char any = 0;

	for (size_t i = 0; i < s.len; i++)
		any |= (unsigned char)s.p[i];
	return any >= 0x80;
}

/* Note the bytes in the value that no field should hold. */
static void
look_for_controls(struct rule_facts *f, const struct hdr_field *field)
{
	struct str s = field->value;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= ' ' && c != 0x7f) || c == '\t' || c == '\n')
			continue;
		if (c == '\0')
			f->nul = field;
		else if (c != '\r')
			f->control = field;
		else if (i + 1 == s.len || s.p[i + 1] != '\n')
			f->bare_cr = field;
	}
}

static bool
has_long_line(const struct hdr_field *f)
{
	struct str rest = f->value;
	size_t before = f->name.len + 1;

	if (rest.len + before <= LINE_MAX_BYTES)
		return false;
	for (;;) {
		size_t n = str_find(rest, '\n');

		if (n + before > LINE_MAX_BYTES)
			return true;
		if (n == rest.len)
			return false;
		rest = str_skip(rest, n + 1);
		before = 0;
	}
}

/* A tag of a signature (RFC 6376 3.2); "" without. */
static struct str
tag(struct str list, const char *name)
{
	while (list.len > 0) {
		size_t n = str_find(list, ';'), eq;
		struct str one = str_make(list.p, n);

		eq = str_find(one, '=');
		if (eq < one.len && str_eq(str_trim(str_make(one.p, eq)), str_of(name)))
			return str_trim(str_skip(one, eq + 1));
		list = str_skip(list, n + 1);
	}
	return STR("");
}

static void
add_signature(struct rule_facts *f, struct str value)
{
	if (f->n_sig == RULE_SIGNATURES_MAX)
		return;
	f->sig[f->n_sig++] = (struct rule_signature) { .domain = tag(value, "d"),
		.selector = tag(value, "s"),
		.names = tag(value, "h"),
		.ed25519 = str_caseeq(tag(value, "a"), STR("ed25519-sha256")) };
}

static void
add_field(struct rule_facts *f, const struct hdr_field *field)
{
	size_t i = field_of(field->name);

	f->header_bytes += field->name.len + field->value.len + 3;
	f->long_header = f->long_header || has_long_line(field);
	if (f->raw == NULL && (has_8bit(field->value) || has_8bit(field->name)))
		f->raw = field;
	look_for_controls(f, field);
	if (i == RULE_FIELDS)
		return;
	if (f->count[i]++ == 0)
		f->first[i] = field;
	if (i == RULE_F_DKIM_SIGNATURE)
		add_signature(f, field->value);
}

static void
read_from(struct rule_facts *f)
{
	struct addr_list list;
	struct addr_box box;
	struct str ascii;

	f->from = ADDR_EMPTY;
	f->from_box =
	    (struct addr_box) { .name = STR(""), .local = STR(""), .domain = STR("") };
	f->from_boxes = 0;
	if (f->count[RULE_F_FROM] != 1)
		return;
	addr_list_init(&list, f->first[RULE_F_FROM]->value, f->arena);
	while ((f->from = addr_list_next(&list, &box)) == ADDR_OK)
		if (f->from_boxes++ == 0)
			f->from_box = box;
	if (f->from == ADDR_EMPTY && f->from_boxes > 0)
		f->from = ADDR_OK;
	if (str_ends(f->from_box.domain, STR(".")))
		f->from_box.domain.len--;
	ascii = idn_domain(f->from_box.domain, f->arena);
	if (ascii.p != NULL)
		f->from_box.domain = ascii;
}

void
rule_facts_finish(struct rule_facts *f)
{
	memset(f->count, 0, sizeof(f->count));
	memset(f->first, 0, sizeof(f->first));
	f->header_bytes = 0;
	f->long_header = false;
	f->raw = f->nul = f->bare_cr = f->control = NULL;
	for (size_t i = 0; i < f->hdr->n; i++)
		if (f->hdr->v[i].state != HDR_REMOVED)
			add_field(f, &f->hdr->v[i]);
	read_from(f);
}
