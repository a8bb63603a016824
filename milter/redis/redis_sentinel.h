/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_sentinel.h - asking a Redis Sentinel who the master is.
 *
 * Ask again before every connect: the answer holds for the moment only, and the server
 * that it names must itself say that it is a master.  Thread-safe.
 */
#ifndef METERMARK_REDIS_REDIS_SENTINEL_H
#define METERMARK_REDIS_REDIS_SENTINEL_H

#include <stddef.h>

#include "redis/redis_link.h"
#include "redis/rurl.h"

/*
 * Ask the i-th sentinel of the URL, for at most a second; *master is the server that it
 * names.  0, or -1 with *err, whose text begins with the sentinel's URL: the sentinel
 * cannot be reached, does not know the name, or refuses the command.
 */
int redis_sentinel_ask(const struct rurl *, size_t i, int timeout_ms,
    struct rurl *master, struct redis_error *err);

#endif
