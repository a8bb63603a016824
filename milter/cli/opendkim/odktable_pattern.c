/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odktable_pattern.c - what a pattern of SigningTable says about domains.
 */
#include <string.h>

#include "cli/opendkim/odktable_parts.h"
#include "mail/addr.h"

static void
refuse(struct odktable_pattern *p, enum odktable_weight weight, const char *reason)
{
	p->n = 0;
	p->weight = weight;
	p->reason = reason;
}

static void
take(struct odktable_pattern *p, enum odktable_kind kind, struct str domain)
{
	p->kind[p->n++] = kind;
	p->domain = domain;
}

static bool
has_star(struct str s)
{
	return str_find(s, '*') < s.len;
}

/* What stands behind the *@ of a refile, or a pattern that begins with *. */
static void
take_domains(struct odktable_pattern *p, struct str s)
{
	struct str rest = str_skip(s, 1);

	if (str_eq(s, STR("*"))) {
		take(p, ODKTABLE_ANY, STR(""));
	} else if (s.len == 0 || has_star(rest)) {
		refuse(p, ODKTABLE_LOST,
		    "a * within a domain cannot be said in metermark.conf");
	} else if (s.p[0] != '*') {
		take(p, ODKTABLE_EXACT, s);
	} else if (rest.p[0] == '.') {
		take(p, ODKTABLE_BELOW, str_skip(rest, 1));
	} else {
		take(p, ODKTABLE_EXACT, rest);
		take(p, ODKTABLE_BELOW, rest);
		p->weight = ODKTABLE_LOST;
		p->reason =
		    "taken as that domain and all below it; opendkim signs for all that end so as well, such as notexample.com for *example.com";
	}
}

/* A whole address is matched, so a pattern without @ must begin with a *. */
static void
take_refile(struct odktable_pattern *p, struct str s)
{
	size_t at = str_rfind(s, '@');
	struct str local = str_make(s.p, at);

	for (size_t i = 0; i < s.len; i++)
		if (strchr("[](){}|?^$\\", s.p[i]) != NULL) {
			refuse(p, ODKTABLE_LOST,
			    "regular expressions cannot be said in metermark.conf");
			return;
		}
	if (at == s.len && !has_star(s))
		refuse(p, ODKTABLE_NOTE,
		    "it never matches, as a refile: is asked for whole addresses; *@ in front of the domain was meant");
	else if (at == s.len && s.p[0] != '*')
		refuse(p, ODKTABLE_LOST,
		    "metermark chooses keys by domain, not by the part before the @");
	else if (at == s.len)
		take_domains(p, s);
	else if (local.len == 0)
		refuse(p, ODKTABLE_NOTE,
		    "it never matches, as something stands before the @ of every address");
	else if (!str_eq(local, STR("*")))
		refuse(p, ODKTABLE_LOST,
		    "metermark chooses keys by domain, not by the part before the @");
	else
		take_domains(p, str_skip(s, at + 1));
}

static void
take_plain(struct odktable_pattern *p, struct str s)
{
	size_t at = str_rfind(s, '@');

	if (str_eq(s, STR("*")))
		take(p, ODKTABLE_ANY, STR(""));
	else if (at < s.len && str_eq(str_make(s.p, at), STR("*")))
		refuse(p, ODKTABLE_NOTE,
		    "it never matches, as a * before the @ means something in a refile: only");
	else if (at < s.len)
		refuse(p, ODKTABLE_LOST,
		    "metermark chooses keys by domain, not by the part before the @");
	else if (has_star(s))
		refuse(p, ODKTABLE_NOTE,
		    "it never matches, as a * within a name means something in a refile: only");
	else if (s.p[0] == '.')
		take(p, ODKTABLE_BELOW, str_skip(s, 1));
	else
		take(p, ODKTABLE_EXACT, s);
}

void
odktable_pattern(struct str text, bool refile, struct odktable_pattern *out)
{
	char name[ADDR_DOMAIN_MAX + 1], phrase[256];

	*out = (struct odktable_pattern) { .domain = STR("") };
	if (refile)
		take_refile(out, text);
	else
		take_plain(out, text);
	if (out->n == 0 || out->kind[0] == ODKTABLE_ANY)
		return;
	if (out->domain.len < sizeof(name)) {
		memcpy(name, out->domain.p, out->domain.len);
		name[out->domain.len] = '\0';
		if (conf_check_domain_name(name, phrase, sizeof(phrase)) == 0)
			return;
	}
	refuse(
	    out, ODKTABLE_LOST, "what it names is no domain name such as example.com");
}
