/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signer.c - DKIM signatures by libopendkim (2.11.0-beta2 is what Debian 12 and 13
 * ship).
 *
 * Rules that keep it right, each paid for by somebody (the defects are the library's):
 *  - Only fields to be signed are fed, and neither SIGNHDRS nor SKIPHDRS is set: then
 * it signs all it is given.  That spares a regular expression per field, its 1024 byte
 * limit, and a stack overflow on long names that SKIPHDRS brings.
 *  - The algorithm comes from the key as keyring.c found it: the library signs nonsense
 * with an RSA key and the Ed25519 algorithm, and calls it success.
 *  - Header lists, expiry and oversigning belong to a DKIM_LIB; one is made per profile
 * when settings are read, and only read from then on.
 *  - All it allocates for a message comes from an arena that goes with the message
 *    (edge/libmem.h).
 *  - The answer is looked at: around certain lengths it comes without b=.
 *  - No verification, no z=, no l=, no temporary files, ever.
 */
#include "edge/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <opendkim/dkim.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/signset.h"
#include "edge/keycache.h"
#include "edge/keyring.h"
#include "edge/libmem.h"

/* "DKIM-Signature: ", where the library's folding and b= template begin counting. */
#define INITIAL 16
#define FIELD_MAX ((size_t)128 * 1024)
#define SIGNATURE_MAX ((size_t)16 * 1024)
/* The header copied a few times for each key; far above what core/txn.h lets in. */
#define ARENA_MAX ((size_t)32 * 1024 * 1024)

/* One value of expire and its eight lists of oversigned names. */
struct profile {
	uint32_t expire_s;
	DKIM_LIB *lib[SIGNSET_SKIPS];
};

struct signer {
	const struct conf *conf;
	const struct keyring *keys;
	struct signer_options options;
	struct profile *profiles;
	size_t n_profiles;
	size_t *profile_of; /* by conf_domain.id */
	struct sign_port port;
};

struct signing {
	const struct conf_domain *domain;
	struct arena *arena; /* what the library allocates */
	size_t n;
	DKIM *dkim[CONF_KEYS_MAX];
	struct buf value[CONF_KEYS_MAX]; /* the finished signatures; empty: failed */
	struct buf field;                /* scratch */
};

/* The library takes pointers to what it does not change without const. */
static u_char *
lend(const void *p)
{
	union {
		const void *ours;
		u_char *theirs;
	} u = { .ours = p };

	return u.theirs;
}

/* ==== Profiles ==== */

static int
set_option(DKIM_LIB *lib, dkim_opts_t opt, void *p, size_t len)
{
	return dkim_options(lib, DKIM_OP_SETOPT, opt, p, len) == DKIM_STAT_OK ? 0 : -1;
}

#define OVERSIGN_MAX 64

/* The names to be named once more in h=, NULL at the end. */
static void
oversigned(const struct signer_options *o, unsigned skips, u_char *over[OVERSIGN_MAX])
{
	size_t n_names, n = 0;
	const struct signset_name *names = signset_names(&n_names);

	for (size_t i = 0; o->oversign != NULL && o->oversign[i] != NULL; i++)
		if (n < OVERSIGN_MAX - 1)
			over[n++] = lend(o->oversign[i]);
	for (size_t i = 0; o->oversign == NULL && i < n_names; i++)
		if (names[i].oversign && (names[i].skip & skips) == 0 &&
		    n < OVERSIGN_MAX - 1)
			over[n++] = lend(names[i].name);
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

/* The profile for an expiry, made when it is the first of its kind; n_profiles:
 * failure. */
static size_t
profile_for(struct signer *s, uint32_t expire_s)
{
	for (size_t i = 0; i < s->n_profiles; i++)
		if (s->profiles[i].expire_s == expire_s)
			return i;
	if (profile_init(&s->profiles[s->n_profiles], &s->options, expire_s) != 0)
		return s->n_profiles;
	return s->n_profiles++;
}

static int
make_profiles(struct signer *s)
{
	for (size_t i = 0; i < s->conf->n_domains; i++) {
		const struct conf_domain *d = &s->conf->domains[i];
		size_t before = s->n_profiles, p = profile_for(s, d->expire_s);

		if (p == s->n_profiles && s->n_profiles == before)
			return -1;
		s->profile_of[d->id] = p;
	}
	return 0;
}

/* ==== One message ==== */

static void
say(char *err, size_t errlen, DKIM *dkim, const char *what, DKIM_STAT stat)
{
	/* Both may be NULL for some codes. */
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
		if (g->dkim[i] != NULL)
			dkim_free(g->dkim[i]);
		buf_fini(&g->value[i]);
	}
	buf_fini(&g->field);
	arena_free(g->arena);
	free(g);
}

static DKIM *
begin_one(const struct signer *s, const struct signing *g, DKIM_LIB *lib, size_t k,
    char *err, size_t errlen)
{
	/* Copied by the library, all but the id, which lives in the settings. */
	const struct conf_domain *d = g->domain;
	const struct keyring_key *key = keyring_get(s->keys, d->id, k);
	dkim_canon_t hc = d->header_canon == CONF_CANON_SIMPLE ? DKIM_CANON_SIMPLE
							       : DKIM_CANON_RELAXED;
	dkim_canon_t bc =
	    d->body_canon == CONF_CANON_SIMPLE ? DKIM_CANON_SIMPLE : DKIM_CANON_RELAXED;
	dkim_alg_t alg = key->type == KEYRING_ED25519 ? DKIM_SIGN_ED25519SHA256
						      : DKIM_SIGN_RSASHA256;
	char handle[KEYCACHE_HANDLE_BYTES];
	DKIM_STAT stat = DKIM_STAT_OK;
	DKIM *dkim =
	    dkim_sign(lib, lend(d->name), g->arena, lend(keycache_text(key, handle)),
		lend(d->keys[k].selector), lend(d->name), hc, bc, alg, -1, &stat);

	if (dkim == NULL)
		say(err, errlen, NULL, d->keys[k].selector, stat);
	return dkim;
}

static struct signing *
begin(void *self, const struct conf_domain *d, unsigned skips, char *err, size_t errlen)
{
	const struct signer *s = self;
	DKIM_LIB *lib = s->profiles[s->profile_of[d->id]].lib[skips];
	struct signing *g = calloc(1, sizeof *g);

	if (g != NULL)
		g->arena = arena_new(ARENA_MAX);
	if (g == NULL || g->arena == NULL) {
		snprintf(err, errlen, "out of memory");
		free(g);
		return NULL;
	}
	g->domain = d;
	buf_init(&g->field, FIELD_MAX);
	for (; g->n < d->n_keys; g->n++) {
		buf_init(&g->value[g->n], SIGNATURE_MAX);
		g->dkim[g->n] = begin_one(s, g, lib, g->n, err, errlen);
		if (g->dkim[g->n] == NULL) {
			signing_free(g);
			return NULL;
		}
	}
	return g;
}

/* "name:value" with CRLF before folds: as it is on the wire, without the last CRLF. */
static int
field(struct signing *g, struct str name, struct str value)
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
		if (dkim_header(g->dkim[i], (u_char *)g->field.p, g->field.len) !=
		    DKIM_STAT_OK)
			return -1;
	return 0;
}

