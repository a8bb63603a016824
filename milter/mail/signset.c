/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signset.c - the table of signed fields.
 *
 * Taken from RFC 6376 5.4.1, RFC 8058 (both List-Unsubscribe fields must be covered),
 * RFC 9477 (CFBL fields must be), Gmail's Feedback-ID and BIMI's selector.  Left out on
 * purpose: trace fields, Return-Path and Bcc, which later hops rewrite or drop.
 */
#include "mail/signset.h"

/* clang-format off */
#define ROW(n, o, s) { .name = n, .len = sizeof n - 1, .oversign = o, .skip = s }
/* clang-format on */

static const struct signset_name names[] = {
	ROW("From", true, 0),
	ROW("To", true, SIGNSET_SKIP_TO),
	ROW("Cc", true, SIGNSET_SKIP_CC),
	ROW("Subject", true, 0),
	ROW("Date", true, 0),
	ROW("Reply-To", true, SIGNSET_SKIP_REPLY_TO),
	ROW("Sender", false, 0),
	ROW("Message-ID", true, 0),
	ROW("MIME-Version", true, 0),
	ROW("Content-Type", true, 0),
	ROW("Content-Transfer-Encoding", true, 0),
	ROW("In-Reply-To", false, 0),
	ROW("References", false, 0),
	ROW("List-Id", false, 0),
	ROW("List-Help", false, 0),
	ROW("List-Owner", false, 0),
	ROW("List-Subscribe", false, 0),
	ROW("List-Post", false, 0),
	ROW("List-Archive", false, 0),
	ROW("List-Unsubscribe", true, 0),
	ROW("List-Unsubscribe-Post", true, 0),
	ROW("Feedback-ID", true, 0),
	ROW("CFBL-Address", false, 0),
	ROW("CFBL-Feedback-ID", false, 0),
	ROW("BIMI-Selector", false, 0),
	ROW("Auto-Submitted", false, 0),
	ROW("Precedence", false, 0),
};
#define N_NAMES (sizeof names / sizeof names[0])

const struct signset_name *
signset_names(size_t *n)
{
	*n = N_NAMES;
	return names;
}

/* Asked for each field of each message: most rows are passed over by their length. */
static const struct signset_name *
find(struct str name)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (names[i].len == name.len &&
		    str_caseeq(str_make(names[i].name, names[i].len), name))
			return &names[i];
	return NULL;
}

bool
signset_has(struct str name)
{
	return find(name) != NULL;
}

bool
signset_covers(const struct hdr_field *f)
{
	return f->state != HDR_REMOVED && !f->no_sign && signset_has(f->name);
}

unsigned
signset_skips(const struct hdr *h)
{
	unsigned skips = 0;

	for (size_t i = 0; i < h->n; i++) {
		const struct signset_name *row;

		if (!h->v[i].no_sign || h->v[i].state == HDR_REMOVED)
			continue;
		row = find(h->v[i].name);
		if (row != NULL)
			skips |= row->skip;
	}
	return skips;
}

enum signset_fault
signset_check(const struct hdr *h)
{
	size_t bytes = 0;

	for (size_t i = 0; i < h->n; i++) {
		const struct hdr_field *f = &h->v[i];

		if (!signset_covers(f))
			continue;
		bytes += f->name.len + 1;
		if (!hdr_value_clean(f->value))
			return SIGNSET_CONTROL;
	}
	return bytes > SIGNSET_NAME_BYTES_MAX ? SIGNSET_TOO_MANY : SIGNSET_OK;
}
