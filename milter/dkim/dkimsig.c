/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkimsig.c - verifies a DKIM-Signature.  See the header.
 *
 * The parts stand in the order of RFC 6376: dkimsig_read() takes the field apart (3.5),
 * dkimsig_split() takes the message apart, dkimsig_header() and dkimsig_body() build
 * the two canonical texts (3.4, 3.7), and dkimsig_verify() compares their digests with
 * bh= and b= (6.1).
 */
#include "dkim/dkimsig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dkim/pubkey.h"
#include "mail/domain.h"
#include "system/crypto.h"
#include "text/base64.h"

#define TIME_MAX INT64_C(999999999999)

/* ==== The field ==== */

static int
refuse_signature(char *err, size_t errlen, const char *what)
{
	snprintf(err, errlen, "%s", what);
	return -1;
}

static int
want_tag(
    const struct taglist *l, const char *tag, struct str *out, char *err, size_t errlen)
{
	if (taglist_get(l, tag, out) && out->len > 0)
		return 0;
	snprintf(err, errlen, "found no %s= in the signature", tag);
	return -1;
}

static int
read_canon(struct dkimsig *s, const struct taglist *l, char *err, size_t errlen)
{
	struct str c, header, body;
	size_t slash;

	if (!taglist_get(l, "c", &c))
		c = STR("simple/simple");
	slash = str_find(c, '/');
	header = str_make(c.p, slash);
	body = slash < c.len ? str_skip(c, slash + 1) : STR("simple");
	s->simple_header = str_caseeq(header, STR("simple"));
	s->simple_body = str_caseeq(body, STR("simple"));
	if ((s->simple_header || str_caseeq(header, STR("relaxed"))) &&
	    (s->simple_body || str_caseeq(body, STR("relaxed"))))
		return 0;
	return refuse_signature(err, errlen, "its c= is unknown");
}

static int
read_number(
    const struct taglist *l, const char *tag, int64_t *out, char *err, size_t errlen)
{
	struct str value;

	*out = -1;
	if (!taglist_get(l, tag, &value))
		return 0;
	*out = taglist_number(value, TIME_MAX);
	if (*out >= 0)
		return 0;
	snprintf(err, errlen, "its %s= is not a number", tag);
	return -1;
}

static int
read_algorithm(struct dkimsig *s, struct str a, char *err, size_t errlen)
{
	if (str_caseeq(a, STR("rsa-sha256")))
		s->type = DKIMREC_RSA;
	else if (str_caseeq(a, STR("ed25519-sha256")))
		s->type = DKIMREC_ED25519;
	else if (str_caseeq(a, STR("rsa-sha1")))
		return refuse_signature(err, errlen,
		    "it was made with SHA-1, which nobody accepts any more (RFC 8301)");
	else
		return refuse_signature(err, errlen, "its a= is unknown");
	return 0;
}

static int
read_hashes(struct dkimsig *s, struct str b, struct str bh, char *err, size_t errlen)
{
	uint8_t bytes[64];
	int n = base64_read(bh, bytes, sizeof(bytes));

	if (n != (int)sizeof(s->bh))
		return refuse_signature(
		    err, errlen, "its bh= is not a digest of 32 bytes");
	memcpy(s->bh, bytes, sizeof(s->bh));
	n = base64_read(b, s->b, sizeof(s->b));
	if (n <= 0)
		return refuse_signature(err, errlen, "its b= is not base64");
	s->b_len = (size_t)n;
	return 0;
}

/*
 * Bounds the names in h=, since each of them is searched for among all fields of the
 * message.
 */
static bool
few_names(struct str names)
{
	size_t n = 1;

	for (size_t i = 0; i < names.len; i++)
		n += names.p[i] == ':' ? 1 : 0;
	return n <= DKIMSIG_NAMES_MAX;
}

/* The domain of i= must be d= or below it. */
static bool
identity_ok(const struct dkimsig *s)
{
	size_t at = str_rfind(s->identity, '@');

	return s->identity.len == 0 ||
	    (at < s->identity.len &&
		domain_within(str_skip(s->identity, at + 1), s->domain));
}

