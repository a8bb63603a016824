/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_probe.h - what kind of server is at the other end of a link.
 *
 * The probe runs once per connection.  An ACL user may lack the right to ask (INFO,
 * ROLE): then the answer is "not known", which is no failure.  For one thread, as the
 * link.
 */
#ifndef METERMARK_REDIS_REDIS_PROBE_H
#define METERMARK_REDIS_REDIS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redis/redis_link.h"

struct redis_probe {
	bool role_known;
	bool master; /* true also when the role is not known */
	bool info_known;
	char server[64];    /* "redis/7.0.15", "valkey/8.1.1"; "" when not known */
	uint64_t maxmemory; /* bytes, 0: no limit */
	char eviction[32];  /* maxmemory_policy; "" when not known */
};

/* 0, or -1 with *err if the link broke or the server is loading its data. */
int redis_probe(struct redis_link *, struct redis_probe *, struct redis_error *err);

/*
 * True if this server drops keys when its memory is full; false if that is not known.
 */
bool redis_probe_drops(const struct redis_probe *);

#endif
