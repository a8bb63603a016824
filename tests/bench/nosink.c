/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nosink.c - metermark-milter that counts nothing, to measure what counting costs.
 *
 * There is no setting that turns counting off.  This file is linked to the daemon's own
 * objects with --wrap for two functions: recipients are not hashed, the counts of a
 * message go nowhere, and the flusher finds nothing to do.  All else is as it is.
 */
#include <stdint.h>
#include <string.h>

#include "flush/counters.h"
#include "system/crypto.h"

struct tally_sink __wrap_counters_sink(struct counters *);
void __wrap_crypto_mac(
    const struct crypto_mac *, const void *p, size_t len, uint8_t mac[32]);

static int
drop(void *self, const struct tally_delta *d)
{
	(void)self;
	(void)d;
	return 0;
}

struct tally_sink
__wrap_counters_sink(struct counters *c)
{
	return (struct tally_sink) { .put = drop, .self = c };
}

void
__wrap_crypto_mac(
    const struct crypto_mac *m, const void *p, size_t len, uint8_t mac[32])
{
	(void)m;
	(void)p;
	(void)len;
	memset(mac, 0, 32);
}
