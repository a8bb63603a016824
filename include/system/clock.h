/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the two clocks: what time it is, and how much time has passed. Thread-safe.
 */
#ifndef METERMARK_SYSTEM_CLOCK_H
#define METERMARK_SYSTEM_CLOCK_H

#include <stdint.h>

/* Wall clock, unix seconds and milliseconds; may jump when the clock is set. */
int64_t clock_wall_s(void);
int64_t clock_wall_ms(void);
/* Never jumps, starts anywhere: for deadlines and intervals. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* For tests: shift the wall clock by that much from now on. */
void clock_shift(int64_t ms);

/* Room for "2026-11-24T03:00:00.123Z" and its NUL. */
#define CLOCK_ISO_SIZE 25
/* Unix milliseconds in UTC, ISO 8601; returns out. */
const char *clock_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE]);

#endif
