/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signer.c - makes DKIM signatures by libopendkim (Debian 12 and 13 ship 2.11.0-beta2).
 *
 * signing_begin() makes a DKIM handle for each key that signs the message; the header
 * and the body are then fed to all of them.  The library takes expiry and oversigned
 * names from a DKIM_LIB, so make_profiles() makes one for each combination when
 * settings are read, and messages choose theirs.
 *
 * These rules keep clear of the library's defects:
 *
 *     - Only fields to be signed are fed, and neither SIGNHDRS nor SKIPHDRS is set:
 *       then the library signs all it is given.  This avoids a regular expression for
 *       each field, its limit of 1024 bytes, and the stack overflow that SKIPHDRS has
 *       on long names.
 *     - The algorithm follows the key's type as keyring.c found it: with an RSA key
 *       and the Ed25519 algorithm the library signs nonsense and reports success.
 *     - Header lists, expiry and oversigning belong to a DKIM_LIB, which is only read
 *       once it is made.
 *     - All memory that it allocates for a message comes from an arena that is freed
 *       with the message (dkim/libmem.h).
 *     - The finished field is checked: at certain lengths it comes without b=.
 *     - Verification, z=, l= and temporary files are never used.
 */
#include "dkim/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <opendkim/dkim.h>

#include "config/domtable.h"
#include "dkim/keycache.h"
#include "dkim/keypool.h"
#include "dkim/keyring.h"
#include "dkim/libmem.h"
#include "mail/signset.h"
#include "text/arena.h"
#include "text/buf.h"
#include "text/unconst.h"

/* The length of "DKIM-Signature: ", from which the library counts when it folds. */
#define INITIAL 16
#define FIELD_MAX ((size_t)128 * 1024)
#define SIGNATURE_MAX ((size_t)16 * 1024)
/*
 * Room for a few copies of the header for each key; far above what message/txn.h
 * accepts.
 */
#define ARENA_MAX ((size_t)32 * 1024 * 1024)

/*
 * One value of expire (there are few in practice), with one DKIM_LIB for each list of
 * oversigned names.
 */
struct profile {
	uint32_t expire_s;
	DKIM_LIB *lib[SIGNSET_SKIPS];
};

struct signer {
	const struct conf *conf;
	const struct keyring *keys; /* keys of the domain sections */
	struct keypool *pool;       /* keys of the table; NULL without a table */
	struct signer_options options;
	struct profile *profiles; /* CONF_EXPIRIES_MAX of them */
	size_t n_profiles;
	struct sign_port port;
};

/* One signature that is being made. */
struct one {
	const struct conf_domain *domain;
	const struct conf_key *key;
	struct keypool_key
	    *lent; /* the reference, if the key is the pool's; else NULL */
	bool ed25519;
	DKIM *dkim;
	struct buf value; /* the finished field; empty if it failed */
};

struct signing {
	struct arena *arena; /* memory for the library */
	size_t n;
	struct one v[CONF_KEYS_MAX];
	struct buf field; /* scratch */
};

/* ==== Profiles ==== */

static int
set_option(DKIM_LIB *lib, dkim_opts_t opt, void *p, size_t len)
{
	return dkim_options(lib, DKIM_OP_SETOPT, opt, p, len) == DKIM_STAT_OK ? 0 : -1;
}

#define OVERSIGN_MAX 64

/* Lists the names that h= names once more than they occur, with NULL at the end. */
static void
oversigned(const struct signer_options *o, unsigned skips, u_char *over[OVERSIGN_MAX])
{
	size_t n_names, n = 0;
	const struct signset_name *names = signset_names(&n_names);

	for (size_t i = 0; o->oversign != NULL && o->oversign[i] != NULL; i++)
		if (n < OVERSIGN_MAX - 1)
			over[n++] = unconst(o->oversign[i]);
	for (size_t i = 0; o->oversign == NULL && i < n_names; i++)
		if (names[i].oversign && (names[i].skip & skips) == 0 &&
		    n < OVERSIGN_MAX - 1)
			over[n++] = unconst(names[i].name);
	over[n] = NULL;
}

