/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_ask.c - asks DNS for an SPF check, counts the questions, and tells what their
 * answers mean.
 *
 * It also finds the names of an address that resolve back to it, which both the ptr
 * mechanism and the macro %{p} need.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dns/spf_parts.h"

enum spf_result
spf_because(struct spf *s, enum spf_result r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
	return r;
}

const struct dns_answer *
spf_ask(struct spf *s, enum dns_type type, struct str name)
{
	static const struct dns_answer none = { .status = DNS_BAD_NAME };
	static const struct dns_answer enough = { .status = DNS_FAILED };
	const struct dns_answer *a;

	if (!dns_name_ok(name))
		return &none;
	if (s->questions++ >= SPF_QUESTIONS_MAX)
		return &enough;
	a = s->ask(s->self, type, name);
	s->voids += dns_void(a->status);
	return a;
}

enum spf_result
spf_trouble(
    struct spf *s, const struct dns_answer *a, enum dns_type type, const char *name)
{
	if (dns_unknown(a->status))
		return spf_because(s, SPF_TEMPERROR, "%s of %.160s: %s",
		    dns_type_name(type), name, dns_status_text(a->status));
	if (s->voids > SPF_VOIDS_MAX && !s->survey)
		return spf_because(s, SPF_PERMERROR,
		    "%.160s: more than %d void look-ups", name, SPF_VOIDS_MAX);
	return SPF_NONE;
}

bool
spf_is_v4(const struct cidr_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

bool
spf_in_network(
    const struct cidr_addr *ip, const struct cidr_addr *net, const struct spf_term *t)
{
	struct cidr wide = { .net = *net };
	bool v4 = spf_is_v4(ip);

	if (v4 != spf_is_v4(net))
		return false;
	wide.bits = v4 ? 96 + t->bits4 : t->bits6;
	for (size_t i = 0; i < 16; i++) {
		unsigned keep = wide.bits > 8 * i ? wide.bits - 8 * (unsigned)i : 0;
		unsigned mask = keep >= 8 ? 0xff : (0xff00u >> keep) & 0xff;

		if (((ip->b[i] ^ net->b[i]) & mask) != 0)
			return false;
	}
	return true;
}

void
spf_address(const struct dns_value *v, struct cidr_addr *out)
{
	*out = (struct cidr_addr) { .b = { [10] = 0xff, [11] = 0xff } };
	if (v->data.len == 16)
		memcpy(out->b, v->data.p, 16);
	else if (v->data.len == 4)
		memcpy(out->b + 12, v->data.p, 4);
}

void
spf_reverse_name(const struct cidr_addr *a, char *out, size_t size)
{
	size_t used = 0;

	if (spf_is_v4(a)) {
		snprintf(out, size, "%u.%u.%u.%u.in-addr.arpa", a->b[15], a->b[14],
		    a->b[13], a->b[12]);
		return;
	}
	out[0] = '\0';
	for (size_t i = 16; i-- > 0 && used + 4 < size; used += 4)
		snprintf(out + used, size - used, "%x.%x.", a->b[i] & 15u,
		    (unsigned)a->b[i] >> 4);
	snprintf(out + used, size - used, "ip6.arpa");
}

void
spf_validated(struct spf *s, struct spf_names *names)
{
	static const struct spf_term exact = { .bits4 = 32, .bits6 = 128 };
	enum dns_type type = spf_is_v4(&s->ip) ? DNS_A : DNS_AAAA;
	char reverse[80];
	const struct dns_answer *a, *back;
	struct cidr_addr addr;

	names->n = 0;
	spf_reverse_name(&s->ip, reverse, sizeof(reverse));
	a = spf_ask(s, DNS_PTR, str_of(reverse));
	for (size_t i = 0; i < a->n && i < SPF_HOSTS_MAX; i++) {
		bool leads_back = false;

		if (!dns_name_ok(a->v[i].data))
			continue;
		/*
		 * The owner of the address chose these names, so their void look-ups do
		 * not count against the record: ask without spf_ask().
		 */
		back = s->ask(s->self, type, a->v[i].data);
		for (size_t k = 0; k < back->n && !leads_back; k++) {
			spf_address(&back->v[k], &addr);
			leads_back = spf_in_network(&s->ip, &addr, &exact);
		}
		if (leads_back)
			names->v[names->n++] = a->v[i].data;
	}
}