int
dkimsig_read(struct dkimsig *s, struct str value, char *err, size_t errlen)
{
	struct taglist l;
	struct str v, a, b, bh;

	*s = (struct dkimsig) { .domain = STR("") };
	if (taglist_read(&l, value, err, errlen) != 0)
		return -1;
	if (want_tag(&l, "v", &v, err, errlen) != 0 ||
	    want_tag(&l, "a", &a, err, errlen) != 0 ||
	    want_tag(&l, "d", &s->domain, err, errlen) != 0 ||
	    want_tag(&l, "s", &s->selector, err, errlen) != 0 ||
	    want_tag(&l, "h", &s->names, err, errlen) != 0 ||
	    want_tag(&l, "b", &b, err, errlen) != 0 ||
	    want_tag(&l, "bh", &bh, err, errlen) != 0)
		return -1;
	if (!str_eq(v, STR("1")))
		return refuse_signature(err, errlen, "its v= is not 1");
	taglist_get(&l, "i", &s->identity);
	if (!identity_ok(s))
		return refuse_signature(err, errlen, "its i= is not within its d=");
	if (!few_names(s->names))
		return refuse_signature(
		    err, errlen, "its h= names more fields than any message has");
	if (!taglist_lists(s->names, "from"))
		return refuse_signature(err, errlen, "its h= leaves out From");
	if (read_algorithm(s, a, err, errlen) != 0 ||
	    read_canon(s, &l, err, errlen) != 0 ||
	    read_number(&l, "l", &s->length, err, errlen) != 0 ||
	    read_number(&l, "t", &s->time, err, errlen) != 0 ||
	    read_number(&l, "x", &s->expires, err, errlen) != 0)
		return -1;
	return read_hashes(s, b, bh, err, errlen);
}

/* ==== The message ==== */

/* Length of the first line of s, with its CRLF. */
static size_t
line_end(struct str s)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.p[i] == '\r' && s.p[i + 1] == '\n')
			return i + 2;
	return s.len;
}

static bool
is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

size_t
dkimsig_split(struct str message, struct dkimsig_field *v, size_t max, struct str *body)
{
	size_t n = 0;

	while (message.len > 0 && n < max && !str_starts(message, STR("\r\n"))) {
		size_t end = line_end(message);
		struct str text;

		while (end < message.len && is_wsp(message.p[end]))
			end += line_end(str_skip(message, end));
		text = str_make(message.p, end);
		if (str_ends(text, STR("\r\n")))
			text.len -= 2;
		v[n++].text = text;
		message = str_skip(message, end);
	}
	*body = str_starts(message, STR("\r\n")) ? str_skip(message, 2) : message;
	return n;
}

static struct str
field_name(struct str text)
{
	struct str name = str_make(text.p, str_find(text, ':'));

	while (name.len > 0 && is_wsp(name.p[name.len - 1]))
		name.len--;
	return name;
}

/* Relaxed header canonicalization, RFC 6376 3.4.2. */
static void
relaxed_field(struct str text, struct buf *out)
{
	struct str name = field_name(text);
	struct str value = str_skip(text, str_find(text, ':') + 1);
	bool gap = false, begun = false;

	for (size_t i = 0; i < name.len; i++)
		buf_addc(out, ascii_lower(name.p[i]));
	buf_addc(out, ':');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c == '\r' && i + 1 < value.len && value.p[i + 1] == '\n') {
			i++;
			continue;
		}
		if (is_wsp(c)) {
			gap = true;
			continue;
		}
		if (gap && begun)
			buf_addc(out, ' ');
		buf_addc(out, c);
		begun = true;
		gap = false;
	}
}

static void
add_field(const struct dkimsig *s, struct str text, struct buf *out)
{
	if (s->simple_header)
		buf_addstr(out, text);
	else
		relaxed_field(text, out);
}

/* Adds the signature's own field without the value of b=, up to the next semicolon. */
static void
without_b(struct str text, struct buf *out)
{
	size_t at = str_find(text, ':') + 1;

	buf_addstr(out, str_make(text.p, at < text.len ? at : text.len));
	for (text = str_skip(text, at); text.len > 0;) {
		size_t n = str_find(text, ';');
		struct str spec = str_make(text.p, n);
		size_t eq = str_find(spec, '=');

		if (eq < n && str_eq(str_trim(str_make(spec.p, eq)), STR("b")))
			buf_addstr(out, str_make(spec.p, eq + 1));
		else
			buf_addstr(out, spec);
		if (n < text.len)
			buf_addc(out, ';');
		text = str_skip(text, n + 1);
	}
}

void
dkimsig_header(const struct dkimsig *s, const struct dkimsig_field *v, size_t n,
    size_t self, struct buf *out)
{
	bool *used = calloc(n + 1, sizeof(*used));
	struct buf own;

	for (struct str rest = s->names; used != NULL && rest.len > 0;) {
		size_t len = str_find(rest, ':');
		struct str name = str_trim(str_make(rest.p, len));

		for (size_t i = n; i-- > 0;)
			if (!used[i] && i != self &&
			    str_caseeq(field_name(v[i].text), name)) {
				used[i] = true;
				add_field(s, v[i].text, out);
				buf_adds(out, "\r\n");
				break;
			}
		rest = str_skip(rest, len + 1);
	}
	free(used);
	buf_init(&own, v[self].text.len + 1);
	without_b(v[self].text, &own);
	add_field(s, buf_str(&own), out);
	buf_fini(&own);
}

