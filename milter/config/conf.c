/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf.c - the settings as plain values: defaults, release, look-ups.  The checks are
 * in conf_check.c and conf_finish.c.
 */
#include "config/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/camp.h"
#include "config/domtable.h"
#include "text/glob.h"

int
conf_list_add(struct conf_list *l, const char *text)
{
	char *copy = strdup(text);
	char **v = reallocarray(l->v, l->n + 1, sizeof(*v));

	if (v != NULL)
		l->v = v;
	if (v == NULL || copy == NULL) {
		free(copy);
		return -1;
	}
	l->v[l->n++] = copy;
	return 0;
}

void
conf_list_fini(struct conf_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct conf_list) { 0 };
}

bool
conf_list_match(const struct conf_list *l, struct str text)
{
	for (size_t i = 0; i < l->n; i++)
		if (glob_match(str_of(l->v[i]), text))
			return true;
	return false;
}

bool
conf_list_has(const struct conf_list *l, struct str text)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_caseeq(str_of(l->v[i]), text))
			return true;
	return false;
}

/* Whose mail is ours unless told: this host's own. */
static int
default_networks(struct conf_outbound *o)
{
	static const char *const local[] = { "127.0.0.0/8", "::1/128" };
	const size_t n = sizeof(local) / sizeof(local[0]);
	char err[64];

	o->networks = calloc(n, sizeof(*o->networks));
	if (o->networks == NULL)
		return -1;
	for (; o->n_networks < n; o->n_networks++)
		if (cidr_parse(local[o->n_networks], &o->networks[o->n_networks], err,
			sizeof(err)) != 0)
			return -1;
	return 0;
}

static int
default_sources(struct conf_list *l)
{
	size_t n;
	const struct source *s = source_table(&n);

	for (size_t i = 0; i < n; i++)
		if (conf_list_add(l, s[i].id) != 0)
			return -1;
	return 0;
}

/* What applications of many customers call the customer.  "customer" itself is not
 * among them: shops mean the recipient by it. */
static int
default_customer(struct conf_list *l)
{
	return conf_list_add(l, "tenant") == 0 ? conf_list_add(l, "subaccount") : -1;
}

int
conf_init(struct conf *c)
{
	*c = (struct conf) {
		.outbound.authenticated = true,
		.campaign.max = 10000,
	};
	c->campaign.default_name = strdup(CAMP_NONE);
	if (settings_init(c) != 0 || c->campaign.default_name == NULL)
		return -1;
	if (default_networks(&c->outbound) != 0)
		return -1;
	if (default_customer(&c->campaign.customer) != 0)
		return -1;
	return default_sources(&c->campaign.sources);
}

static void
domain_fini(struct conf_domain *d)
{
	for (size_t i = 0; i < d->n_keys; i++) {
		free(d->keys[i].selector);
		free(d->keys[i].file);
	}
	free(d->keys);
	free(d->name);
	conf_list_fini(&d->users);
	conf_list_fini(&d->also_sign);
	free(d->also);
}

static void
headers_fini(struct conf_header *h, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(h[i].name);
		tmpl_free(h[i].value);
	}
	free(h);
}

static void
stream_fini(struct conf_stream *s)
{
	for (size_t i = 0; i < s->n_match; i++) {
		conf_list_fini(&s->match[i].campaign);
		conf_list_fini(&s->match[i].from_domain);
		conf_list_fini(&s->match[i].envelope_domain);
		conf_list_fini(&s->match[i].user);
		conf_list_fini(&s->match[i].tag);
	}
	free(s->match);
	headers_fini(s->add, s->n_add);
	headers_fini(s->set, s->n_set);
	conf_list_fini(&s->remove);
	tmpl_free(s->feedback_id);
	conf_track_fini(&s->track);
	free(s->name);
}

void
conf_place(const struct conf *c, unsigned line, char *out, size_t size)
{
	const char *file = c->file != NULL ? c->file : "metermark.conf";

	if (line != 0)
		snprintf(out, size, "%s:%u: ", file, line);
	else
		snprintf(out, size, "%s: ", file);
}

void
conf_fini(struct conf *c)
{
	for (size_t i = 0; i < c->n_domains; i++)
		domain_fini(&c->domains[i]);
	for (size_t i = 0; i < c->n_streams; i++)
		stream_fini(&c->streams[i]);
	for (size_t i = 0; i < c->n_token_keys; i++)
		free(c->token_keys[i].file);
	free(c->token_keys);
	free(c->domains);
	free(c->domain_index);
	free(c->streams);
	free(c->outbound.networks);
	conf_list_fini(&c->outbound.daemon_names);
	conf_list_fini(&c->outbound.host_names);
	conf_list_fini(&c->campaign.sources);
	conf_list_fini(&c->campaign.customer);
	free(c->campaign.default_name);
	free(c->file);
	settings_fini(c);
	domtable_free(c->table);
	*c = (struct conf) { 0 };
}

static const struct conf_domain *
find(const struct conf *c, struct str name)
{
	size_t low = 0, high = c->domain_index == NULL ? 0 : c->n_domains;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct conf_domain *d = &c->domains[c->domain_index[mid]];
		int order = str_casecmp(name, str_of(d->name));

		if (order == 0)
			return d;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const struct conf_domain *
conf_domain_for(const struct conf *c, struct str from_domain)
{
	const struct conf_domain *d = find(c, from_domain);

	while (d == NULL && from_domain.len > 0) {
		from_domain = str_skip(from_domain, str_find(from_domain, '.') + 1);
		d = find(c, from_domain);
		if (d != NULL && !d->subdomains)
			d = NULL;
	}
	return d;
}

size_t
conf_domain_signatures(const struct conf_domain *d)
{
	size_t n = d->n_keys;

	for (size_t i = 0; i < d->n_also; i++)
		n += d->also[i]->n_keys;
	return n;
}

bool
conf_domain_allows(const struct conf_domain *d, struct str user)
{
	if (user.len == 0)
		return false;
	return conf_list_has(&d->users, STR("*")) || conf_list_has(&d->users, user);
}

bool
conf_has_users(const struct conf *c)
{
	if (!c->outbound.authenticated)
		return false;
	for (size_t i = 0; i < c->n_domains; i++)
		if (c->domains[i].users.n > 0)
			return true;
	return c->table != NULL && domtable_has_users(c->table);
}
