/* SPDX-License-Identifier: BSD-2-Clause */
/* timespan.c - a span of time as an operator writes it.  See the header. */
#include "numbers/timespan.h"

#include <stdio.h>

#include "redis/rkey.h"
#include "text/civil.h"

#define MINUTE_S 60
#define HOUR_S 3600
#define DAY_S 86400
#define YEAR_MAX 9999
#define AGO_MAX 1000000000 /* seconds; more than thirty years */
#define TEXT_SHOWN 40

static int64_t
ceil_div(int64_t a, int64_t b)
{
	return a / b + (a % b > 0);
}

static int64_t
min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* --- words --- */

/* Take n digits off the front of *s; -1 if they are not there. */
static int64_t
digits(struct str *s, size_t n)
{
	int64_t value = 0;

	if (s->len < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!ascii_isdigit(s->p[i]))
			return -1;
		value = value * 10 + (s->p[i] - '0');
	}
	*s = str_skip(*s, n);
	return value;
}

/* Take c off the front; false if it is not there. */
static bool
skip(struct str *s, char c)
{
	if (s->len == 0 || s->p[0] != c)
		return false;
	*s = str_skip(*s, 1);
	return true;
}

/* Take a date like "2026-11-24" off the front, as a day number. */
static int
date(struct str *s, int64_t *day)
{
	int64_t year = digits(s, 4), month, mday;
	unsigned real_month, real_mday;
	int real_year;

	if (year < 1970 || year > YEAR_MAX || !skip(s, '-'))
		return -1;
	month = digits(s, 2);
	if (month < 1 || month > 12 || !skip(s, '-'))
		return -1;
	mday = digits(s, 2);
	if (mday < 1)
		return -1;
	*day = civil_day(year, month, mday);
	civil_date(*day, &real_year, &real_month, &real_mday);
	return real_mday == (unsigned)mday && real_month == (unsigned)month ? 0 : -1;
}

/*
 * Parse a time like "09", "09:30" or "09:30:15", perhaps with a "Z": the seconds of the
 * day, and the length of the smallest unit given, in seconds.
 */
static int
time_of_day(struct str s, int64_t *seconds, int64_t *unit)
{
	int64_t n = digits(&s, 2);

	if (n < 0 || n > 23)
		return -1;
	*seconds = n * HOUR_S;
	*unit = HOUR_S;
	for (int64_t part = MINUTE_S; part > 0 && skip(&s, ':'); part /= 60) {
		n = digits(&s, 2);
		if (n < 0 || n > 59)
			return -1;
		*seconds += n * part;
		*unit = part;
	}
	skip(&s, 'Z');
	return s.len == 0 ? 0 : -1;
}

/* Parse a date with or without a time: when it begins, and how long it is. */
static int
calendar(struct str s, int64_t *start, int64_t *length)
{
	int64_t day, seconds;

	if (date(&s, &day) != 0)
		return -1;
	*start = day * DAY_S;
	*length = DAY_S;
	if (s.len == 0)
		return 0;
	if (!skip(&s, 'T') && !skip(&s, ' '))
		return -1;
	if (time_of_day(s, &seconds, length) != 0)
		return -1;
	*start += seconds;
	return 0;
}

/* Parse an age like "-24h" or "7d", in seconds. */
static int
ago(struct str s, int64_t *out)
{
	static const struct {
		char unit;
		int64_t s;
	} units[] = { { 's', 1 }, { 'm', MINUTE_S }, { 'h', HOUR_S }, { 'd', DAY_S },
		{ 'w', 7 * DAY_S } };
	int64_t n = 0;

	skip(&s, '-');
	if (s.len < 2 || s.len > 10)
		return -1;
	while (s.len > 1) {
		int64_t digit = digits(&s, 1);

		if (digit < 0)
			return -1;
		n = n * 10 + digit;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit != ascii_lower(s.p[0]))
			continue;
		*out = n * units[i].s;
		return *out <= AGO_MAX ? 0 : -1;
	}
	return -1;
}

static int
unix_seconds(struct str s, int64_t *out)
{
	if (!skip(&s, '@') || s.len == 0 || s.len > 11)
		return -1;
	*out = digits(&s, s.len);
	return *out < 0 ? -1 : 0;
}

