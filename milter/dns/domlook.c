/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domlook.c - looks up the domains of the settings in DNS.  See the header.
 *
 * gather_items() collects one item for each key and each return_path, whether it comes
 * from a section or from the domain_table, and sorts them by domain.  A run of items of
 * one domain is then checked together, with one struct dns: all its questions are sent
 * first, so that a domain takes as long as its slowest answer.
 */
#include "dns/domlook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/domtable.h"
#include "dns/dns.h"

#define DOMAIN_MS 20000 /* the limit for all questions about one domain */
#define FILES_MAX ((size_t)1 << 28)

/*
 * A key to check, or the domain of a return_path.  The strings belong to the settings,
 * to the table, or to run.paths.
 */
struct item {
	struct str domain;
	const char *selector, *file; /* selector is NULL for a return_path */
	size_t path; /* offset of file in run.paths, for keys of the table */
	size_t order;
};

struct run {
	const struct domlook_job *job;
	struct item *v; /* sorted by domain, then in the order of the settings */
	size_t n;
	struct buf paths;
	struct domlook_sum *sum;
};

/* ==== Which domains are checked ==== */

static bool
domain_wanted(const struct domlook_job *job, struct str domain)
{
	for (size_t i = 0; i < job->n_only; i++)
		if (str_caseeq(str_of(job->only[i]), domain))
			return true;
	return job->n_only == 0;
}

/*
 * Makes an item of a line of the table.  Returns false if its domain or file depends on
 * the message, since neither can be looked up beforehand.
 */
static bool
row_item(struct run *r, const struct domtable_key *row, struct item *out)
{
	struct str pattern = str_of(row->pattern);

	if (domtable_is_template(row) ||
	    (row->domain == NULL &&
		(str_starts(pattern, STR(".")) || str_eq(pattern, STR("*")))))
		return false;
	*out = (struct item) { .domain = domtable_domain(row, pattern),
		.selector = row->selector,
		.path = r->paths.len };
	domtable_file(row, pattern, &r->paths);
	buf_addc(&r->paths, '\0');
	return true;
}

static int
by_domain(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = str_casecmp(x->domain, y->domain);

	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static void
add_item(struct run *r, struct item item)
{
	if (!domain_wanted(r->job, item.domain))
		return;
	item.order = r->n;
	r->v[r->n++] = item;
}

/*
 * The domain of a return_path contains no placeholders (config/conf_track.h checks
 * this).
 */
static void
add_return_paths(struct run *r, const struct conf *c)
{
	for (size_t i = 0; i < c->n_streams; i++) {
		const struct tmpl *t = c->streams[i].track.return_path;
		struct str text = t != NULL ? str_trim(str_of(tmpl_text(t))) : STR("");

		if (text.len > 0)
			add_item(r,
			    (struct item) {
				.domain = str_skip(text, str_rfind(text, '@') + 1) });
	}
}

static int
gather_items(struct run *r, const struct conf *c)
{
	size_t rows = c->table != NULL ? domtable_size(c->table) : 0, all = rows;
	struct domtable_key row;
	struct item item;

	for (size_t d = 0; d < c->n_domains; d++)
		all += c->domains[d].n_keys;
	r->v = calloc(all + c->n_streams + 1, sizeof(*r->v));
	if (r->v == NULL)
		return -1;
	for (size_t d = 0; d < c->n_domains; d++)
		for (size_t k = 0; k < c->domains[d].n_keys; k++)
			add_item(r,
			    (struct item) { .domain = str_of(c->domains[d].name),
				.selector = c->domains[d].keys[k].selector,
				.file = c->domains[d].keys[k].file });
	for (size_t id = 0; id < rows; id++) {
		domtable_at(c->table, id, &row);
		if (row_item(r, &row, &item))
			add_item(r, item);
	}
	if (!r->job->keys_only)
		add_return_paths(r, c);
	if (buf_failed(&r->paths))
		return -1;
	qsort(r->v, r->n, sizeof(*r->v), by_domain);
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].file == NULL && r->v[i].selector != NULL)
			r->v[i].file = r->paths.p + r->v[i].path;
	return 0;
}

/* ==== One domain: items from .. to - 1 ==== */

static void
report_finding(struct run *r, const struct item *item, const char *check,
    const struct dnslook_finding *f, const struct dnslook_key *key)
{
	const struct domlook_result result = { .domain = item->domain,
		.selector = key != NULL ? item->selector : NULL,
		.file = key != NULL ? item->file : NULL,
		.check = check,
		.f = f,
		.key = key };

	r->sum->n[f->word]++;
	r->job->found(r->job->arg, &result);
}

/* Sends all questions about the domain before the first answer is waited for. */
static void
send_all(const struct run *r, struct dns *dns, size_t from, size_t to)
{
	struct str domain = r->v[from].domain;
	char name[2 * DNS_NAME_MAX];

	for (size_t i = from; i < to; i++) {
		if (r->v[i].selector == NULL)
			continue;
		snprintf(name, sizeof(name), "%s._domainkey.%.*s", r->v[i].selector,
		    (int)domain.len, domain.p);
		dns_want(dns, DNS_TXT, str_of(name));
	}
	if (r->job->keys_only)
		return;
	dns_want(dns, DNS_TXT, domain);
	snprintf(name, sizeof(name), "_dmarc.%.*s", (int)domain.len, domain.p);
	dns_want(dns, DNS_TXT, str_of(name));
}

