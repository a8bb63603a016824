/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.c - wall clock and monotonic clock.  See the header.
 */
#include "system/clock.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

static atomic_int_fast64_t shift_ms; /* clock_shift() */

static int64_t
read_us(clockid_t id)
{
	struct timespec t;

	/* Cannot fail for the two clocks every Linux has. */
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000 +
	    atomic_load_explicit(&shift_ms, memory_order_relaxed);
}

int64_t
clock_wall_s(void)
{
	return clock_wall_ms() / 1000;
}

void
clock_shift(int64_t ms)
{
	atomic_store(&shift_ms, ms);
}

int64_t
clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t
clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

/* A log line a message makes this worth more than strftime(3). */
static void
digits(char *p, int n, int value)
{
	while (n > 0) {
		p[--n] = (char)('0' + value % 10);
		value /= 10;
	}
}

const char *
clock_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE])
{
	static const char form[CLOCK_ISO_SIZE] = "0000-00-00T00:00:00.000Z";
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;

	out[0] = '\0';
	if (wall_ms < 0 || gmtime_r(&s, &tm) == NULL || tm.tm_year > 9999 - 1900)
		return out;
	memcpy(out, form, sizeof form);
	digits(out, 4, tm.tm_year + 1900);
	digits(out + 5, 2, tm.tm_mon + 1);
	digits(out + 8, 2, tm.tm_mday);
	digits(out + 11, 2, tm.tm_hour);
	digits(out + 14, 2, tm.tm_min);
	digits(out + 17, 2, tm.tm_sec);
	digits(out + 20, 3, (int)(wall_ms % 1000));
	return out;
}
