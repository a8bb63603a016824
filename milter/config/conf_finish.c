/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_finish.c - what can only be judged with all settings read: contradictions, which
 * are errors, and settings that are hardly meant, which are warnings.
 */
#include "config/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A bounce may come back this long after the message: Postfix and Sendmail, 5 days. */
#define QUEUE_LIFETIME_S 432000

struct complaint {
	const struct conf *conf;
	char *err;
	size_t errlen;
};

static int complain(const struct complaint *, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
complain(const struct complaint *to, unsigned line, const char *fmt, ...)
{
	size_t used = 0;
	va_list ap;

	to->err[0] = '\0';
	if (to->conf->file != NULL && line != 0) {
		snprintf(to->err, to->errlen, "%s:%u: ", to->conf->file, line);
		used = strlen(to->err);
	}
	va_start(ap, fmt);
	vsnprintf(to->err + used, to->errlen - used, fmt, ap);
	va_end(ap);
	return -1;
}

static int
check_listen(const struct conf *c, const struct complaint *to)
{
	char phrase[160];
	bool tcp;

	if (conf_check_listen(c->listen, &tcp, phrase, sizeof(phrase)) != 0)
		return complain(to, c->lines.listen,
		    "listen: found \"%s\", expected %s", c->listen, phrase);
	if (tcp && !c->allow_tcp)
		return complain(to, c->lines.listen,
		    "listen: found \"%s\", expected a unix: socket, or allow_tcp = true as well: every user of every host that can connect to that port can have mail signed",
		    c->listen);
	return 0;
}

static int
check_domain(const struct conf_domain *d, const struct complaint *to)
{
	if (d->n_keys == 0)
		return complain(to, d->line,
		    "domain \"%s\": found no key, expected key { selector = \"...\" file = \"...\" }",
		    d->name);
	if (d->n_keys > CONF_KEYS_MAX)
		return complain(to, d->line,
		    "domain \"%s\": found %zu keys, expected at most %d: each is a signature on every message",
		    d->name, d->n_keys, CONF_KEYS_MAX);
	for (size_t i = 0; i < d->n_keys; i++)
		for (size_t k = 0; k < i; k++)
			if (str_caseeq(str_of(d->keys[i].selector),
				str_of(d->keys[k].selector)))
				return complain(to, d->keys[i].line,
				    "domain \"%s\": found selector \"%s\" a second time, expected another for each key",
				    d->name, d->keys[i].selector);
	return 0;
}

struct entry {
	const char *name;
	size_t id;
};

static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = str_casecmp(str_of(x->name), str_of(y->name));

	return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

static int
index_domains(struct conf *c, const struct complaint *to)
{
	struct entry *e = calloc(c->n_domains + 1, sizeof(*e));
	size_t *index = calloc(c->n_domains + 1, sizeof(*index));
	int rc = 0;

	if (e == NULL || index == NULL) {
		rc = complain(to, 0, "out of memory");
		goto done;
	}
	for (size_t i = 0; i < c->n_domains; i++) {
		c->domains[i].id = i;
		e[i] = (struct entry) { c->domains[i].name, i };
	}
	qsort(e, c->n_domains, sizeof(*e), by_name);
	for (size_t i = 0; i < c->n_domains; i++) {
		index[i] = e[i].id;
		if (i == 0 || !str_caseeq(str_of(e[i].name), str_of(e[i - 1].name)))
			continue;
		rc = complain(to, c->domains[e[i].id].line,
		    "domain \"%s\": found a second time, expected once: it begins in line %u",
		    e[i].name, c->domains[e[i - 1].id].line);
		goto done;
	}
	free(c->domain_index);
	c->domain_index = index;
	index = NULL;
done:
	free(index);
	free(e);
	return rc;
}

/* The section of exactly that name. */
static const struct conf_domain *
domain_named(const struct conf *c, struct str name)
{
	const struct conf_domain *d = conf_domain_for(c, name);

	return d != NULL && str_caseeq(str_of(d->name), name) ? d : NULL;
}

static int
find_also(const struct conf *c, struct conf_domain *d, const struct complaint *to)
{
	size_t n;

	free(d->also);
	d->n_also = 0;
	d->also = calloc(d->also_sign.n + 1, sizeof(const struct conf_domain *));
	if (d->also == NULL)
		return complain(to, 0, "out of memory");
	for (size_t i = 0; i < d->also_sign.n; i++) {
		struct str name = str_of(d->also_sign.v[i]);
		const struct conf_domain *other = domain_named(c, name);

		if (other == NULL)
			return complain(to, d->line,
			    "domain \"%s\": also_sign: found \"%s\", expected the name of another domain section",
			    d->name, name.p);
		if (other == d)
			return complain(to, d->line,
			    "domain \"%s\": also_sign: found the domain itself, expected others: it signs in any case",
			    d->name);
		for (size_t k = 0; k < d->n_also; k++)
			if (d->also[k] == other)
				return complain(to, d->line,
				    "domain \"%s\": also_sign: found \"%s\" twice, expected it once",
				    d->name, other->name);
		d->also[d->n_also++] = other;
	}
	n = conf_domain_signatures(d);
	if (n <= CONF_KEYS_MAX)
		return 0;
	return complain(to, d->line,
	    "domain \"%s\": found %zu keys, those of also_sign included, expected at most %d: each is a signature on every message",
	    d->name, n, CONF_KEYS_MAX);
}

static bool
headers_have(const struct conf_header *h, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_caseeq(str_of(h[i].name), name))
			return true;
	return false;
}