static DKIM_LIB *
lib_new(const struct signer_options *o, uint32_t expire_s, unsigned skips)
{
	u_char *over[OVERSIGN_MAX], **list = over;
	uint64_t ttl = expire_s, now = (uint64_t)o->fixed_time;
	uint32_t flags = 0;
	DKIM_LIB *lib = dkim_init(libmem_take, libmem_give);

	if (lib == NULL)
		return NULL;
	oversigned(o, skips, over);
	if (set_option(lib, DKIM_OPTS_FLAGS, &flags, sizeof flags) != 0 ||
	    set_option(lib, DKIM_OPTS_OVERSIGNHDRS, list, sizeof list) != 0 ||
	    (expire_s > 0 &&
		set_option(lib, DKIM_OPTS_SIGNATURETTL, &ttl, sizeof ttl) != 0) ||
	    (o->fixed_time > 0 &&
		set_option(lib, DKIM_OPTS_FIXEDTIME, &now, sizeof now) != 0)) {
		dkim_close(lib);
		return NULL;
	}
	return lib;
}

static void
profile_fini(struct profile *p)
{
	for (unsigned i = 0; i < SIGNSET_SKIPS; i++)
		if (p->lib[i] != NULL)
			dkim_close(p->lib[i]);
}

static int
profile_init(struct profile *p, const struct signer_options *o, uint32_t expire_s)
{
	*p = (struct profile) { .expire_s = expire_s };
	for (unsigned i = 0; i < SIGNSET_SKIPS; i++) {
		p->lib[i] = lib_new(o, expire_s, i);
		if (p->lib[i] == NULL) {
			profile_fini(p);
			return -1;
		}
	}
	return 0;
}

static const struct profile *
profile_for(const struct signer *s, uint32_t expire_s)
{
	for (size_t i = 0; i < s->n_profiles; i++)
		if (s->profiles[i].expire_s == expire_s)
			return &s->profiles[i];
	return NULL;
}

static int
make_profile(struct signer *s, uint32_t expire_s, char *err, size_t errlen)
{
	if (profile_for(s, expire_s) != NULL)
		return 0;
	if (s->n_profiles == CONF_EXPIRIES_MAX) {
		snprintf(err, errlen,
		    "found more than %d different values of expire, expected fewer",
		    CONF_EXPIRIES_MAX);
		return -1;
	}
	if (profile_init(&s->profiles[s->n_profiles], &s->options, expire_s) != 0) {
		snprintf(err, errlen, "libopendkim could not be set up");
		return -1;
	}
	s->n_profiles++;
	return 0;
}

/* Makes the profiles of all domains that may sign. */
static int
make_profiles(struct signer *s, char *err, size_t errlen)
{
	const struct domtable *t = s->conf->table;
	struct domtable_key row;

	for (size_t i = 0; i < s->conf->n_domains; i++)
		if (make_profile(s, s->conf->domains[i].expire_s, err, errlen) != 0)
			return -1;
	for (size_t i = 0; t != NULL && i < domtable_size(t); i++) {
		domtable_at(t, i, &row);
		if (make_profile(s, row.expire_s, err, errlen) != 0)
			return -1;
	}
	return 0;
}

/* ==== One message ==== */

static void
say_why(char *err, size_t errlen, DKIM *dkim, const char *what, DKIM_STAT stat)
{
	/* Both functions return NULL for some codes. */
	const char *text = dkim != NULL ? dkim_geterror(dkim) : NULL;

	if (text == NULL)
		text = dkim_getresultstr(stat);
	snprintf(err, errlen, "%s: %s", what, text != NULL ? text : "failed");
}

static void
signing_free(struct signing *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->n; i++) {
		if (g->v[i].dkim != NULL)
			dkim_free(g->v[i].dkim);
		keypool_put(g->v[i].lent);
		buf_fini(&g->v[i].value);
	}
	buf_fini(&g->field);
	arena_free(g->arena);
	free(g);
}

/* Gets a key of the table, which is read now unless the pool has it. */
static const struct keyring_key *
borrow_key(const struct signer *s, struct one *o, char *err, size_t errlen)
{
	char why[512];
	const struct keyring_key *key;

	o->lent = keypool_get(s->pool, o->key->file, why, sizeof why);
	if (o->lent == NULL) {
		snprintf(
		    err, errlen, "%s:%u: %s", s->conf->domain_table, o->key->line, why);
		return NULL;
	}
	key = keypool_keyring(o->lent);
	if (keyring_fits(key, o->domain->header_canon))
		return key;
	snprintf(err, errlen,
	    "%s:%u: %s: found an Ed25519 key with simple header canonicalization, expected c=relaxed/relaxed",
	    s->conf->domain_table, o->key->line, o->key->file);
	return NULL;
}

