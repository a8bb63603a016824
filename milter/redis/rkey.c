/* SPDX-License-Identifier: BSD-2-Clause */
/* rkey.c - names of the keys in Redis.  See the header. */
#include "redis/rkey.h"

#include "text/civil.h"

void
rkey_campaigns(struct buf *out, const char *prefix)
{
	buf_addf(out, "%s:campaigns", prefix);
}

void
rkey_ids(struct buf *out, const char *prefix)
{
	buf_addf(out, "%s:ids", prefix);
}

/* PREFIX:{NAME}: */
static void
slot(struct buf *out, const char *prefix, struct str campaign)
{
	buf_adds(out, prefix);
	buf_adds(out, ":{");
	buf_addstr(out, campaign);
	buf_adds(out, "}:");
}

void
rkey_total(struct buf *out, const char *prefix, struct str campaign)
{
	slot(out, prefix, campaign);
	buf_adds(out, "total");
}

void
rkey_rcpt(struct buf *out, const char *prefix, struct str campaign)
{
	slot(out, prefix, campaign);
	buf_adds(out, "rcpt");
}

void
rkey_sketch(struct buf *out, const char *prefix, struct str campaign)
{
	slot(out, prefix, campaign);
	buf_adds(out, "sketch");
}

/*
 * Append two digits.  A batch has several dates, and printf would be a tenth of its
 * cost.
 */
static void
two(struct buf *out, unsigned n)
{
	buf_addc(out, (char)('0' + n / 10));
	buf_addc(out, (char)('0' + n % 10));
}

static void
add_date(struct buf *out, int64_t day)
{
	int year;
	unsigned month, mday;

	civil_date(day, &year, &month, &mday);
	/* A year out of range stays readable. */
	if (year < 0 || year > 9999) {
		buf_addf(out, "%04d", year);
	} else {
		two(out, (unsigned)year / 100);
		two(out, (unsigned)year % 100);
	}
	two(out, month);
	two(out, mday);
}

void
rkey_hour(struct buf *out, const char *prefix, struct str campaign, int64_t hour)
{
	int64_t day = civil_floor_div(hour, 24);

	slot(out, prefix, campaign);
	buf_adds(out, "h:");
	add_date(out, day);
	two(out, (unsigned)(hour - day * 24));
}

void
rkey_day(struct buf *out, const char *prefix, struct str campaign, int64_t day)
{
	slot(out, prefix, campaign);
	buf_adds(out, "d:");
	add_date(out, day);
}