/* Each field name at most once over remove, set and add: whatever else it would do, one
 * of the edits would be void. */
static int
check_edits(const struct conf_stream *s, const struct complaint *to)
{
	for (size_t i = 0; i < s->n_set; i++) {
		const char *name = s->set[i].name;

		if (headers_have(s->set, i, str_of(name)))
			return complain(to, s->line,
			    "stream \"%s\": found set \"%s\" twice, expected it once",
			    s->name, name);
		if (conf_list_has(&s->remove, str_of(name)))
			return complain(to, s->line,
			    "stream \"%s\": found %s in remove and in set, expected one of them: set replaces all there are",
			    s->name, name);
	}
	for (size_t i = 0; i < s->n_add; i++) {
		const char *name = s->add[i].name;

		if (headers_have(s->add, i, str_of(name)))
			return complain(to, s->line,
			    "stream \"%s\": found add \"%s\" twice, expected it once",
			    s->name, name);
		if (headers_have(s->set, s->n_set, str_of(name)))
			return complain(to, s->line,
			    "stream \"%s\": found %s in set and in add, expected one of them: set leaves exactly one",
			    s->name, name);
		if (conf_list_has(&s->remove, str_of(name)))
			return complain(to, s->line,
			    "stream \"%s\": found %s in remove and in add, expected set, which replaces all there are",
			    s->name, name);
	}
	for (size_t i = 0; i < s->remove.n; i++)
		for (size_t k = 0; k < i; k++)
			if (str_caseeq(str_of(s->remove.v[i]), str_of(s->remove.v[k])))
				return complain(to, s->line,
				    "stream \"%s\": found %s in remove twice, expected it once",
				    s->name, s->remove.v[i]);
	return 0;
}

static int
check_stream(const struct conf_stream *s, const struct complaint *to)
{
	size_t n = s->n_add + s->n_set + s->remove.n + (s->feedback_id != NULL);

	if (n > CONF_EDITS_MAX)
		return complain(to, s->line,
		    "stream \"%s\": found %zu edits, expected at most %d", s->name, n,
		    CONF_EDITS_MAX);
	if (s->feedback_id != NULL && conf_list_has(&s->remove, STR("Feedback-ID")))
		return complain(to, s->line,
		    "stream \"%s\": found Feedback-ID in remove and in feedback_id, expected one of them: feedback_id replaces all there are",
		    s->name);
	for (size_t i = 0; i < s->n_match; i++) {
		const struct conf_match *m = &s->match[i];

		if (m->campaign.n + m->from_domain.n + m->envelope_domain.n +
			m->user.n + m->tag.n ==
		    0)
			return complain(to, s->line,
			    "stream \"%s\": found a match without conditions, expected one at least; to match all mail leave match out",
			    s->name);
	}
	return check_edits(s, to);
}

/* A token names its key by the id alone. */
static int
check_token_keys(const struct conf *c, const struct complaint *to)
{
	for (size_t i = 0; i < c->n_token_keys; i++)
		for (size_t k = 0; k < i; k++)
			if (c->token_keys[i].id == c->token_keys[k].id)
				return complain(to, c->token_keys[i].line,
				    "token: found key \"%c\" a second time, expected another id for each key: it is in line %u",
				    c->token_keys[i].id, c->token_keys[k].line);
	return 0;
}

static int
check_track(
    const struct conf *c, const struct conf_stream *s, const struct complaint *to)
{
	char why[512];

	if (conf_track_finish(c, s, why, sizeof(why)) == 0)
		return 0;
	return complain(to, s->line, "stream \"%s\": %s", s->name, why);
}