/*
 * True if all published keys of the domain are Ed25519.  The answers are kept in dns,
 * so the later judgement of each key sends no second question.
 */
static bool
are_ed25519(const struct run *r, const struct dnslook *look, size_t from, size_t to)
{
	bool any = false;

	for (size_t i = from; i < to; i++) {
		struct dnslook_key key;

		if (r->v[i].selector == NULL)
			continue;
		dnslook_key(look, r->v[i].domain, str_of(r->v[i].selector), NULL, &key);
		if (!key.parsed || key.rec.type != DKIMREC_ED25519)
			return false;
		any = true;
	}
	return any;
}

static void
look_at_key(struct run *r, const struct dnslook *look, const struct item *item,
    bool ed25519_alone)
{
	char err[DNSLOOK_TEXT_MAX / 2] = "", check[DNS_NAME_MAX];
	void *own = r->job->own(r->job->arg, item->file, err, sizeof(err));
	struct dnslook_key key;

	dnslook_key(look, item->domain, str_of(item->selector), own, &key);
	if (own == NULL && key.f.word == DNSLOOK_PASS) {
		key.f.word = DNSLOOK_WARN;
		snprintf(key.f.text, sizeof(key.f.text),
		    "published, but our key cannot be compared: %s", err);
	}
	if (own != NULL && r->job->done != NULL)
		r->job->done(r->job->arg, own);
	if (ed25519_alone && key.f.word == DNSLOOK_PASS)
		dnslook_say(&key.f, DNSLOOK_WARN,
		    "published, but Ed25519 alone, which Gmail, Yahoo and Outlook do not verify: add an RSA key");
	snprintf(check, sizeof(check), "dkim %s", item->selector);
	report_finding(r, item, check, &key.f, &key);
}

/*
 * Judges SPF.  A missing record is only a warning for a signing domain, since its mail
 * may have an envelope sender of another domain.  It is a failure for the domain of a
 * return_path: that is the envelope sender which receivers check (RFC 7208 2.4).
 */
static void
look_at_spf(struct run *r, const struct dnslook *look, const struct item *item,
    bool return_path)
{
	struct dnslook_spf spf;

	dnslook_spf(look, item->domain, &spf);
	if (spf.f.word == DNSLOOK_FAIL && !spf.found && !return_path)
		spf.f.word = DNSLOOK_WARN;
	report_finding(
	    r, item, return_path ? DOMLOOK_RETURN_PATH : "spf", &spf.f, NULL);
}

static void
look_at_dmarc(struct run *r, const struct dnslook *look, const struct item *item)
{
	struct dnslook_dmarc dmarc;

	dnslook_dmarc(look, item->domain, &dmarc);
	report_finding(r, item, "dmarc", &dmarc.f, NULL);
}

static int
look_at(struct run *r, size_t from, size_t to, char *err, size_t errlen)
{
	const struct dns_settings settings = { .resolver = r->job->resolver,
		.all_ms = DOMAIN_MS };
	struct dns *dns = dns_new(&settings, err, errlen);
	const struct dnslook look = { dns_ask, dns };
	bool signs = false, return_path = false, alone;

	if (dns == NULL)
		return -1;
	send_all(r, dns, from, to);
	alone = are_ed25519(r, &look, from, to);
	for (size_t i = from; i < to; i++)
		if (r->v[i].selector != NULL) {
			look_at_key(r, &look, &r->v[i], alone);
			signs = true;
		} else
			return_path = true;
	if (!r->job->keys_only) {
		look_at_spf(r, &look, &r->v[from], return_path);
		if (signs)
			look_at_dmarc(r, &look, &r->v[from]);
	}
	dns_free(dns);
	r->sum->looked++;
	return 0;
}

/* ==== All domains ==== */

static void
pause_ms(uint32_t ms)
{
	const struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static int
look_at_all(struct run *r, char *err, size_t errlen)
{
	const struct domlook_job *job = r->job;
	size_t to;

	for (size_t from = 0; from < r->n; from = to) {
		size_t place = r->sum->domains++;

		for (to = from + 1;
		     to < r->n && str_caseeq(r->v[to].domain, r->v[from].domain);)
			to++;
		if (place < job->skip || place - job->skip >= job->max)
			continue;
		if (job->stop != NULL && job->stop(job->arg))
			return 0;
		if (look_at(r, from, to, err, errlen) != 0)
			return -1;
		if (job->pause_ms > 0 && to < r->n)
			pause_ms(job->pause_ms);
	}
	return 0;
}

int
domlook_run(const struct conf *c, const struct domlook_job *job,
    struct domlook_sum *sum, char *err, size_t errlen)
{
	struct run r = { .job = job, .sum = sum };
	int rc = -1;

	*sum = (struct domlook_sum) { 0 };
	buf_init(&r.paths, FILES_MAX);
	if (gather_items(&r, c) != 0)
		snprintf(err, errlen, "out of memory");
	else
		rc = look_at_all(&r, err, errlen);
	free(r.v);
	buf_fini(&r.paths);
	return rc;
}
