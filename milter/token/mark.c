/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mark.c - the handled-mark.  See the header.
 */
#include "token/mark.h"

#include <inttypes.h>
#include <string.h>

#include "text/armor.h"
#include "token/tokencrypt.h"

#define LOCAL_ID '-'
#define MAC_BYTES ((size_t)16)
#define MAC_CHARS ((size_t)ARMOR_BASE64URL_CHARS(16))

/* A mark taken apart, as it claims. */
struct mark {
	char key;
	int64_t time;
	uint8_t mac[MAC_BYTES];
};

/* Append the text unfolded: a run of white space becomes one blank, at the ends none.
 */
static void
add_relaxed(struct buf *b, struct str value)
{
	bool blank = false;

	value = str_trim(value);
	for (size_t i = 0; i < value.len; i++) {
		if (ascii_iswsp(value.p[i])) {
			blank = true;
			continue;
		}
		if (blank)
			buf_addc(b, ' ');
		blank = false;
		buf_addc(b, value.p[i]);
	}
}

static void
add_fields(struct buf *b, const struct hdr *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct hdr_field *f = &h->v[i];

		if (f->state == HDR_REMOVED || !str_caseeq(f->name, str_of(name)))
			continue;
		buf_addf(b, "%s:", name);
		add_relaxed(b, f->value);
		buf_addc(b, '\n');
	}
}

static struct str
bare(struct str sender)
{
	sender = str_trim(sender);
	if (str_starts(sender, STR("<")) && str_ends(sender, STR(">")) &&
	    sender.len >= 2)
		sender = str_make(sender.p + 1, sender.len - 2);
	return sender;
}

static void
add_sender(struct buf *b, struct str sender)
{
	size_t at;

	sender = bare(sender);
	at = str_rfind(sender, '@');
	for (size_t i = 0; i < sender.len; i++)
		buf_addc(b, i > at ? ascii_lower(sender.p[i]) : sender.p[i]);
}

/* The HMAC of a mark with that key and time.  -1: no such key, too long, no memory. */
static int
compute(const struct mark_keys *keys, const struct hdr *h, struct str sender,
    const struct mark *m, uint8_t out[32])
{
	struct buf b;
	int rc = -1;

	buf_init(&b, MARK_TEXT_MAX);
	buf_addf(&b, "1\n%c\n%" PRId64 "\n", m->key, m->time);
	add_fields(&b, h, "from");
	add_fields(&b, h, "date");
	add_fields(&b, h, "message-id");
	add_sender(&b, sender);
	if (!buf_failed(&b))
		rc = m->key == LOCAL_ID
		    ? token_ring_mac(
			  keys->local, token_ring_newest(keys->local), b.p, b.len, out)
		    : token_ring_mac(keys->tokens, m->key, b.p, b.len, out);
	buf_fini(&b);
	return rc;
}

int
mark_make(const struct mark_keys *keys, const struct hdr *h, struct str sender,
    int64_t now, struct buf *out)
{
	struct mark m = { .key = token_ring_newest(keys->tokens), .time = now };
	uint8_t mac[32];

	if (m.key == '\0')
		m.key = LOCAL_ID;
	if (now < 0 || compute(keys, h, sender, &m, mac) != 0)
		return -1;
	buf_addf(out, " v=1; k=%c; t=%" PRId64 "; m=", m.key, m.time);
	armor_base64url(out, mac, MAC_BYTES);
	return buf_failed(out) ? -1 : 0;
}

static bool
take(struct str *s, const char *prefix)
{
	if (!str_starts(*s, str_of(prefix)))
		return false;
	*s = str_skip(*s, strlen(prefix));
	return true;
}

/* Accepts the value only as we write it; white space around it does not matter. */
static bool
parse(struct str value, struct mark *m)
{
	struct str s = str_trim(value);
	size_t n = 0;

	if (!take(&s, "v=1; k=") || s.len == 0)
		return false;
	m->key = s.p[0];
	s = str_skip(s, 1);
	if (!take(&s, "; t="))
		return false;
	m->time = 0;
	for (; n < s.len && n < 12 && ascii_isdigit(s.p[n]); n++)
		m->time = m->time * 10 + (s.p[n] - '0');
	if (n == 0 || (s.p[0] == '0' && n > 1))
		return false;
	s = str_skip(s, n);
	return take(&s, "; m=") && s.len == MAC_CHARS &&
	    armor_read_base64url(s, m->mac, sizeof(m->mac)) == (int)MAC_BYTES;
}

static bool
holds(const struct mark_keys *keys, const struct hdr *h, struct str sender, int64_t now,
    struct str value)
{
	struct mark m;
	uint8_t mac[32];

	if (!parse(value, &m) || m.time > now + MARK_SKEW_S ||
	    now - m.time >= MARK_LIFE_S || compute(keys, h, sender, &m, mac) != 0)
		return false;
	return tokencrypt_equal(mac, m.mac, MAC_BYTES);
}

bool
mark_holds(
    const struct mark_keys *keys, const struct hdr *h, struct str sender, int64_t now)
{
	struct str whole = bare(sender);
	size_t at = str_rfind(whole, '@'), seen = 0;
	/* A sender that a client gave without a domain returns with the MTA's domain.
	 */
	struct str local = str_make(whole.p, at);

	for (size_t i = 0; i < h->n && seen < MARK_FIELDS_MAX; i++) {
		const struct hdr_field *f = &h->v[i];

		if (f->state == HDR_REMOVED || !str_caseeq(f->name, STR(MARK_FIELD)))
			continue;
		seen++;
		if (holds(keys, h, sender, now, f->value) ||
		    (at > 0 && at < whole.len && holds(keys, h, local, now, f->value)))
			return true;
	}
	return false;
}