static int
begin_one(const struct signer *s, const struct signing *g, struct one *o, size_t k,
    unsigned skips, char *err, size_t errlen)
{
	/* The library copies all strings except the id, which lives in the settings. */
	const struct conf_domain *d = o->domain;
	const struct profile *profile = profile_for(s, d->expire_s);
	const struct keyring_key *key = d->id == CONF_DOMAIN_OF_TABLE
	    ? borrow_key(s, o, err, errlen)
	    : keyring_get(s->keys, d->id, k);
	dkim_canon_t hc = d->header_canon == CONF_CANON_SIMPLE ? DKIM_CANON_SIMPLE
							       : DKIM_CANON_RELAXED;
	dkim_canon_t bc =
	    d->body_canon == CONF_CANON_SIMPLE ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED;
	char handle[KEYCACHE_HANDLE_BYTES];
	DKIM_STAT stat = DKIM_STAT_OK;
	dkim_alg_t alg;

	if (key == NULL)
		return -1;
	o->ed25519 = key->type == KEYRING_ED25519;
	alg = o->ed25519 ? DKIM_SIGN_ED25519SHA256 : DKIM_SIGN_RSASHA256;
	o->dkim = dkim_sign(profile->lib[skips], unconst(d->name), g->arena,
	    unconst(keycache_text(key, handle)), unconst(o->key->selector),
	    unconst(d->name), hc, bc, alg, -1, &stat);
	if (o->dkim != NULL)
		return 0;
	say_why(err, errlen, NULL, o->key->selector, stat);
	return -1;
}

/* Begins the signatures of one domain. */
static int
begin_domain(const struct signer *s, struct signing *g, const struct conf_domain *d,
    unsigned skips, char *err, size_t errlen)
{
	for (size_t k = 0; k < d->n_keys && g->n < CONF_KEYS_MAX; k++) {
		struct one *o = &g->v[g->n++];

		o->domain = d;
		o->key = &d->keys[k];
		buf_init(&o->value, SIGNATURE_MAX);
		if (begin_one(s, g, o, k, skips, err, errlen) != 0)
			return -1;
	}
	return 0;
}

static struct signing *
signing_begin(
    void *self, const struct conf_domain *d, unsigned skips, char *err, size_t errlen)
{
	const struct signer *s = self;
	struct signing *g = calloc(1, sizeof *g);
	int rc;

	if (g != NULL)
		g->arena = arena_new(ARENA_MAX);
	if (g == NULL || g->arena == NULL) {
		snprintf(err, errlen, "out of memory");
		free(g);
		return NULL;
	}
	buf_init(&g->field, FIELD_MAX);
	rc = begin_domain(s, g, d, skips, err, errlen);
	for (size_t i = 0; rc == 0 && i < d->n_also; i++)
		rc = begin_domain(s, g, d->also[i], skips, err, errlen);
	if (rc == 0)
		return g;
	signing_free(g);
	return NULL;
}

/*
 * Feeds "name:value" with CRLF before folds: as on the wire, but without the final
 * CRLF.
 */
static int
signing_field(struct signing *g, struct str name, struct str value)
{
	buf_reset(&g->field);
	buf_addstr(&g->field, name);
	buf_addc(&g->field, ':');
	for (;;) {
		size_t n = str_find(value, '\n');

		buf_add(&g->field, value.p, n);
		if (n == value.len)
			break;
		buf_add(&g->field, "\r\n", 2);
		value = str_skip(value, n + 1);
	}
	if (buf_failed(&g->field))
		return -1;
	for (size_t i = 0; i < g->n; i++)
		if (dkim_header(g->v[i].dkim, (u_char *)g->field.p, g->field.len) !=
		    DKIM_STAT_OK)
			return -1;
	return 0;
}

static int
signing_end_fields(struct signing *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (dkim_eoh(g->v[i].dkim) != DKIM_STAT_OK)
			return -1;
	return 0;
}

static int
signing_body(struct signing *g, const void *p, size_t n)
{
	if (n == 0)
		return 0; /* the library aborts on an empty piece */
	for (size_t i = 0; i < g->n; i++)
		if (dkim_body(g->v[i].dkim, unconst(p), n) != DKIM_STAT_OK)
			return -1;
	return 0;
}

/*
 * True if the tag list has a b= with a value: at certain lengths the library loses it.
 */
static bool
has_b(struct str tags)
{
	while (tags.len > 0) {
		size_t n = str_find(tags, ';');
		struct str tag = str_trim(str_make(tags.p, n));

		if (str_starts(tag, STR("b=")) && str_trim(str_skip(tag, 2)).len > 0)
			return true;
		tags = str_skip(tags, n + 1);
	}
	return false;
}