int
timespan_parse(struct str text, enum timespan_edge edge, int64_t now, int64_t *out,
    char *err, size_t errlen)
{
	int64_t start, length = 0, back, today = civil_floor_div(now, DAY_S) * DAY_S;

	if (str_caseeq(text, STR("now"))) {
		start = now;
	} else if (str_caseeq(text, STR("today"))) {
		start = today;
		length = DAY_S;
	} else if (str_caseeq(text, STR("yesterday"))) {
		start = today - DAY_S;
		length = DAY_S;
	} else if (ago(text, &back) == 0) {
		start = now - back;
	} else if (unix_seconds(text, &start) != 0 &&
	    calendar(text, &start, &length) != 0) {
		snprintf(err, errlen,
		    "\"%.*s\" is no time; say -24h, -7d, today, yesterday, 2026-11-24 or 2026-11-24T09 (UTC)",
		    (int)min((int64_t)text.len, TEXT_SHOWN), text.p);
		return -1;
	}
	*out = edge == TIMESPAN_UNTIL ? start + length : start;
	return 0;
}

/* --- hashes --- */

static struct timespan_run
run(int64_t first, int64_t end)
{
	return (struct timespan_run) { first, max(end - first, 0) };
}

/* The oldest hour or day that is kept: it expires ttl seconds after its end. */
static int64_t
oldest(int64_t now, int64_t unit, int64_t ttl)
{
	return civil_floor_div(now - ttl, unit);
}

static void
cover_hours(struct timespan_cover *c, int64_t now)
{
	int64_t from = civil_floor_div(c->span.from, HOUR_S);
	int64_t until = ceil_div(c->span.until, HOUR_S);
	int64_t kept = oldest(now, HOUR_S, RKEY_HOUR_TTL_S);

	c->cut = from < kept;
	c->head = run(max(from, kept), until);
	c->span = (struct timespan) { c->head.first * HOUR_S, until * HOUR_S };
}

static void
cover_days(struct timespan_cover *c, int64_t now)
{
	int64_t from = civil_floor_div(c->span.from, DAY_S);
	int64_t until = ceil_div(c->span.until, DAY_S);
	int64_t kept = oldest(now, DAY_S, RKEY_DAY_TTL_S);

	c->cut = from < kept;
	c->days = run(max(from, kept), until);
	c->span = (struct timespan) { c->days.first * DAY_S, until * DAY_S };
}

/* An edge in hours, moved outwards to the edge of its day if that hour has expired. */
static int64_t
edge_hour(struct timespan_cover *c, int64_t hour, int64_t kept, int64_t day)
{
	if (hour >= kept || hour == day * 24)
		return hour;
	c->coarse = true;
	return day * 24;
}

static void
cover_fewest(struct timespan_cover *c, int64_t now)
{
	int64_t kept = oldest(now, HOUR_S, RKEY_HOUR_TTL_S);
	int64_t kept_day = oldest(now, DAY_S, RKEY_DAY_TTL_S);
	int64_t from = civil_floor_div(c->span.from, HOUR_S);
	int64_t until = ceil_div(c->span.until, HOUR_S);

	/* Nothing is counted ahead of now, so today's hash can be taken whole. */
	if (c->span.until >= now)
		until = (civil_floor_div(now, DAY_S) + 1) * 24;
	from = edge_hour(c, from, kept, civil_floor_div(from, 24));
	until = edge_hour(c, until, kept, ceil_div(until, 24));
	if (from < kept_day * 24) {
		from = kept_day * 24;
		c->cut = true;
	}
	until = max(until, from);
	c->days = run(ceil_div(from, 24), civil_floor_div(until, 24));
	c->head = run(from, min(until, c->days.first * 24));
	c->tail = run(max(from, (c->days.first + c->days.n) * 24), until);
	c->head.n = min(c->head.n, max(civil_floor_div(now, HOUR_S) + 1 - from, 0));
	c->span = (struct timespan) { from * HOUR_S, until * HOUR_S };
}

void
timespan_cover(struct timespan asked, enum timespan_unit unit, int64_t now,
    struct timespan_cover *out)
{
	*out = (struct timespan_cover) { .span = asked };
	switch (unit) {
	case TIMESPAN_FEWEST:
		cover_fewest(out, now);
		break;
	case TIMESPAN_HOURS:
		cover_hours(out, now);
		break;
	case TIMESPAN_DAYS:
		cover_days(out, now);
		break;
	}
	out->span.until = max(min(out->span.until, now), out->span.from);
}

size_t
timespan_hashes(const struct timespan_cover *c)
{
	return (size_t)(c->head.n + c->days.n + c->tail.n);
}

double
timespan_minutes(struct timespan span, int64_t now)
{
	int64_t seconds = min(span.until, now) - span.from;

	return (double)max(seconds, 1) / MINUTE_S;
}
