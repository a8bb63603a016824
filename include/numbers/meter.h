/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter.h - how fast a counter rises, from readings taken at any times.  Pure.
 *
 * The last METER_READINGS readings are kept in the struct itself, which is empty if it
 * is all zeros.  The caller says what time it is.
 */
#ifndef METERMARK_NUMBERS_METER_H
#define METERMARK_NUMBERS_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METER_READINGS 64

struct meter {
	int64_t at_ms[METER_READINGS];
	int64_t n[METER_READINGS];
	size_t len, next; /* readings held; where the next one goes */
};

/*
 * Add a reading: the counter was n at at_ms.  If the counter or the clock went back,
 * the meter starts again with this reading.
 */
void meter_add(struct meter *, int64_t at_ms, int64_t n);
/*
 * The rise per second over the last window_ms before the last reading.  If the readings
 * are farther apart, the time is longer; if they do not reach back that far, it is
 * shorter.  False if there are fewer than two readings.
 */
bool meter_rate(const struct meter *, int64_t window_ms, double *per_second);

#endif