static int
end_one(struct one *o, char *err, size_t errlen)
{
	const char *selector = o->key->selector;
	DKIM_STAT stat = dkim_eom(o->dkim, NULL);
	u_char *text = NULL;
	size_t len = 0;

	if (stat == DKIM_STAT_OK)
		stat = dkim_getsighdr_d(o->dkim, INITIAL, &text, &len);
	if (stat != DKIM_STAT_OK) {
		say_why(err, errlen, o->dkim, selector, stat);
		return -1;
	}
	buf_addc(&o->value, ' ');
	for (struct str rest = str_make((const char *)text, len); rest.len > 0;) {
		size_t n = str_find(rest, '\r');

		buf_add(&o->value, rest.p, n);
		rest = str_skip(rest, n + 1);
	}
	if (buf_failed(&o->value) || !has_b(buf_str(&o->value))) {
		buf_reset(&o->value);
		snprintf(err, errlen, "%s: libopendkim's answer has no b=", selector);
		return -1;
	}
	return 0;
}

static size_t
signing_end(struct signing *g, size_t *n, char *err, size_t errlen)
{
	size_t failed = 0;

	for (size_t i = 0; i < g->n; i++)
		if (end_one(&g->v[i], err, errlen) != 0)
			failed++;
	*n = g->n;
	return failed;
}

static struct sign_made
signing_signature(const struct signing *g, size_t i)
{
	const struct one *o = &g->v[i];

	return (struct sign_made) { .value = buf_str(&o->value),
		.domain = str_of(o->domain->name),
		.selector = str_of(o->key->selector),
		.ed25519 = o->ed25519 };
}

/* ==== The signer ==== */

static DKIM_STAT
feed_one(DKIM *dkim)
{
	u_char from[] = "From: a@example.com", text[] = "x\r\n";
	DKIM_STAT stat = dkim_header(dkim, from, sizeof from - 1);

	if (stat == DKIM_STAT_OK)
		stat = dkim_eoh(dkim);
	if (stat == DKIM_STAT_OK)
		stat = dkim_body(dkim, text, sizeof text - 1);
	return stat == DKIM_STAT_OK ? dkim_eom(dkim, NULL) : stat;
}

/* Makes one signature, for keycache_prove(). */
static bool
sign_once(const char *key_text)
{
	DKIM_STAT stat = DKIM_STAT_INTERNAL;
	DKIM_LIB *lib = dkim_init(libmem_take, libmem_give);
	struct arena *arena = arena_new(ARENA_MAX);
	DKIM *dkim = NULL;

	if (lib != NULL && arena != NULL)
		dkim = dkim_sign(lib, unconst("proof"), arena, unconst(key_text),
		    unconst("s"), unconst("example.com"), DKIM_CANON_RELAXED,
		    DKIM_CANON_RELAXED, DKIM_SIGN_ED25519SHA256, -1, &stat);
	if (dkim != NULL) {
		stat = feed_one(dkim);
		dkim_free(dkim);
	}
	if (lib != NULL)
		dkim_close(lib);
	arena_free(arena);
	return dkim != NULL && stat == DKIM_STAT_OK;
}

struct signer *
signer_new(
    const struct conf *conf, const struct keyring *keys, char *err, size_t errlen)
{
	static const struct signer_options none = { .fixed_time = 0 };

	return signer_new_with(conf, keys, &none, err, errlen);
}

struct signer *
signer_new_with(const struct conf *conf, const struct keyring *keys,
    const struct signer_options *options, char *err, size_t errlen)
{
	struct signer *s = calloc(1, sizeof *s);
	bool by_handle = keycache_prove(sign_once);

	if (s == NULL)
		goto memory;
	s->conf = conf;
	s->keys = keys;
	s->options = *options;
	s->profiles = calloc(CONF_EXPIRIES_MAX, sizeof *s->profiles);
	if (conf->table != NULL)
		s->pool = keypool_new(conf->key_cache, KEYPOOL_RETRY_MS, !by_handle);
	if (s->profiles == NULL || (conf->table != NULL && s->pool == NULL))
		goto memory;
	s->port = (struct sign_port) { signing_begin, signing_field, signing_end_fields,
		signing_body, signing_end, signing_signature, signing_free, s };
	if (make_profiles(s, err, errlen) == 0)
		return s;
	signer_free(s);
	return NULL;
memory:
	snprintf(err, errlen, "out of memory");
	signer_free(s);
	return NULL;
}

void
signer_free(struct signer *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_profiles; i++)
		profile_fini(&s->profiles[i]);
	keypool_free(s->pool);
	free(s->profiles);
	free(s);
}

const struct sign_port *
signer_port(const struct signer *s)
{
	return &s->port;
}
