/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rslot.c - slots of a Redis Cluster.  See the header.
 */
#include "redis/rslot.h"

#include <string.h>

/* Polynomial 0x1021, initial value 0, not reflected.  A key is a few dozen bytes and
 * goes over a network: no table is worth its lines. */
static unsigned
crc16(struct str s)
{
	unsigned crc = 0;

	for (size_t i = 0; i < s.len; i++) {
		crc ^= (unsigned)(unsigned char)s.p[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
		crc &= 0xffff;
	}
	return crc;
}

unsigned
rslot_of(struct str key)
{
	size_t open = str_find(key, '{');
	struct str tag = str_skip(key, open + 1);
	size_t close = str_find(tag, '}');

	if (open < key.len && close > 0 && close < tag.len)
		key = str_make(tag.p, close);
	return crc16(key) % RSLOT_COUNT;
}

/*
 * Read digits up to another byte.  -1: there are none, or the number is not below
 * limit.
 */
static long
number(struct str *s, long limit)
{
	long v = 0;
	size_t n = 0;

	while (n < s->len && ascii_isdigit(s->p[n])) {
		v = v * 10 + (s->p[n++] - '0');
		if (v >= limit)
			return -1;
	}
	*s = str_skip(*s, n);
	return n == 0 ? -1 : v;
}

bool
rslot_redirect(const char *reply, struct rslot_redirect *out)
{
	struct str s = str_of(reply);
	long slot, port;
	size_t colon;

	out->ask = str_starts(s, STR("ASK "));
	if (!out->ask && !str_starts(s, STR("MOVED ")))
		return false;
	s = str_skip(s, out->ask ? 4 : 6);
	slot = number(&s, RSLOT_COUNT);
	if (slot < 0 || !str_starts(s, STR(" ")))
		return false;
	s = str_skip(s, 1);
	/* An IPv6 address comes without brackets. */
	colon = str_rfind(s, ':');
	if (colon == s.len || colon >= sizeof out->host)
		return false;
	memcpy(out->host, s.p, colon);
	out->host[colon] = '\0';
	s = str_skip(s, colon + 1);
	port = number(&s, 65536);
	if (port < 1 || s.len > 0)
		return false;
	out->slot = (unsigned)slot;
	out->port = (int)port;
	/* Redis 7 says "?" where it does not know. */
	if (strcmp(out->host, "?") == 0)
		out->host[0] = '\0';
	return true;
}
