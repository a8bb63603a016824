/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rkey.h - the names of the keys in Redis, for those who write them and those who read
 * them.  Pure.
 *
 *     PREFIX:campaigns              ZSET  name -> last activity
 *     PREFIX:ids                    HASH  16 hex digits of SHA-256(name) -> name
 *     PREFIX:{NAME}:total           HASH  counters since ever
 *     PREFIX:{NAME}:h:2026112409    HASH  counters of that hour, UTC
 *     PREFIX:{NAME}:d:20261124      HASH  counters of that day, UTC
 *     PREFIX:{NAME}:rcpt            HyperLogLog of recipients
 *
 * The braces make one campaign's keys share a slot of Redis Cluster.
 */
#ifndef METERMARK_REDIS_RKEY_H
#define METERMARK_REDIS_RKEY_H

#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

#define RKEY_HOUR_TTL_S (35 * 86400)   /* after the hour's end */
#define RKEY_DAY_TTL_S (400 * 86400)   /* after the day's end */
#define RKEY_TOTAL_TTL_S (400 * 86400) /* after the last activity */

/* Each appends one key to out. */
void rkey_campaigns(struct buf *out, const char *prefix);
void rkey_ids(struct buf *out, const char *prefix);
void rkey_total(struct buf *out, const char *prefix, struct str campaign);
void rkey_rcpt(struct buf *out, const char *prefix, struct str campaign);
/* Scratch of the batch script: no longer there when the script has ended. */
void rkey_sketch(struct buf *out, const char *prefix, struct str campaign);
/* hour: unix seconds / 3600; day: unix seconds / 86400. */
void rkey_hour(struct buf *out, const char *prefix, struct str campaign, int64_t hour);
void rkey_day(struct buf *out, const char *prefix, struct str campaign, int64_t day);

#endif
