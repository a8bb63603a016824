/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffile_build.c - from libconfuse's tree to a struct conf.
 *
 * Values have been checked while they were read.  Left to do here are the titles of
 * sections, for which libconfuse has no callback.
 */
#include "config/conffile_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Set in the file, be it to an empty list. */
static bool
given(cfg_t *cfg, const char *name)
{
	return (cfg_getopt(cfg, name)->flags & CFGF_MODIFIED) != 0;
}

static int
take_text(cfg_t *cfg, const char *name, char **out)
{
	char *copy;

	if (!given(cfg, name))
		return 0;
	copy = strdup(cfg_getstr(cfg, name));
	if (copy == NULL)
		return conffile_no_memory();
	free(*out);
	*out = copy;
	return 0;
}

static int
take_list(cfg_t *cfg, const char *name, struct conf_list *out)
{
	unsigned n = cfg_size(cfg, name);

	if (!given(cfg, name))
		return 0;
	conf_list_fini(out);
	for (unsigned i = 0; i < n; i++)
		if (conf_list_add(out, cfg_getnstr(cfg, name, i)) != 0)
			return conffile_no_memory();
	return 0;
}

static void
take_bool(cfg_t *cfg, const char *name, bool *out)
{
	if (given(cfg, name))
		*out = cfg_getbool(cfg, name) == cfg_true;
}

static void
take_number(cfg_t *cfg, const char *name, uint32_t *out)
{
	if (given(cfg, name))
		*out = (uint32_t)cfg_getint(cfg, name);
}

/* A template without the white space at its ends, which means nothing in a header. */
static int
take_template(cfg_t *cfg, const char *name, struct tmpl **out)
{
	struct str text;
	char *copy, why[128];

	if (!given(cfg, name))
		return 0;
	text = str_trim(str_of(cfg_getstr(cfg, name)));
	copy = strndup(text.p, text.len);
	if (copy == NULL)
		return conffile_no_memory();
	*out = tmpl_parse(copy, why, sizeof(why));
	free(copy);
	return *out != NULL ? 0 : conffile_no_memory();
}

