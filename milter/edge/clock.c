/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.c - wall clock and monotonic clock.  See the header.
 */
#include "edge/clock.h"

#include <time.h>

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
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_wall_s(void)
{
	return read_us(CLOCK_REALTIME) / 1000000;
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

const char *
clock_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE])
{
	static const char fmt[] = "%Y-%m-%dT%H:%M:%S.000Z";
	time_t s = (time_t)(wall_ms / 1000);
	unsigned ms = (unsigned)(wall_ms % 1000);
	struct tm tm;
	size_t n;

	out[0] = '\0';
	if (wall_ms < 0 || gmtime_r(&s, &tm) == NULL)
		return out;
	n = strftime(out, CLOCK_ISO_SIZE, fmt, &tm);
	if (n != CLOCK_ISO_SIZE - 1)
		return out;
	out[n - 4] = (char)('0' + ms / 100);
	out[n - 3] = (char)('0' + ms / 10 % 10);
	out[n - 2] = (char)('0' + ms % 10);
	return out;
}
