/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsparse.c - parses answers of DNS.  See the header.
 *
 * The answer section is read once for each alias: follow_alias() replaces the wanted
 * name by the target of its CNAME until it has none, then collect_records() takes the
 * records of the last name.  The order of records in the answer therefore does not
 * matter, and records of other names are ignored.
 */
#include "dns/dnsparse.h"

#include <arpa/nameser.h>
#include <string.h>
#include <strings.h>

struct parse {
	struct arena *arena;
	ns_msg msg;
	enum dns_type type;
	char name[NS_MAXDNAME]; /* the name whose records are wanted: the question's, or
	                           where its aliases lead */
	struct dns_value v[DNS_VALUES_MAX];
	size_t n, bytes;
};

/* Expands the compressed name at a place of the message.  -1 if it is invalid. */
static int
name_at(const struct parse *p, const unsigned char *at, char out[NS_MAXDNAME])
{
	return ns_name_uncompress(
	    ns_msg_base(p->msg), ns_msg_end(p->msg), at, out, NS_MAXDNAME);
}

/*
 * Follows one alias of p->name.  Returns 1, or 0 if the name has no alias, or -1 if the
 * answer is damaged.
 */
static int
follow_alias(struct parse *p)
{
	char target[NS_MAXDNAME];
	ns_rr rr;

	for (int i = 0; i < ns_msg_count(p->msg, ns_s_an); i++) {
		if (ns_parserr(&p->msg, ns_s_an, i, &rr) != 0)
			return -1;
		if (ns_rr_type(rr) != ns_t_cname || ns_rr_class(rr) != ns_c_in ||
		    strcasecmp(ns_rr_name(rr), p->name) != 0)
			continue;
		if (name_at(p, ns_rr_rdata(rr), target) < 0)
			return -1;
		memcpy(p->name, target, strlen(target) + 1);
		return 1;
	}
	return 0;
}

/*
 * Joins the strings of a TXT record.  The result's p is NULL if the record is damaged,
 * or memory is short.
 */
static struct str
join_strings(struct parse *p, const unsigned char *d, size_t n)
{
	char *out = arena_alloc(p->arena, n + 1);
	size_t used = 0;

	while (out != NULL && n > 0) {
		size_t len = d[0];

		if (len + 1 > n)
			return (struct str) { NULL, 0 };
		memcpy(out + used, d + 1, len);
		used += len;
		d += len + 1;
		n -= len + 1;
	}
	if (out != NULL)
		out[used] = '\0';
	return (struct str) { out, used };
}

static struct str
copy_name(struct parse *p, const unsigned char *at)
{
	char text[NS_MAXDNAME];
	struct str s;

	if (name_at(p, at, text) < 0)
		return (struct str) { NULL, 0 };
	s = str_of(text);
	return arena_copy(p->arena, str_eq(s, STR(".")) ? STR("") : s);
}

static struct str
copy_bytes(struct parse *p, const unsigned char *d, size_t n, size_t expected)
{
	if (n != expected)
		return (struct str) { NULL, 0 };
	return arena_copy(p->arena, str_make((const char *)d, n));
}

static enum dns_status
take_record(struct parse *p, const ns_rr *rr)
{
	const unsigned char *d = ns_rr_rdata(*rr);
	size_t n = ns_rr_rdlen(*rr);
	struct dns_value *v = &p->v[p->n];

	if (p->n == DNS_VALUES_MAX || p->bytes + n > DNS_BYTES_MAX)
		return DNS_LARGE;
	*v = (struct dns_value) { .data = { NULL, 0 } };
	switch (p->type) {
	case DNS_A:
		v->data = copy_bytes(p, d, n, 4);
		break;
	case DNS_AAAA:
		v->data = copy_bytes(p, d, n, 16);
		break;
	case DNS_TXT:
		v->data = join_strings(p, d, n);
		break;
	case DNS_PTR:
		v->data = copy_name(p, d);
		break;
	case DNS_MX:
		if (n < 3)
			return DNS_BROKEN;
		v->preference = (uint16_t)ns_get16(d);
		v->data = copy_name(p, d + 2);
		break;
	}
	if (v->data.p == NULL)
		return arena_limited(p->arena) ? DNS_LARGE : DNS_BROKEN;
	p->n++;
	p->bytes += n;
	return DNS_FOUND;
}

static enum dns_status
collect_records(struct parse *p)
{
	enum dns_status status;
	ns_rr rr;

	for (int i = 0; i < ns_msg_count(p->msg, ns_s_an); i++) {
		if (ns_parserr(&p->msg, ns_s_an, i, &rr) != 0)
			return DNS_BROKEN;
		if ((int)ns_rr_type(rr) != (int)p->type || ns_rr_class(rr) != ns_c_in ||
		    strcasecmp(ns_rr_name(rr), p->name) != 0)
			continue;
		status = take_record(p, &rr);
		if (status != DNS_FOUND)
			return status;
	}
	if (p->n > 0)
		return DNS_FOUND;
	return ns_msg_getflag(p->msg, ns_f_rcode) == ns_r_nxdomain ? DNS_NO_NAME
								   : DNS_NO_DATA;
}

static enum dns_status
parse_answer(struct parse *p, const unsigned char *wire, size_t n)
{
	int rcode, more = 1;
	ns_rr question;

	if (n > NS_MAXMSG || ns_initparse(wire, (int)n, &p->msg) != 0 ||
	    ns_msg_count(p->msg, ns_s_qd) != 1 ||
	    ns_parserr(&p->msg, ns_s_qd, 0, &question) != 0)
		return DNS_BROKEN;
	rcode = ns_msg_getflag(p->msg, ns_f_rcode);
	if (rcode != ns_r_noerror && rcode != ns_r_nxdomain)
		return DNS_FAILED;
	memcpy(p->name, ns_rr_name(question), strlen(ns_rr_name(question)) + 1);
	for (int aliases = 0; more == 1; aliases++) {
		more = follow_alias(p);
		if (more < 0)
			return DNS_BROKEN;
		if (aliases == DNS_ALIASES_MAX)
			return DNS_LOOP;
	}
	return collect_records(p);
}

void
dnsparse(struct arena *arena, enum dns_type type, const unsigned char *wire, size_t n,
    struct dns_answer *out)
{
	struct parse p = { .arena = arena, .type = type };
	enum dns_status status = parse_answer(&p, wire, n);
	struct dns_value *v = NULL;

	if (status == DNS_FOUND) {
		v = arena_alloc(arena, p.n * sizeof(*v));
		if (v != NULL)
			memcpy(v, p.v, p.n * sizeof(*v));
		else
			status = DNS_LARGE;
	}
	*out = (struct dns_answer) { status, v != NULL ? p.n : 0, v };
}
