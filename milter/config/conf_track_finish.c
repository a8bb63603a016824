/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_track_finish.c - settings of tracking fields: what can only be judged with all
 * of a stream, and with the domains.
 */
#include "config/conf_track.h"

#include <stdio.h>
#include <string.h>

#include "config/cfbl.h"
#include "config/conf.h"
#include "mail/domain.h"

static int
expected(char *err, size_t errlen, const char *phrase)
{
	snprintf(err, errlen, "%s", phrase);
	return -1;
}

static bool
uses(const struct tmpl *t, enum tmpl_var var)
{
	return t != NULL && tmpl_uses(t, var);
}

bool
conf_stream_uses(const struct conf_stream *s, enum tmpl_var var)
{
	const struct conf_track *t = &s->track;

	for (size_t i = 0; i < s->n_set; i++)
		if (uses(s->set[i].value, var))
			return true;
	for (size_t i = 0; i < s->n_add; i++)
		if (uses(s->add[i].value, var))
			return true;
	return uses(s->feedback_id, var) || uses(t->list_unsubscribe, var) ||
	    uses(t->list_unsubscribe_mailto, var) ||
	    uses(t->list_unsubscribe_list, var) || uses(t->list_id, var) ||
	    uses(t->return_path, var) || uses(t->cfbl_address, var) ||
	    uses(t->cfbl_feedback_id, var) || uses(t->message_id, var);
}

static bool
ruled(const struct conf_stream *s, const char *name)
{
	for (size_t i = 0; i < s->n_set; i++)
		if (str_caseeq(str_of(s->set[i].name), str_of(name)))
			return true;
	for (size_t i = 0; i < s->n_add; i++)
		if (str_caseeq(str_of(s->add[i].name), str_of(name)))
			return true;
	return conf_list_has(&s->remove, str_of(name));
}

/* A field that a setting writes is in no rule. */
static int
check_rules(const struct conf_stream *s, char *err, size_t errlen)
{
	const struct conf_track *t = &s->track;
	const struct {
		bool set;
		const char *setting, *field;
	} rows[] = {
		{ t->list_unsubscribe != NULL || t->list_unsubscribe_mailto != NULL,
		    "list_unsubscribe", "List-Unsubscribe" },
		{ t->list_id != NULL, "list_id", "List-Id" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].set && ruled(s, rows[i].field)) {
			snprintf(err, errlen,
			    "found %s in %s and in a rule, expected one of them",
			    rows[i].field, rows[i].setting);
			return -1;
		}
	return 0;
}

static int
check_unsubscribe(const struct conf_track *t, char *err, size_t errlen)
{
	bool personal = uses(t->list_unsubscribe, TMPL_TOKEN);

	if (t->one_click && !personal)
		return expected(err, errlen,
		    "found one_click = true, expected list_unsubscribe with %{token} too: the URL alone must tell who unsubscribes (RFC 8058 3.1)");
	if (t->list_unsubscribe_list != NULL && !personal)
		return expected(err, errlen,
		    "found list_unsubscribe_list, expected list_unsubscribe with %{token} too: without a token it is the same for all as it is");
	if (t->several != CONF_SEVERAL_LIST && !personal)
		return expected(err, errlen,
		    "found several_recipients, expected list_unsubscribe with %{token} too: without a token it is the same for all as it is");
	if (t->several != CONF_SEVERAL_LIST && t->list_unsubscribe_list != NULL)
		return expected(err, errlen,
		    "found list_unsubscribe_list, expected several_recipients = list with it");
	return 0;
}

/* Names of From that the stream asks for, with no * or ? in them. */
static bool
is_plain(const char *pattern)
{
	return strpbrk(pattern, "*?") == NULL;
}

/* The From domain, asked for by the stream, that cannot align; NULL: none is known. */
static const char *
misaligned_match(const struct conf *c, const struct conf_stream *s, struct str domain)
{
	for (size_t i = 0; i < s->n_match; i++)
		for (size_t k = 0; k < s->match[i].from_domain.n; k++) {
			const char *from = s->match[i].from_domain.v[k];
			const struct conf_domain *d;

			if (!is_plain(from))
				continue;
			d = conf_domain_for(c, str_of(from));
			if (d == NULL && c->domain_table[0] != '\0')
				continue;
			if (!cfbl_aligned(domain, str_of(from), d))
				return from;
		}
	return NULL;
}

static bool
some_domain_aligns(const struct conf *c, struct str domain)
{
	for (size_t i = 0; i < c->n_domains; i++) {
		const struct conf_domain *d = &c->domains[i];

		if (cfbl_aligned(domain, str_of(d->name), d) ||
		    (d->subdomains && domain_below(domain, str_of(d->name))))
			return true;
	}
	return false;
}

static int
check_cfbl(const struct conf *c, const struct conf_stream *s, char *err, size_t errlen)
{
	const struct conf_track *t = &s->track;
	const char *from;
	struct str domain;

	if (t->cfbl_address == NULL) {
		if (t->cfbl_feedback_id == NULL)
			return 0;
		return expected(err, errlen,
		    "found cfbl_feedback_id, expected cfbl_address too: without it nobody reports (RFC 9477)");
	}
	domain = conf_track_cfbl_domain(str_of(tmpl_text(t->cfbl_address)));
	from = misaligned_match(c, s, domain);
	if (from != NULL) {
		snprintf(err, errlen,
		    "cfbl_address: found the domain %.*s, expected %s or one below it, or a signature of it on mail From %s: also_sign = {\"%.*s\"} in its domain section (RFC 9477 3.1)",
		    (int)domain.len, domain.p, from, from, (int)domain.len, domain.p);
		return -1;
	}
	if (c->domain_table[0] == '\0' && !some_domain_aligns(c, domain)) {
		snprintf(err, errlen,
		    "cfbl_address: found the domain %.*s, expected that of a domain section, or one below it, or one that also signs: reports are sent only to an address that a signature vouches for (RFC 9477 3.1)",
		    (int)domain.len, domain.p);
		return -1;
	}
	return 0;
}

int
conf_track_finish(
    const struct conf *c, const struct conf_stream *s, char *err, size_t errlen)
{
	if (c->n_token_keys == 0 && conf_stream_uses(s, TMPL_TOKEN))
		return expected(err, errlen,
		    "found %{token}, expected a section token { key { ... } } too: without a key no token can be made");
	if (check_unsubscribe(&s->track, err, errlen) != 0 ||
	    check_rules(s, err, errlen) != 0)
		return -1;
	return check_cfbl(c, s, err, errlen);
}

bool
conf_track_advise(
    const struct conf *c, const struct conf_stream *s, char *text, size_t size)
{
	struct str domain;

	if (s->track.cfbl_address == NULL)
		return false;
	domain = conf_track_cfbl_domain(str_of(tmpl_text(s->track.cfbl_address)));
	for (size_t i = 0; i < c->n_domains; i++) {
		const struct conf_domain *d = &c->domains[i];

		if (cfbl_aligned(domain, str_of(d->name), d))
			continue;
		snprintf(text, size,
		    "cfbl_address: mail From %s gets none, since no signature on it is of %.*s",
		    d->name, (int)domain.len, domain.p);
		return true;
	}
	return false;
}