static int
lower_copy(const char *text, char **out)
{
	*out = strdup(text);
	if (*out == NULL)
		return conffile_no_memory();
	for (char *p = *out; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return 0;
}

/* The only section of that name, NULL when there is none; -1 when there are two. */
static int
only_section(cfg_t *cfg, const char *name, cfg_t **out)
{
	unsigned n = cfg_size(cfg, name);

	*out = n > 0 ? cfg_getnsec(cfg, name, 0) : NULL;
	if (n < 2)
		return 0;
	return conffile_fail(conffile_line_of(cfg_getnsec(cfg, name, 1)),
	    "found a second section %s, expected one: it begins in line %u", name,
	    conffile_line_of(*out));
}

static int
build_outbound(cfg_t *cfg, struct conf_outbound *o)
{
	unsigned n = cfg_size(cfg, "networks");
	char why[128];

	take_bool(cfg, "authenticated", &o->authenticated);
	take_bool(cfg, "reinjected", &o->reinjected);
	if (take_list(cfg, "daemon_names", &o->daemon_names) != 0 ||
	    take_list(cfg, "host_names", &o->host_names) != 0)
		return -1;
	if (!given(cfg, "networks"))
		return 0;
	free(o->networks);
	o->n_networks = 0;
	o->networks = calloc(n + 1, sizeof(*o->networks));
	if (o->networks == NULL)
		return conffile_no_memory();
	for (; o->n_networks < n; o->n_networks++)
		if (cidr_parse(cfg_getnstr(cfg, "networks", (unsigned)o->n_networks),
			&o->networks[o->n_networks], why, sizeof(why)) != 0)
			return conffile_fail(
			    conffile_line_of(cfg), "networks: expected %s", why);
	return 0;
}

static int
build_campaign(cfg_t *cfg, struct conf_campaign *c)
{
	take_number(cfg, "max", &c->max);
	if (given(cfg, "on_bad_source"))
		c->on_bad_source =
		    (enum conf_on_bad_source)cfg_getint(cfg, "on_bad_source");
	if (take_text(cfg, "default", &c->default_name) != 0 ||
	    take_list(cfg, "customer", &c->customer) != 0)
		return -1;
	return take_list(cfg, "sources", &c->sources);
}

static int
build_token(cfg_t *cfg, struct conf *c)
{
	unsigned n = cfg_size(cfg, "key");

	if (n == 0)
		return conffile_fail(conffile_line_of(cfg),
		    "token: found no key, expected key { id = \"a\" file = \"...\" }");
	c->token_keys = calloc(n, sizeof(*c->token_keys));
	if (c->token_keys == NULL)
		return conffile_no_memory();
	for (unsigned i = 0; i < n; i++) {
		cfg_t *sub = cfg_getnsec(cfg, "key", i);
		struct conf_token_key *k = &c->token_keys[c->n_token_keys++];

		k->line = conffile_line_of(sub);
		if (!given(sub, "id") || !given(sub, "file"))
			return conffile_fail(k->line,
			    "token: found a key without %s, expected key { id = \"a\" file = \"...\" }",
			    given(sub, "id") ? "file" : "id");
		k->id = cfg_getstr(sub, "id")[0];
		if (take_text(sub, "file", &k->file) != 0)
			return -1;
	}
	return 0;
}

static int
build_keys(cfg_t *cfg, struct conf_domain *d)
{
	unsigned n = cfg_size(cfg, "key");

	d->keys = calloc(n + 1, sizeof(*d->keys));
	if (d->keys == NULL)
		return conffile_no_memory();
	for (unsigned i = 0; i < n; i++) {
		cfg_t *sub = cfg_getnsec(cfg, "key", i);
		struct conf_key *k = &d->keys[d->n_keys++];

		k->line = conffile_line_of(sub);
		if (!given(sub, "selector") || !given(sub, "file"))
			return conffile_fail(k->line,
			    "found a key without %s, expected key { selector = \"...\" file = \"...\" }",
			    given(sub, "selector") ? "file" : "selector");
		if (take_text(sub, "selector", &k->selector) != 0 ||
		    take_text(sub, "file", &k->file) != 0)
			return -1;
	}
	return 0;
}

static int
build_domain(cfg_t *cfg, struct conf_domain *d)
{
	const char *title = cfg_title(cfg);
	char phrase[160];
	long canon;

	d->line = conffile_line_of(cfg);
	d->header_canon = CONF_CANON_RELAXED;
	d->body_canon = CONF_CANON_RELAXED;
	if (conf_check_domain_name(title, phrase, sizeof(phrase)) != 0)
		return conffile_refuse(d->line, "domain", title, phrase);
	if (lower_copy(title, &d->name) != 0)
		return -1;
	take_bool(cfg, "subdomains", &d->subdomains);
	take_number(cfg, "expire", &d->expire_s);
	if (given(cfg, "canonicalization")) {
		canon = cfg_getint(cfg, "canonicalization");
		d->header_canon =
		    (canon & 2) != 0 ? CONF_CANON_RELAXED : CONF_CANON_SIMPLE;
		d->body_canon =
		    (canon & 1) != 0 ? CONF_CANON_RELAXED : CONF_CANON_SIMPLE;
	}
	if (take_list(cfg, "users", &d->users) != 0 ||
	    take_list(cfg, "also_sign", &d->also_sign) != 0)
		return -1;
	return build_keys(cfg, d);
}

static int
build_matches(cfg_t *cfg, struct conf_stream *s)
{
	unsigned n = cfg_size(cfg, "match");

	s->match = calloc(n + 1, sizeof(*s->match));
	if (s->match == NULL)
		return conffile_no_memory();
	for (unsigned i = 0; i < n; i++) {
		cfg_t *sub = cfg_getnsec(cfg, "match", i);
		struct conf_match *m = &s->match[s->n_match++];

		if (take_list(sub, "campaign", &m->campaign) != 0 ||
		    take_list(sub, "from_domain", &m->from_domain) != 0 ||
		    take_list(sub, "envelope_domain", &m->envelope_domain) != 0 ||
		    take_list(sub, "user", &m->user) != 0 ||
		    take_list(sub, "tag", &m->tag) != 0)
			return -1;
	}
	return 0;
}

static int
build_headers(cfg_t *cfg, enum conf_edit edit, const char *what,
    struct conf_header **out, size_t *len)
{
	unsigned n = cfg_size(cfg, what);
	char why[256];

	*out = calloc(n + 1, sizeof(**out));
	if (*out == NULL)
		return conffile_no_memory();
	for (unsigned i = 0; i < n; i++) {
		cfg_t *sub = cfg_getnsec(cfg, what, i);
		const char *name = cfg_title(sub);
		struct conf_header *h = &(*out)[(*len)++];

		if (conf_check_field_name(name, why, sizeof(why)) != 0)
			return conffile_refuse(conffile_line_of(sub), what, name, why);
		if (conf_check_edit(edit, name, why, sizeof(why)) != 0)
			return conffile_fail(
			    conffile_line_of(sub), "%s: %s", what, why);
		if (!given(sub, "value"))
			return conffile_fail(conffile_line_of(sub),
			    "found %s \"%s\" without value, expected { value = \"...\" }",
			    what, name);
		h->name = strdup(name);
		if (h->name == NULL)
			return conffile_no_memory();
		if (take_template(sub, "value", &h->value) != 0)
			return -1;
	}
	return 0;
}

/* What of the sender is replaced, where the file says so. */
static int
build_replace(cfg_t *cfg, struct conf_track *t)
{
	struct conf_list list = { 0 };

	if (!given(cfg, "replace"))
		return 0;
	if (take_list(cfg, "replace", &list) != 0)
		return -1;
	t->keep_feedback_id = !conf_list_has(&list, STR("Feedback-ID"));
	t->replace_list_unsubscribe = conf_list_has(&list, STR("List-Unsubscribe"));
	t->replace_list_id = conf_list_has(&list, STR("List-Id"));
	conf_list_fini(&list);
	return 0;
}

static int
build_track(cfg_t *cfg, struct conf_track *t)
{
	const struct {
		const char *name;
		struct tmpl **to;
	} rows[] = {
		{ "list_unsubscribe", &t->list_unsubscribe },
		{ "list_unsubscribe_mailto", &t->list_unsubscribe_mailto },
		{ "list_unsubscribe_list", &t->list_unsubscribe_list },
		{ "list_id", &t->list_id },
		{ "return_path", &t->return_path },
		{ "cfbl_address", &t->cfbl_address },
		{ "cfbl_feedback_id", &t->cfbl_feedback_id },
		{ "message_id", &t->message_id },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (take_template(cfg, rows[i].name, rows[i].to) != 0)
			return -1;
	take_bool(cfg, "one_click", &t->one_click);
	take_bool(cfg, "remove_leaks", &t->remove_leaks);
	if (given(cfg, "several_recipients"))
		t->several = (enum conf_several)cfg_getint(cfg, "several_recipients");
	return build_replace(cfg, t);
}

static int
build_stream(cfg_t *cfg, struct conf_stream *s)
{
	const char *title = cfg_title(cfg);
	char phrase[160];

	s->line = conffile_line_of(cfg);
	if (conf_check_stream_name(title, phrase, sizeof(phrase)) != 0)
		return conffile_refuse(s->line, "stream", title, phrase);
	s->name = strdup(title);
	if (s->name == NULL)
		return conffile_no_memory();
	take_bool(cfg, "transactional", &s->transactional);
	if (build_matches(cfg, s) != 0 ||
	    build_headers(cfg, CONF_EDIT_ADD, "add", &s->add, &s->n_add) != 0 ||
	    build_headers(cfg, CONF_EDIT_SET, "set", &s->set, &s->n_set) != 0 ||
	    take_list(cfg, "remove", &s->remove) != 0 ||
	    conffile_inspect(cfg, &s->inspect) != 0)
		return -1;
	if (take_template(cfg, "feedback_id", &s->feedback_id) != 0)
		return -1;
	return build_track(cfg, &s->track);
}

static int
build_top(cfg_t *cfg, struct conf *c)
{
	size_t n;
	const struct setting *table = settings_table(&n);

	for (const struct setting *s = table; s < table + n; s++) {
		if (!given(cfg, s->name))
			continue;
		if (s->type == SETTING_TRUTH)
			setting_set_number(s, c, cfg_getbool(cfg, s->name) == cfg_true);
		else if (s->type == SETTING_NUMBER)
			setting_set_number(s, c, (int32_t)cfg_getint(cfg, s->name));
		else if (setting_set_text(s, c, cfg_getstr(cfg, s->name)) != 0)
			return conffile_no_memory();
	}
	return 0;
}

int
conffile_build(cfg_t *cfg, struct conf *c)
{
	unsigned n_domains = cfg_size(cfg, "domain"),
		 n_streams = cfg_size(cfg, "stream");
	cfg_t *outbound, *campaign, *token;

	if (build_top(cfg, c) != 0 || only_section(cfg, "outbound", &outbound) != 0 ||
	    only_section(cfg, "campaign", &campaign) != 0 ||
	    only_section(cfg, "token", &token) != 0 ||
	    conffile_inspect(cfg, &c->inspect) != 0 ||
	    (token != NULL && build_token(token, c) != 0) ||
	    (outbound != NULL && build_outbound(outbound, &c->outbound) != 0) ||
	    (campaign != NULL && build_campaign(campaign, &c->campaign) != 0))
		return -1;
	c->domains = calloc(n_domains + 1, sizeof(*c->domains));
	c->streams = calloc(n_streams + 1, sizeof(*c->streams));
	if (c->domains == NULL || c->streams == NULL)
		return conffile_no_memory();
	for (unsigned i = 0; i < n_domains; i++)
		if (build_domain(cfg_getnsec(cfg, "domain", i),
			&c->domains[c->n_domains++]) != 0)
			return -1;
	for (unsigned i = 0; i < n_streams; i++)
		if (build_stream(cfg_getnsec(cfg, "stream", i),
			&c->streams[c->n_streams++]) != 0)
			return -1;
	return 0;
}
