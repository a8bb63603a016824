/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domsign.c - who signs mail From a domain.  See the header.
 */
#include "config/domsign.h"

#include <string.h>

#include "config/domtable.h"
#include "text/buf.h"

/* Of a path with the From domain in it, maybe several times. */
#define PATH_BYTES_MAX ((size_t)16384)

/* What a message has of the table. */
struct found {
	struct conf_domain domain[DOMTABLE_KEYS_MAX];
	struct conf_key key[DOMTABLE_KEYS_MAX];
	const struct conf_domain *also[DOMTABLE_KEYS_MAX];
};

/* NULL when out of memory. */
static char *
copy(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (p != NULL) {
		memcpy(p, s.p, s.len);
		p[s.len] = '\0';
	}
	return p;
}

static char *
file_of(const struct domtable_key *row, struct str from, struct arena *a)
{
	struct buf b;
	char *path = NULL;

	if (strchr(row->file, '%') == NULL)
		return copy(a, str_of(row->file));
	buf_init(&b, PATH_BYTES_MAX);
	domtable_file(row, from, &b);
	if (!buf_failed(&b))
		path = copy(a, buf_str(&b));
	buf_fini(&b);
	return path;
}

static int
take(const struct domtable_key *row, struct str from, struct arena *a,
    struct conf_domain *d, struct conf_key *k)
{
	*k = (struct conf_key) {
		.selector = copy(a, str_of(row->selector)),
		.file = file_of(row, from, a),
		.line = row->line,
	};
	*d = (struct conf_domain) {
		.name = copy(a, domtable_domain(row, from)),
		.keys = k,
		.n_keys = 1,
		.header_canon = row->header_canon,
		.body_canon = row->body_canon,
		.expire_s = row->expire_s,
		.line = row->line,
		.id = CONF_DOMAIN_OF_TABLE,
	};
	return k->selector == NULL || k->file == NULL || d->name == NULL ? -1 : 0;
}

static int
ask_table(const struct domtable *t, struct str from, struct str user, struct arena *a,
    struct domsign *out)
{
	struct domtable_key rows[DOMTABLE_KEYS_MAX];
	size_t n = domtable_find(t, from, rows);
	struct found *f;

	if (n == 0)
		return 0;
	f = arena_alloc(a, sizeof(*f));
	if (f == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (take(&rows[i], from, a, &f->domain[i], &f->key[i]) != 0)
			return -1;
		if (i > 0)
			f->also[i - 1] = &f->domain[i];
	}
	f->domain[0].also = f->also;
	f->domain[0].n_also = n - 1;
	out->domain = &f->domain[0];
	out->user_may = domtable_allows(rows, n, user);
	return 0;
}

int
domsign_find(const struct conf *c, struct str from, struct str user, struct arena *a,
    struct domsign *out)
{
	*out = (struct domsign) { .domain = conf_domain_for(c, from) };
	if (out->domain != NULL) {
		out->user_may = conf_domain_allows(out->domain, user);
		return 0;
	}
	return c->table == NULL ? 0 : ask_table(c->table, from, user, a, out);
}
