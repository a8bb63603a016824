/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * human.h - numbers and times as people read them, free of the locale.  Pure.
 *
 * Each writes a NUL-terminated string into out, which has HUMAN_MAX bytes.
 */
#ifndef METERMARK_SHOW_HUMAN_H
#define METERMARK_SHOW_HUMAN_H

#include <stdint.h>

#define HUMAN_MAX 40

/* "1,234,567" */
void human_count(char *out, int64_t n);
/* "99,999", then "883k", "43.2M": six places at most, cut, never rounded up. */
void human_compact(char *out, int64_t n);
/* "998 B", "1.2 kB", "34 MB": powers of 1000, cut, never rounded up. */
void human_bytes(char *out, int64_t bytes);
/*
 * part of whole: "99.9%".  100.0% and 0.0% are shown only if they are exact; "-" if
 * whole is 0.
 */
void human_share(char *out, int64_t part, int64_t whole);
/* "0.02", "4.21", "42.1", "1,234": at least three digits. */
void human_rate(char *out, double n);
/* "now", "42s ago", "3h ago", "12d ago"; "in 5m" for what lies ahead, as clocks differ.
 */
void human_age(char *out, int64_t seconds);
/* "2026-11-24T09:15:02Z" (RFC 3339), "-" for 0 and for years beyond 9999. */
void human_time(char *out, int64_t unix_s);
/* "2026-11-24" */
void human_day(char *out, int64_t unix_s);

#endif
