/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * civil.h - the calendar: day numbers (unix seconds / 86400) and their dates in UTC, in
 * the proleptic Gregorian calendar.  Pure.
 */
#ifndef METERMARK_TEXT_CIVIL_H
#define METERMARK_TEXT_CIVIL_H

#include <stdint.h>

/* a / b, rounded towards minus infinity; b is positive. */
int64_t civil_floor_div(int64_t a, int64_t b);
/* The date of a day number; month is 1 to 12, mday 1 to 31. */
void civil_date(int64_t day, int *year, unsigned *month, unsigned *mday);
/*
 * The day number of a date.  A day that its month does not have counts on into the next
 * one: civil_date() of the result then gives another date.
 */
int64_t civil_day(int64_t year, int64_t month, int64_t mday);

#endif
