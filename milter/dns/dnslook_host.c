/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnslook_host.c - judges mail servers, and the names of addresses.  See dns/dnslook.h.
 *
 * A domain can receive mail if at least one of its mail servers has an address.  If
 * none has, one failed question makes the finding unknown, since that server may have
 * one.
 */
#include <string.h>

#include "dns/dnslook_parts.h"
#include "dns/spf_parts.h"
#include "text/visible.h"

#define HOSTS_MAX 20
#define SHOWN_MAX 80

/* DNS_FOUND if the host has an IPv4 or IPv6 address, else why none was found. */
static enum dns_status
find_addresses(const struct dnslook *l, struct str host)
{
	const struct dns_answer *v4, *v6;

	if (!dns_name_ok(host))
		return DNS_BAD_NAME;
	v4 = l->ask(l->self, DNS_A, host);
	if (v4->status == DNS_FOUND)
		return DNS_FOUND;
	v6 = l->ask(l->self, DNS_AAAA, host);
	if (v6->status == DNS_FOUND || dns_unknown(v6->status))
		return v6->status;
	return v4->status;
}

/* A domain without MX receives mail at its own address (RFC 5321 5.1). */
static void
judge_implicit(const struct dnslook *l, const char *name, struct dnslook_finding *f)
{
	enum dns_status status = find_addresses(l, str_of(name));

	if (status == DNS_FOUND)
		dnslook_say(f, DNSLOOK_WARN,
		    "%s has no MX, so mail for it goes to its own address; some receivers distrust such senders",
		    name);
	else
		dnslook_say(f, dns_unknown(status) ? DNSLOOK_UNKNOWN : DNSLOOK_FAIL,
		    "%s has neither MX nor address, so no reply can reach it (%s)",
		    name, dns_status_text(status));
}

static void
judge_servers(const struct dnslook *l, const struct dns_answer *a, const char *name,
    struct dnslook_finding *f)
{
	enum dns_status status = DNS_NO_NAME;

	for (size_t i = 0; i < a->n && i < HOSTS_MAX && status != DNS_FOUND; i++) {
		enum dns_status one = find_addresses(l, a->v[i].data);

		if (one == DNS_FOUND || !dns_unknown(status))
			status = one;
	}
	if (status == DNS_FOUND)
		dnslook_say(f, DNSLOOK_PASS, "%s: %zu mail server%s", name, a->n,
		    a->n == 1 ? "" : "s");
	else
		dnslook_say(f, dns_unknown(status) ? DNSLOOK_UNKNOWN : DNSLOOK_FAIL,
		    "%s: none of its mail servers has an address (%s)", name,
		    dns_status_text(status));
}

void
dnslook_mx(const struct dnslook *l, struct str domain, struct dnslook_finding *f)
{
	char name[DNSLOOK_NAME_MAX];
	const struct dns_answer *a;

	if (!dnslook_name(name, "", domain)) {
		dnslook_say(f, DNSLOOK_FAIL, "the domain is not a valid DNS name");
		return;
	}
	a = dnslook_ask(l, DNS_MX, name, DNSLOOK_FAIL, f);
	if (dns_void(a->status))
		judge_implicit(l, name, f);
	else if (a->n == 1 && a->v[0].data.len == 0)
		dnslook_say(f, DNSLOOK_FAIL,
		    "%s says that it takes no mail (null MX, RFC 7505)", name);
	else if (a->n > 0)
		judge_servers(l, a, name, f);
}

static bool
leads_back(const struct dns_answer *a, const struct cidr_addr *ip)
{
	size_t skip = spf_is_v4(ip) ? 12 : 0;

	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].data.len == 16 - skip &&
		    memcmp(a->v[i].data.p, ip->b + skip, 16 - skip) == 0)
			return true;
	return false;
}

void
dnslook_reverse(
    const struct dnslook *l, const struct cidr_addr *ip, struct dnslook_finding *f)
{
	enum dns_type type = spf_is_v4(ip) ? DNS_A : DNS_AAAA;
	char reverse[80];
	const struct dns_answer *a, *back;
	struct buf shown;
	bool unknown = false;

	spf_reverse_name(ip, reverse, sizeof(reverse));
	a = dnslook_ask(l, DNS_PTR, reverse, DNSLOOK_FAIL, f);
	if (a->status != DNS_FOUND)
		return;
	buf_init(&shown, 8 * SHOWN_MAX);
	visible_quote(&shown, a->v[0].data, SHOWN_MAX);
	for (size_t i = 0; i < a->n && i < HOSTS_MAX; i++) {
		if (!dns_name_ok(a->v[i].data))
			continue;
		back = l->ask(l->self, type, a->v[i].data);
		unknown |= dns_unknown(back->status);
		if (!leads_back(back, ip))
			continue;
		buf_reset(&shown);
		visible_quote(&shown, a->v[i].data, SHOWN_MAX);
		dnslook_say(f, DNSLOOK_PASS, "its name %s leads back to it", shown.p);
		buf_fini(&shown);
		return;
	}
	dnslook_say(f, unknown ? DNSLOOK_UNKNOWN : DNSLOOK_FAIL,
	    "its name %s does not lead back to it", shown.p);
	buf_fini(&shown);
}