int
conf_finish(struct conf *c, char *err, size_t errlen)
{
	struct complaint to = { c, err, errlen };

	source_index_make(
	    &c->campaign.index, c->campaign.sources.v, c->campaign.sources.n);
	if (check_listen(c, &to) != 0)
		return -1;
	for (size_t i = 0; i < c->n_domains; i++)
		if (check_domain(&c->domains[i], &to) != 0)
			return -1;
	for (size_t i = 0; i < c->n_streams; i++) {
		const struct conf_stream *s = &c->streams[i];

		if (check_stream(s, &to) != 0)
			return -1;
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->name, c->streams[k].name) == 0)
				return complain(&to, s->line,
				    "stream \"%s\": found a second time, expected once: it begins in line %u",
				    s->name, c->streams[k].line);
	}
	if (check_token_keys(c, &to) != 0 || index_domains(c, &to) != 0)
		return -1;
	for (size_t i = 0; i < c->n_domains; i++)
		if (find_also(c, &c->domains[i], &to) != 0)
			return -1;
	for (size_t i = 0; i < c->n_streams; i++)
		if (check_track(c, &c->streams[i], &to) != 0)
			return -1;
	return 0;
}

struct advice {
	const struct conf *conf;
	void (*warn)(void *, const char *);
	void *arg;
};

static void advise(const struct advice *, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
advise(const struct advice *a, unsigned line, const char *fmt, ...)
{
	const char *file = a->conf->file != NULL ? a->conf->file : "metermark.conf";
	char text[1024];
	va_list ap;
	int n;

	n = line != 0 ? snprintf(text, sizeof(text), "%s:%u: ", file, line)
		      : snprintf(text, sizeof(text), "%s: ", file);
	if (n < 0 || (size_t)n >= sizeof(text))
		n = 0;
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	a->warn(a->arg, text);
}

static void
advise_listen(const struct advice *a)
{
	struct str s = str_of(a->conf->listen), host;

	if (!str_starts(s, STR("inet")))
		return;
	host = str_skip(s, str_find(s, '@') + 1);
	if (str_starts(host, STR("[")))
		host = str_skip(host, 1);
	if (!str_starts(host, STR("127.")) && !str_eq(host, STR("::1")) &&
	    !str_eq(host, STR("::1]")) && !str_eq(host, STR("localhost")))
		advise(a, a->conf->lines.listen,
		    "listen: %s is open to other hosts: whoever can connect can have mail signed",
		    a->conf->listen);
}

static void
advise_outbound(const struct advice *a)
{
	const struct conf_outbound *o = &a->conf->outbound;
	char text[64];

	if (o->n_networks == 0 && !o->authenticated && o->daemon_names.n == 0)
		advise(a, 0,
		    "outbound: nobody's mail is ours: nothing will be signed or counted");
	for (size_t i = 0; i < o->n_networks; i++) {
		bool v4 = o->networks[i].bits >= 96 && o->networks[i].net.b[10] == 0xff;
		unsigned bits = v4 ? o->networks[i].bits - 96 : o->networks[i].bits;

		if (bits >= (v4 ? 8 : 16))
			continue;
		cidr_format(&o->networks[i], text, sizeof(text));
		advise(a, 0,
		    "outbound: whoever sends from %s will have mail signed: is all of it yours?",
		    text);
	}
}

static void
advise_domain(const struct advice *a, const struct conf_domain *d)
{
	if (d->users.n > 0 && !a->conf->outbound.authenticated)
		advise(a, d->line,
		    "domain \"%s\": users has no effect while authenticated = false",
		    d->name);
	if (d->header_canon == CONF_CANON_SIMPLE)
		advise(a, d->line,
		    "domain \"%s\": simple header canonicalization fails as soon as a mail server folds a header anew, as Sendmail does; relaxed/relaxed is safe",
		    d->name);
	if (d->expire_s != 0 && d->expire_s < QUEUE_LIFETIME_S)
		advise(a, d->line,
		    "domain \"%s\": mail may wait in queues for five days, and signatures expire after %u seconds",
		    d->name, d->expire_s);
}

static void
advise_track(const struct advice *a, const struct conf_stream *s)
{
	char text[512];

	if (conf_track_advise(a->conf, s, text, sizeof(text)))
		advise(a, s->line, "stream \"%s\": %s", s->name, text);
}

void
conf_advise(const struct conf *c, void (*warn)(void *, const char *), void *arg)
{
	struct advice a = { c, warn, arg };

	if (warn == NULL)
		return;
	advise_listen(&a);
	advise_outbound(&a);
	if (c->n_domains == 0 && c->domain_table[0] == '\0')
		advise(&a, 0, "there is no domain section: nothing will be signed");
	for (size_t i = 0; i < c->n_domains; i++)
		advise_domain(&a, &c->domains[i]);
	for (size_t i = 0; i + 1 < c->n_streams; i++)
		if (c->streams[i].n_match == 0)
			advise(&a, c->streams[i + 1].line,
			    "stream \"%s\": never reached, since stream \"%s\" before it matches all mail",
			    c->streams[i + 1].name, c->streams[i].name);
	for (size_t i = 0; i < c->n_streams; i++)
		advise_track(&a, &c->streams[i]);
	if (c->campaign.sources.n == 0)
		advise(&a, 0,
		    "campaign: sources is empty: all mail counts as campaign \"%s\"",
		    c->campaign.default_name);
}
