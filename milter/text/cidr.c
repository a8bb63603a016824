/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cidr.c - IPv4 and IPv6 networks.  See the header.
 */
#include "text/cidr.h"

#include <stdio.h>
#include <string.h>

/* Where an IPv4 address begins inside an IPv4-mapped one, in bytes and bits. */
#define V4_BYTES 12
#define V4_BITS 96

static const uint8_t mapped[V4_BYTES] = { [10] = 0xff, [11] = 0xff };

static bool
is_v4(const struct cidr_addr *a)
{
	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

/*
 * Read at most max digits of that base off the front of s; *n says how many there were.
 */
static unsigned
number(struct str s, unsigned base, size_t max, size_t *n)
{
	unsigned value = 0;

	for (*n = 0; *n < s.len && *n < max; ++*n) {
		char c = ascii_lower(s.p[*n]);
		unsigned digit;

		if (ascii_isdigit(c))
			digit = (unsigned)(c - '0');
		else if (base == 16 && c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else
			break;
		value = value * base + digit;
	}
	return value;
}

/*
 * Read four numbers.  Leading zeros are refused: "010" is 8 to some readers and 10 to
 * others.  0 or -1.
 */
static int
v4_parse(struct str s, uint8_t out[4])
{
	for (size_t i = 0; i < 4; i++) {
		size_t n;
		unsigned value = number(s, 10, 3, &n);

		if (n == 0 || value > 255 || (n > 1 && s.p[0] == '0'))
			return -1;
		out[i] = (uint8_t)value;
		s = str_skip(s, n);
		if (i < 3 && (s.len == 0 || s.p[0] != '.'))
			return -1;
		if (i < 3)
			s = str_skip(s, 1);
	}
	return s.len == 0 ? 0 : -1;
}

/*
 * Read the text form of RFC 4291 2.2: groups, at most one "::", the last 32 bits
 * perhaps as IPv4.  0 or -1.
 */
static int
v6_parse(struct str s, uint8_t out[16])
{
	uint8_t b[16];
	size_t len = 0, gap = sizeof(b) + 1;

	if (str_starts(s, STR("::"))) {
		gap = 0;
		s = str_skip(s, 2);
	} else if (s.len == 0 || s.p[0] == ':') {
		return -1;
	}
	while (s.len > 0) {
		size_t n;
		unsigned value = number(s, 16, 4, &n);

		if (len + 4 <= sizeof(b) && v4_parse(s, b + len) == 0) {
			len += 4;
			break;
		}
		if (n == 0 || len + 2 > sizeof(b))
			return -1;
		b[len++] = (uint8_t)(value >> 8);
		b[len++] = (uint8_t)(value & 0xff);
		s = str_skip(s, n);
		if (s.len == 0)
			break;
		if (str_starts(s, STR("::")) && gap > sizeof(b)) {
			gap = len;
			s = str_skip(s, 2);
		} else if (s.p[0] == ':' && s.len > 1) {
			s = str_skip(s, 1);
		} else {
			return -1;
		}
	}
	/* "::" stands for at least one group. */
	if (gap > sizeof(b) ? len != sizeof(b) : len > sizeof(b) - 2)
		return -1;
	if (gap > sizeof(b))
		gap = len;
	memset(out, 0, sizeof(b));
	memcpy(out, b, gap);
	memcpy(out + sizeof(b) - (len - gap), b + gap, len - gap);
	return 0;
}

int
cidr_addr_parse(struct str s, struct cidr_addr *out)
{
	struct cidr_addr a;

	if (s.len >= 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
		s = str_make(s.p + 1, s.len - 2);
	if (str_casestarts(s, STR("ipv6:")))
		s = str_skip(s, 5);
	memcpy(a.b, mapped, sizeof(mapped));
	if (v4_parse(s, a.b + V4_BYTES) != 0 && v6_parse(s, a.b) != 0)
		return -1;
	*out = a;
	return 0;
}

/* Keep the first bits of net and clear the others. */
static struct cidr_addr
masked(const struct cidr_addr *net, unsigned bits)
{
	struct cidr_addr a = *net;

	for (unsigned i = 0; i < sizeof(a.b); i++) {
		unsigned keep = bits > 8 * i ? bits - 8 * i : 0;

		if (keep < 8)
			a.b[i] &= (uint8_t)(0xff00U >> keep);
	}
	return a;
}

/* Read the number behind the slash: digits only, at most max; -1 for anything else. */
static int
prefix_parse(struct str s, unsigned max)
{
	unsigned n = 0;

	if (s.len == 0 || s.len > 3)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_isdigit(s.p[i]))
			return -1;
		n = n * 10 + (unsigned)(s.p[i] - '0');
	}
	return n <= max ? (int)n : -1;
}

int
cidr_parse(const char *text, struct cidr *out, char *err, size_t errlen)
{
	struct str s = str_of(text);
	size_t slash = str_find(s, '/');
	struct cidr c = { .bits = 128 };
	struct cidr_addr net;
	char meant[64];

	if (cidr_addr_parse(str_make(s.p, slash), &c.net) != 0) {
		snprintf(err, errlen, "a network such as 10.0.0.0/8 or 2001:db8::/32");
		return -1;
	}
	if (slash < s.len) {
		bool v4 = is_v4(&c.net) && str_find(s, ':') == s.len;
		unsigned max = v4 ? 32 : 128;
		int n = prefix_parse(str_skip(s, slash + 1), max);

		if (n < 0) {
			snprintf(err, errlen,
			    "a number of bits from 0 to %u after the /", max);
			return -1;
		}
		c.bits = (v4 ? V4_BITS : 0) + (unsigned)n;
	}
	net = masked(&c.net, c.bits);
	if (memcmp(&net, &c.net, sizeof(net)) != 0) {
		c.net = net;
		/*
		 * With fewer than 96 bits a mapped address is no longer marked as one,
		 * and is shown as IPv6.
		 */
		cidr_format(&c, meant, sizeof(meant));
		snprintf(
		    err, errlen, "%s, since bits are set behind the prefix", meant);
		return -1;
	}
	*out = c;
	return 0;
}

bool
cidr_match(const struct cidr *c, const struct cidr_addr *a)
{
	struct cidr_addr m;

	if (c->bits < V4_BITS && is_v4(a))
		return false;
	m = masked(a, c->bits);
	return memcmp(&m, &c->net, sizeof(m)) == 0;
}

/* RFC 5952: the longest run of zero groups, of two at least, becomes "::". */
static void
v6_format(const uint8_t b[16], char *out, size_t size)
{
	size_t best = 8, best_len = 1, used = 0;

	for (size_t i = 0; i < 8; i++) {
		size_t n = 0;

		while (i + n < 8 && b[2 * (i + n)] == 0 && b[2 * (i + n) + 1] == 0)
			n++;
		if (n > best_len) {
			best = i;
			best_len = n;
		}
	}
	for (size_t i = 0; i < 8 && used < size; i++) {
		unsigned group = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
		int n;

		if (i == best) {
			n = snprintf(
			    out + used, size - used, "%s", i == 0 ? "::" : ":");
			i += best_len - 1;
		} else {
			n = snprintf(
			    out + used, size - used, "%x%s", group, i < 7 ? ":" : "");
		}
		used += (size_t)n;
	}
}

void
cidr_format(const struct cidr *c, char *out, size_t size)
{
	const uint8_t *b = c->net.b;
	char text[sizeof("1111:2222:3333:4444:5555:6666:7777:8888")];

	if (c->bits >= V4_BITS && is_v4(&c->net)) {
		snprintf(out, size, "%u.%u.%u.%u/%u", b[12], b[13], b[14], b[15],
		    c->bits - V4_BITS);
		return;
	}
	v6_format(b, text, sizeof(text));
	snprintf(out, size, "%s/%u", text, c->bits);
}
