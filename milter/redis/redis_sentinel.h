/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_sentinel.h - asking a Redis Sentinel who the master is.
 *
 * Asked again before every connect: the answer is good for now only, and whoever it
 * names has to say itself that it is a master.  Thread-safe.
 */
#ifndef METERMARK_REDIS_REDIS_SENTINEL_H
#define METERMARK_REDIS_REDIS_SENTINEL_H

#include <stddef.h>

#include "redis/redis_link.h"
#include "redis/rurl.h"

/*
 * Ask the i-th sentinel of the URL, for a second at most; *master is the server it
 * names.  0, or -1 with *err, whose text begins with the sentinel's
 * URL: it cannot be reached, does not know the name, or refuses us.
 */
int redis_sentinel_ask(const struct rurl *, size_t i, int timeout_ms,
    struct rurl *master, struct redis_error *err);

#endif
