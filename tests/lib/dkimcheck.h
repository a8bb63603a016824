/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkimcheck.h - a small verifier of DKIM signatures for tests, written from RFC 6376.
 *
 * It has no line in common with libopendkim, so it sees what that signs wrongly and
 * then verifies wrongly as well.  Strict where the RFC is: white space is blank and
 * tab, line ends are CRLF, fields of h= are taken from the bottom up.  It knows what we
 * make and no more (no l=, no i=, no DNS); the key is given.  dkimpy and Mail::DKIM
 * have the last word (tests/fuzz/run).
 */
#ifndef METERMARK_TESTS_DKIMCHECK_H
#define METERMARK_TESTS_DKIMCHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <openssl/evp.h>

#include "text/buf.h"
#include "text/str.h"

#define DKIMCHECK_MAX ((size_t)64 * 1024 * 1024)
#define DKIMCHECK_FIELDS 4096

struct dkimcheck_field {
	struct str name; /* as written, white space before the colon included */
	struct str all;  /* name, colon, value, folds; without the last CRLF */
	bool used;
};

struct dkimcheck {
	struct dkimcheck_field v[DKIMCHECK_FIELDS];
	size_t n;
	struct str body;
};

static inline bool
dkimcheck_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* Up to the next CRLF, or to the end. */
static inline size_t
dkimcheck_line(struct str s)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.p[i] == '\r' && s.p[i + 1] == '\n')
			return i;
	return s.len;
}

static inline struct str
dkimcheck_trim(struct str s)
{
	while (s.len > 0 && dkimcheck_wsp(s.p[s.len - 1]))
		s.len--;
	while (s.len > 0 && dkimcheck_wsp(s.p[0])) {
		s.p++;
		s.len--;
	}
	return s;
}

/* Header and body of a message.  False: it has no header that can be told apart. */
static inline bool
dkimcheck_split(struct dkimcheck *m, struct str raw)
{
	m->n = 0;
	while (raw.len > 0) {
		size_t n = dkimcheck_line(raw);
		struct dkimcheck_field *f = &m->v[m->n];

		if (n == 0) {
			m->body = str_skip(raw, 2);
			return true;
		}
		if (dkimcheck_wsp(raw.p[0]) || m->n == DKIMCHECK_FIELDS)
			return false;
		while (n + 2 < raw.len && dkimcheck_wsp(raw.p[n + 2]))
			n += 2 + dkimcheck_line(str_skip(raw, n + 2));
		f->all = str_make(raw.p, n);
		f->name = str_make(raw.p, str_find(f->all, ':'));
		if (f->name.len == n)
			return false;
		m->n++;
		raw = str_skip(raw, n + 2);
	}
	m->body = STR("");
	return true;
}

/* RFC 6376 3.4.2, without the CRLF at the end. */
static inline void
dkimcheck_relaxed_field(struct buf *out, struct str all)
{
	size_t colon = str_find(all, ':');
	struct str name = dkimcheck_trim(str_make(all.p, colon));
	struct str value = str_skip(all, colon + 1);
	size_t start;

	for (size_t i = 0; i < name.len; i++)
		buf_addc(out, ascii_lower(name.p[i]));
	buf_addc(out, ':');
	start = out->len;
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '\r' && i + 1 < value.len && value.p[i + 1] == '\n')
			i++;
		else if (!dkimcheck_wsp(value.p[i]))
			buf_addc(out, value.p[i]);
		else if (out->len > start && out->p[out->len - 1] != ' ')
			buf_addc(out, ' ');
	}
	while (out->len > start && out->p[out->len - 1] == ' ')
		out->len--;
}

/* RFC 6376 3.4.3 and 3.4.4. */
static inline void
dkimcheck_body(struct buf *out, struct str body, bool relaxed)
{
	size_t blank = 0;
	bool any = false;

	while (body.len > 0) {
		size_t n = dkimcheck_line(body), start;
		struct str line = str_make(body.p, n);

		body = str_skip(body, n + 2);
		while (relaxed && line.len > 0 && dkimcheck_wsp(line.p[line.len - 1]))
			line.len--;
		if (line.len == 0) {
			blank++;
			continue;
		}
		any = true;
		for (; blank > 0; blank--)
			buf_add(out, "\r\n", 2);
		start = out->len;
		for (size_t i = 0; i < line.len; i++)
			if (!relaxed || !dkimcheck_wsp(line.p[i]))
				buf_addc(out, line.p[i]);
			else if (out->len == start || out->p[out->len - 1] != ' ')
				buf_addc(out, ' ');
		buf_add(out, "\r\n", 2);
	}
	if (!any && !relaxed)
		buf_add(out, "\r\n", 2);
}

/* The value of a tag, trimmed; p is NULL when it is not there. */
static inline struct str
dkimcheck_tag(struct str field, const char *name)
{
	struct str rest = str_skip(field, str_find(field, ':') + 1);

	while (rest.len > 0) {
		size_t end = str_find(rest, ';'), eq;
		struct str tag = str_trim(str_make(rest.p, end));

		eq = str_find(tag, '=');
		if (eq < tag.len && str_eq(str_trim(str_make(tag.p, eq)), str_of(name)))
			return str_trim(str_skip(tag, eq + 1));
		rest = str_skip(rest, end + 1);
	}
	return (struct str) { NULL, 0 };
}