static int
end_fields(struct signing *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (dkim_eoh(g->dkim[i]) != DKIM_STAT_OK)
			return -1;
	return 0;
}

static int
body(struct signing *g, const void *p, size_t n)
{
	if (n == 0)
		return 0; /* the library asserts on it */
	for (size_t i = 0; i < g->n; i++)
		if (dkim_body(g->dkim[i], lend(p), n) != DKIM_STAT_OK)
			return -1;
	return 0;
}

/* The tag list has a b= that is not empty: the library loses it around certain lengths.
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
end_one(struct signing *g, size_t i, char *err, size_t errlen)
{
	const char *selector = g->domain->keys[i].selector;
	DKIM_STAT stat = dkim_eom(g->dkim[i], NULL);
	u_char *text = NULL;
	size_t len = 0;

	if (stat == DKIM_STAT_OK)
		stat = dkim_getsighdr_d(g->dkim[i], INITIAL, &text, &len);
	if (stat != DKIM_STAT_OK) {
		say(err, errlen, g->dkim[i], selector, stat);
		return -1;
	}
	buf_addc(&g->value[i], ' ');
	for (size_t k = 0; k < len; k++)
		if (text[k] != '\r')
			buf_addc(&g->value[i], (char)text[k]);
	if (buf_failed(&g->value[i]) || !has_b(buf_str(&g->value[i]))) {
		buf_reset(&g->value[i]);
		snprintf(err, errlen, "%s: libopendkim's answer has no b=", selector);
		return -1;
	}
	return 0;
}

static size_t
end(struct signing *g, size_t *n, char *err, size_t errlen)
{
	size_t failed = 0;

	for (size_t i = 0; i < g->n; i++)
		if (end_one(g, i, err, errlen) != 0)
			failed++;
	*n = g->n;
	return failed;
}

static struct str
signature(const struct signing *g, size_t i, struct str *selector)
{
	*selector = str_of(g->domain->keys[i].selector);
	return buf_str(&g->value[i]);
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

/* For keycache_prove(). */
static bool
sign_once(const char *key_text)
{
	DKIM_STAT stat = DKIM_STAT_INTERNAL;
	DKIM_LIB *lib = dkim_init(libmem_take, libmem_give);
	struct arena *arena = arena_new(ARENA_MAX);
	DKIM *dkim = NULL;

	if (lib != NULL && arena != NULL)
		dkim = dkim_sign(lib, lend("proof"), arena, lend(key_text), lend("s"),
		    lend("example.com"), DKIM_CANON_RELAXED, DKIM_CANON_RELAXED,
		    DKIM_SIGN_ED25519SHA256, -1, &stat);
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

	if (s == NULL)
		goto memory;
	keycache_prove(sign_once);
	s->conf = conf;
	s->keys = keys;
	s->options = *options;
	s->profiles = calloc(conf->n_domains + 1, sizeof *s->profiles);
	s->profile_of = calloc(conf->n_domains + 1, sizeof *s->profile_of);
	if (s->profiles == NULL || s->profile_of == NULL)
		goto memory;
	s->port = (struct sign_port) { begin, field, end_fields, body, end, signature,
		signing_free, s };
	if (make_profiles(s) != 0) {
		snprintf(err, errlen, "libopendkim could not be set up");
		signer_free(s);
		return NULL;
	}
	return s;
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
	free(s->profiles);
	free(s->profile_of);
	free(s);
}

const struct sign_port *
signer_port(const struct signer *s)
{
	return &s->port;
}

void
signer_version(char *out, size_t size)
{
	uint32_t v = dkim_libversion();

	snprintf(out, size, "%u.%u.%u", v >> 24, v >> 16 & 0xff, v >> 8 & 0xff);
}