/* ==== The body ==== */

/*
 * Adds a line without its CRLF: each run of white space becomes one blank, and white
 * space at its end is dropped.
 */
static void
relaxed_line(struct str line, struct buf *out)
{
	bool gap = false;

	for (size_t i = 0; i < line.len; i++) {
		if (is_wsp(line.p[i])) {
			gap = true;
			continue;
		}
		if (gap)
			buf_addc(out, ' ');
		buf_addc(out, line.p[i]);
		gap = false;
	}
}

/*
 * The body without the empty lines at its end.  In relaxed form a line of white space
 * is empty, too.
 */
static struct str
without_last_lines(const struct dkimsig *s, struct str body)
{
	for (;;) {
		struct str line = body;

		if (str_ends(line, STR("\r\n")))
			line.len -= 2;
		while (!s->simple_body && line.len > 0 && is_wsp(line.p[line.len - 1]))
			line.len--;
		if (line.len == body.len ||
		    (line.len > 0 && !str_ends(line, STR("\r\n"))))
			return body;
		body = line;
	}
}

void
dkimsig_body(const struct dkimsig *s, struct str body, struct buf *out)
{
	size_t first = out->len;

	body = without_last_lines(s, body);
	if (body.len == 0 && s->simple_body)
		buf_adds(out, "\r\n");
	while (body.len > 0) {
		size_t end = line_end(body);
		struct str line = str_make(body.p, end);

		if (str_ends(line, STR("\r\n")))
			line.len -= 2;
		if (s->simple_body)
			buf_addstr(out, line);
		else
			relaxed_line(line, out);
		buf_adds(out, "\r\n");
		body = str_skip(body, end);
	}
	if (s->length >= 0 && (uint64_t)s->length < out->len - first)
		out->len = first + (size_t)s->length;
}

/* ==== The verdict ==== */

static int
check_record(const struct dkimsig *s, const struct dkimrec *r, char *err, size_t errlen)
{
	size_t at = str_rfind(s->identity, '@');

	if (r->key_len == 0)
		return refuse_signature(err, errlen, "its key is revoked: p= is empty");
	if (r->type != s->type)
		return refuse_signature(
		    err, errlen, "its key is of another type than its a=");
	if (!r->sha256 || !r->email)
		return refuse_signature(
		    err, errlen, "its key is not meant for mail with SHA-256");
	if (r->strict && s->identity.len > 0 &&
	    !str_caseeq(str_skip(s->identity, at + 1), s->domain))
		return refuse_signature(
		    err, errlen, "its key has t=s, and i= is of a subdomain of d=");
	return 0;
}

static int
check_body(const struct dkimsig *s, struct str body, char *err, size_t errlen)
{
	struct buf text;
	uint8_t hash[32];
	int rc = 0;

	buf_init(&text, body.len + 4);
	dkimsig_body(s, body, &text);
	if (buf_failed(&text))
		rc = refuse_signature(err, errlen, "out of memory");
	else if (s->length > 0 && (uint64_t)s->length > text.len)
		rc = refuse_signature(err, errlen, "the body is shorter than its l=");
	if (rc == 0) {
		crypto_sha256(text.p, text.len, hash);
		if (memcmp(hash, s->bh, sizeof(hash)) != 0)
			rc = refuse_signature(
			    err, errlen, "the body was changed after it was signed");
	}
	buf_fini(&text);
	return rc;
}

static int
check_header(const struct dkimsig *s, const struct dkimrec *r,
    const struct dkimsig_field *v, size_t n, size_t self, char *err, size_t errlen)
{
	struct buf text;
	uint8_t hash[32];
	size_t all = 64;
	int rc = -1;

	for (size_t i = 0; i < n; i++)
		all += v[i].text.len + 4;
	buf_init(&text, all);
	dkimsig_header(s, v, n, self, &text);
	if (!buf_failed(&text)) {
		crypto_sha256(text.p, text.len, hash);
		rc = pubkey_verify(r->type, r->key, r->key_len, hash, s->b, s->b_len);
	}
	buf_fini(&text);
	if (rc == 1)
		return 0;
	return refuse_signature(err, errlen,
	    rc == 0
		? "its header was changed after it was signed, or the key is a different one"
		: "its key cannot be used");
}

int
dkimsig_verify(const struct dkimsig *s, const struct dkimrec *r,
    const struct dkimsig_field *v, size_t n, size_t self, struct str body, int64_t now,
    char *err, size_t errlen)
{
	if (s->expires >= 0 && s->expires < now)
		return refuse_signature(
		    err, errlen, "it has expired: the time in x= is past");
	if (check_record(s, r, err, errlen) != 0 ||
	    check_body(s, body, err, errlen) != 0)
		return -1;
	return check_header(s, r, v, n, self, err, errlen);
}