/* Base64 with white space in it.  How many bytes; -1 when it is none. */
static inline int
dkimcheck_base64(struct str s, unsigned char *out, size_t size)
{
	unsigned char clean[2048];
	size_t n = 0, pad = 0;
	int len;

	for (size_t i = 0; i < s.len; i++)
		if (!ascii_iswsp(s.p[i]) && n < sizeof clean)
			clean[n++] = (unsigned char)s.p[i];
	while (pad < 2 && pad < n && clean[n - 1 - pad] == '=')
		pad++;
	if (n == 0 || n % 4 != 0 || n / 4 * 3 > size)
		return -1;
	len = EVP_DecodeBlock(out, clean, (int)n);
	return len < 0 ? -1 : len - (int)pad;
}

/* The fields of h= from the bottom up, each once. */
static inline void
dkimcheck_header(struct dkimcheck *m, struct buf *out, struct str h, bool relaxed)
{
	for (size_t i = 0; i < m->n; i++)
		m->v[i].used = false;
	while (h.len > 0) {
		size_t end = str_find(h, ':');
		struct str name = str_trim(str_make(h.p, end));

		for (size_t i = m->n; i > 0; i--) {
			struct dkimcheck_field *f = &m->v[i - 1];

			if (f->used || !str_caseeq(dkimcheck_trim(f->name), name))
				continue;
			f->used = true;
			if (relaxed)
				dkimcheck_relaxed_field(out, f->all);
			else
				buf_addstr(out, f->all);
			buf_add(out, "\r\n", 2);
			break;
		}
		h = str_skip(h, end + 1);
	}
}

/* The signature's own field, its b= empty (RFC 6376 3.5 and 3.7). */
static inline void
dkimcheck_own(struct buf *out, struct str field, struct str b, bool relaxed)
{
	struct buf cut;

	buf_init(&cut, DKIMCHECK_MAX);
	buf_add(&cut, field.p, (size_t)(b.p - field.p));
	buf_add(&cut, b.p + b.len, (size_t)(field.p + field.len - b.p) - b.len);
	if (relaxed)
		dkimcheck_relaxed_field(out, buf_str(&cut));
	else
		buf_addstr(out, buf_str(&cut));
	buf_fini(&cut);
}

static inline const char *
dkimcheck_verify(struct str a, EVP_PKEY *key, struct str data, struct str b)
{
	unsigned char sig[1024], digest[EVP_MAX_MD_SIZE];
	const unsigned char *p = (const unsigned char *)data.p;
	size_t n = data.len;
	unsigned len = 0;
	int siglen = dkimcheck_base64(b, sig, sizeof sig), ok = 0;
	bool rsa = str_eq(a, STR("rsa-sha256"));
	EVP_MD_CTX *ctx;

	if (siglen <= 0)
		return "b= is not base64";
	if (!rsa && !str_eq(a, STR("ed25519-sha256")))
		return "unknown a=";
	if (EVP_PKEY_get_id(key) != (rsa ? EVP_PKEY_RSA : EVP_PKEY_ED25519))
		return "a= is not the key's";
	if (!rsa) {
		/* RFC 8463 3: what is signed is the digest. */
		EVP_Digest(data.p, data.len, digest, &len, EVP_sha256(), NULL);
		p = digest;
		n = len;
	}
	ctx = EVP_MD_CTX_new();
	if (ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, rsa ? EVP_sha256() : NULL, NULL, key) == 1)
		ok = EVP_DigestVerify(ctx, sig, (size_t)siglen, p, n);
	EVP_MD_CTX_free(ctx);
	return ok == 1 ? NULL : "b= does not verify";
}

/* Judge one DKIM-Signature field of the message.  NULL: it is good; else what is not.
 */
static inline const char *
dkimcheck_one(struct dkimcheck *m, struct str field, EVP_PKEY *key)
{
	struct str a = dkimcheck_tag(field, "a"), b = dkimcheck_tag(field, "b");
	struct str bh = dkimcheck_tag(field, "bh"), h = dkimcheck_tag(field, "h");
	struct str c = dkimcheck_tag(field, "c");
	unsigned char want[64], digest[EVP_MAX_MD_SIZE];
	bool relaxed = str_starts(c, STR("relaxed/"));
	const char *why = NULL;
	unsigned len = 0;
	struct buf data;

	if (a.p == NULL || b.p == NULL || bh.p == NULL || h.p == NULL || c.p == NULL ||
	    dkimcheck_tag(field, "d").p == NULL || dkimcheck_tag(field, "s").p == NULL)
		return "a tag is missing";
	buf_init(&data, DKIMCHECK_MAX);
	dkimcheck_body(&data, m->body, str_ends(c, STR("/relaxed")));
	EVP_Digest(data.p, data.len, digest, &len, EVP_sha256(), NULL);
	if (dkimcheck_base64(bh, want, sizeof want) != 32 ||
	    memcmp(want, digest, 32) != 0)
		why = "bh= is not the body's";
	buf_reset(&data);
	dkimcheck_header(m, &data, h, relaxed);
	dkimcheck_own(&data, field, b, relaxed);
	if (why == NULL && !buf_failed(&data))
		why = dkimcheck_verify(a, key, buf_str(&data), b);
	buf_fini(&data);
	return why;
}

/*
 * Judge signature `which` from the top.  NULL: it is good.  m is scratch, large; it may
 * be static.
 */
static inline const char *
dkimcheck(struct dkimcheck *m, struct str raw, size_t which, EVP_PKEY *key)
{
	if (!dkimcheck_split(m, raw))
		return "no header";
	for (size_t i = 0; i < m->n; i++)
		if (str_caseeq(m->v[i].name, STR("DKIM-Signature")) && which-- == 0)
			return dkimcheck_one(m, m->v[i].all, key);
	return "no such signature";
}

#endif
