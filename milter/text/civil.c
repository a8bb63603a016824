/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * civil.c - days and their dates.  See the header.
 *
 * Years are counted from March, so that the leap day is a year's last day and the
 * lengths of the months before it follow one line: (153 m + 2) / 5 days lie before
 * month m.  Eras of 400 years have 146,097 days, and the day number 0 is 719,468 days
 * after 1 March of year 0.
 */
#include "text/civil.h"

#define ERA_DAYS 146097
#define EPOCH_DAYS 719468

int64_t
civil_floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

void
civil_date(int64_t day, int *year, unsigned *month, unsigned *mday)
{
	int64_t z = day + EPOCH_DAYS;
	int64_t era = civil_floor_div(z, ERA_DAYS);
	int64_t doe = z - era * ERA_DAYS;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t m = (5 * doy + 2) / 153;

	*mday = (unsigned)(doy - (153 * m + 2) / 5 + 1);
	*month = (unsigned)(m < 10 ? m + 3 : m - 9);
	*year = (int)(yoe + era * 400 + (m >= 10));
}

int64_t
civil_day(int64_t year, int64_t month, int64_t mday)
{
	int64_t y = year - (month <= 2);
	int64_t era = civil_floor_div(y, 400), yoe = y - era * 400;
	int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + mday - 1;

	return era * ERA_DAYS + yoe * 365 + yoe / 4 - yoe / 100 + doy - EPOCH_DAYS;
}
