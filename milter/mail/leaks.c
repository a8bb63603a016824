/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leaks.c - fields that leak.  See the header.
 *
 * X-Mailer and User-Agent are not among them: they name software, not a person or a
 * host, and some receivers look for them; `remove` takes them where that is wanted.
 */
#include "mail/leaks.h"

static const char *const always[] = {
	"Bcc",
	"Resent-Bcc",
	"Return-Path",
	/* Only the receiver may state them (draft-brand-indicators-for-message-
	   identification, 5 and 7.3). */
	"BIMI-Location",
	"BIMI-Indicator",
};
static const char *const leaks[] = {
	"X-Originating-IP",
	"X-Originating-Email",
	"X-Sender",
	"X-Sender-IP",
	"X-Source",
	"X-Source-",
	"X-PHP-Originating-Script",
	"X-PHP-Script",
	"X-AntiAbuse",
	"X-Get-Message-Sender-Via",
	"X-Authenticated-Sender",
	"X-Authenticated-User",
	"X-Forwarded-",
	"X-Spam-",
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
listed(struct str name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str row = str_of(list[i]);

		if (row.p[row.len - 1] == '-' ? str_casestarts(name, row)
					      : str_caseeq(name, row))
			return true;
	}
	return false;
}

static void
remove_listed(struct hdr *h, const char *const *list, size_t n)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].state != HDR_REMOVED && listed(h->v[i].name, list, n))
			hdr_remove(&h->v[i]);
}

void
leaks_remove_always(struct hdr *h)
{
	remove_listed(h, always, COUNT(always));
}

void
leaks_remove(struct hdr *h)
{
	remove_listed(h, leaks, COUNT(leaks));
}

const char *const *
leaks_names(size_t *n)
{
	*n = COUNT(leaks);
	return leaks;
}
