/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter.h - how fast a counter rises, from readings now and then.  Pure.
 *
 * Keeps the last readings in place.  Embedded; all zeros is an empty one.
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

/* A reading.  A counter or a clock that went back starts the meter over. */
void meter_add(struct meter *, int64_t at_ms, int64_t n);
/*
 * Per second, over the last window_ms up to the last reading; over longer where
 * readings are farther apart, over less where there are not that many.  false: not
 * known yet, as there are not two readings.
 */
bool meter_rate(const struct meter *, int64_t window_ms, double *per_second);

#endif
