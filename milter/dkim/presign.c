/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * presign.c - makes the header fit to be signed.  See the header.
 *
 * After the milter, Postfix folds lines longer than smtp_line_length_limit in the
 * middle of a word, and Sendmail changes blanks and quotes in address lists.  Both
 * break a signature, even a relaxed one.  So we make these changes first.
 * presign_header() goes through the fields once: it rewrites an address field as
 * Sendmail will (mail/sendform.h), then folds a long line at white space that is
 * already there, which changes nothing under relaxed canonicalization (RFC 6376 3.4.2).
 * If Sendmail would cut a field short, the field stays unsigned together with all
 * fields of its name, and the message is signed only in part.
 */
#include "dkim/presign.h"

#include <stdio.h>
#include <string.h>

#include "mail/fold.h"
#include "mail/sendform.h"
#include "mail/signset.h"
#include "text/civil.h"

void
presign_date(int64_t now, char out[PRESIGN_DATE_BYTES])
{
	static const char days[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue",
		"Wed" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int64_t day = now / 86400;
	unsigned s = (unsigned)(now % 86400);
	unsigned month, mday;
	int year;

	civil_date(day, &year, &month, &mday);
	snprintf(out, PRESIGN_DATE_BYTES, " %s, %02u %s %04d %02u:%02u:%02u +0000",
	    days[day % 7], mday, months[month - 1], year, s / 3600, s / 60 % 60,
	    s % 60);
}

static int
add_date(const struct envelope *env, struct hdr *h)
{
	char date[PRESIGN_DATE_BYTES];

	if (hdr_count(h, STR("Date")) > 0)
		return 0;
	presign_date(env->now, date);
	return hdr_append(h, STR("Date"), str_of(date));
}

static int
add_message_id(struct str nonce, struct str domain, struct hdr *h, struct arena *a)
{
	size_t size = nonce.len + domain.len + sizeof " <@>";
	char *p;

	if (hdr_count(h, STR("Message-ID")) > 0)
		return 0;
	p = arena_alloc(a, size);
	if (p == NULL)
		return -1;
	snprintf(p, size, " <%.*s@%.*s>", (int)nonce.len, nonce.p, (int)domain.len,
	    domain.p);
	return hdr_append(h, STR("Message-ID"), str_of(p));
}

/* Rewrites one address field as Sendmail will write it. */
static enum presign_fault
fit_sendmail(struct hdr_field *f, struct arena *a, bool *partly)
{
	struct str out;

	switch (sendform_rewrite(f->name, f->value, a, &out)) {
	case SENDFORM_CHANGED:
		hdr_change(f, out);
		break;
	case SENDFORM_CUT:
		if (str_caseeq(f->name, STR("From")))
			return PRESIGN_FROM_CUT;
		f->no_sign = true;
		*partly = true;
		break;
	case SENDFORM_NO_MEMORY:
		return PRESIGN_MEMORY;
	case SENDFORM_SAME:
	case SENDFORM_OTHER:
		break;
	}
	return PRESIGN_OK;
}

int
presign_unsigned(const struct envelope *env, struct hdr *h, struct arena *a)
{
	struct str out;

	if (!env->sendmail)
		return 0;
	if (add_date(env, h) != 0 ||
	    (env->host.len > 0 && add_message_id(env->nonce, env->host, h, a) != 0))
		return -1;
	for (size_t i = 0; i < h->n; i++) {
		struct hdr_field *f = &h->v[i];

		if (f->state == HDR_REMOVED || !str_caseeq(f->name, STR("From")))
			continue;
		switch (sendform_rewrite(f->name, f->value, a, &out)) {
		case SENDFORM_CHANGED:
			hdr_change(f, out);
			break;
		case SENDFORM_NO_MEMORY:
			return -1;
		case SENDFORM_CUT:
		case SENDFORM_SAME:
		case SENDFORM_OTHER:
			break;
		}
	}
	return 0;
}

/* Length of the longest line of "name:value", which folds end. */
static size_t
longest_line(struct str name, struct str value)
{
	size_t longest = 0, line = name.len + 1;

	for (;;) {
		size_t n = str_find(value, '\n');

		line += n;
		longest = line > longest ? line : longest;
		if (n == value.len)
			return longest;
		value = str_skip(value, n + 1);
		line = 0;
	}
}

static enum presign_fault
fit_line(struct hdr_field *f, size_t limit, struct arena *a)
{
	struct str folded;

	if (limit == 0 || longest_line(f->name, f->value) <= limit)
		return PRESIGN_OK;
	if (fold_value(f->name, f->value, limit, a, &folded) != 0)
		return folded.p == NULL ? PRESIGN_MEMORY : PRESIGN_LINE;
	hdr_change(f, folded);
	return PRESIGN_OK;
}

static enum presign_fault
fit_field(const struct envelope *env, size_t line_limit, struct hdr_field *f,
    struct arena *a, bool *partly)
{
	enum presign_fault fault = PRESIGN_OK;

	if (!signset_covers(f))
		return PRESIGN_OK;
	if (!hdr_value_clean(f->value))
		return PRESIGN_CONTROL;
	if (env->sendmail)
		fault = fit_sendmail(f, a, partly);
	if (fault == PRESIGN_OK && !f->no_sign)
		fault = fit_line(f, line_limit, a);
	return fault;
}

/*
 * If one field of a name is not signed, none of that name is.  A verifier takes fields
 * of one name from the bottom up (RFC 6376 5.4.2), and would pair signed fields with
 * unsigned ones.
 */
static void
leave_out_namesakes(struct hdr *h)
{
	for (size_t i = 0; i < h->n; i++) {
		if (!h->v[i].no_sign)
			continue;
		for (size_t k = 0; k < h->n; k++)
			if (str_caseeq(h->v[k].name, h->v[i].name))
				h->v[k].no_sign = true;
	}
}

enum presign_fault
presign_header(const struct envelope *env, size_t line_limit, struct str domain,
    struct hdr *h, struct arena *a, bool *partly)
{
	*partly = false;
	if (add_date(env, h) != 0 || add_message_id(env->nonce, domain, h, a) != 0)
		return PRESIGN_MEMORY;
	for (size_t i = 0; i < h->n; i++) {
		enum presign_fault fault =
		    fit_field(env, line_limit, &h->v[i], a, partly);

		if (fault != PRESIGN_OK)
			return fault;
	}
	if (*partly)
		leave_out_namesakes(h);
	switch (signset_check(h)) {
	case SIGNSET_TOO_MANY:
		return PRESIGN_TOO_MANY;
	case SIGNSET_CONTROL:
		return PRESIGN_CONTROL;
	case SIGNSET_OK:
		break;
	}
	return PRESIGN_OK;
}
