/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token.c - tokens of both forms, and the keys they are made with.  See the header.
 */
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

#include "system/crypto.h"
#include "text/armor.h"
#include "token/tokencrypt.h"

#define VERSION 1U
#define KEYS_MAX (sizeof(TOKEN_KEY_IDS) - 1)

#define INFO_MAILBOX "metermark token mailbox 1"
#define INFO_URL "metermark token url 1"
#define INFO_MARK "metermark mark 1"

/* Where the parts of the mailbox form are. */
enum {
	AT_CAMPAIGN = 1,
	AT_DAY = AT_CAMPAIGN + TOKEN_CAMPAIGN_ID_BYTES,
	AT_NONCE = AT_DAY + 2,
	AT_MAC = AT_NONCE + TOKEN_NONCE_BYTES,
	MAC_BYTES = 10,
	MAILBOX_BYTES = AT_MAC + MAC_BYTES
};

#define PLAIN_MAX (CAMP_NAME_MAX + 1 + TOKEN_RCPT_MAX)
#define URL_MAX (1 + TOKENCRYPT_TAG + PLAIN_MAX)
/* A name and an address are a byte each at least. */
#define URL_MIN (1 + TOKENCRYPT_TAG + 3)

_Static_assert(ARMOR_BASE32_CHARS(MAILBOX_BYTES) == TOKEN_MAILBOX_CHARS, "as told");
_Static_assert(ARMOR_BASE64URL_CHARS(URL_MAX) == TOKEN_URL_CHARS_MAX, "as told");

struct key {
	char id;
	uint8_t mailbox[32];
	uint8_t url[64];
	uint8_t mark[32];
};

struct token_ring {
	struct tokencrypt_siv *siv;
	size_t n;
	struct key key[KEYS_MAX]; /* the newest is the last */
};

struct token_ring *
token_ring_new(void)
{
	struct token_ring *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->siv = tokencrypt_siv();
	return r;
}

void
token_ring_free(struct token_ring *r)
{
	if (r == NULL)
		return;
	explicit_bzero(r->key, sizeof(r->key));
	tokencrypt_siv_free(r->siv);
	free(r);
}

bool
token_ring_empty(const struct token_ring *r)
{
	return r == NULL || r->n == 0;
}

char
token_ring_newest(const struct token_ring *r)
{
	return token_ring_empty(r) ? '\0' : r->key[r->n - 1].id;
}

static const struct key *
find(const struct token_ring *r, char id)
{
	for (size_t i = 0; r != NULL && i < r->n; i++)
		if (r->key[i].id == id)
			return &r->key[i];
	return NULL;
}

bool
token_key_id_valid(char id)
{
	return id != '\0' && strchr(TOKEN_KEY_IDS, id) != NULL;
}

int
token_ring_add(struct token_ring *r, char id, const void *secret, size_t n)
{
	struct key *k;

	if (!token_key_id_valid(id) || find(r, id) != NULL || n < TOKEN_SECRET_MIN ||
	    n > TOKEN_SECRET_MAX)
		return -1;
	k = &r->key[r->n];
	if (tokencrypt_hkdf(secret, n, INFO_MAILBOX, k->mailbox, sizeof(k->mailbox)) !=
		0 ||
	    tokencrypt_hkdf(secret, n, INFO_URL, k->url, sizeof(k->url)) != 0 ||
	    tokencrypt_hkdf(secret, n, INFO_MARK, k->mark, sizeof(k->mark)) != 0)
		return -1;
	k->id = id;
	r->n++;
	return 0;
}

static uint8_t
first_byte(const struct key *k)
{
	return (uint8_t)(VERSION << 6 |
	    (unsigned)(strchr(TOKEN_KEY_IDS, k->id) - TOKEN_KEY_IDS));
}

/* '\0': no version of ours, or no key's index. */
static char
key_id_of(uint8_t first)
{
	size_t index = first & 0x3f;

	return first >> 6 == VERSION && index < KEYS_MAX ? TOKEN_KEY_IDS[index] : '\0';
}

void
token_campaign_id(struct str campaign, uint8_t out[TOKEN_CAMPAIGN_ID_BYTES])
{
	uint8_t digest[32];

	crypto_sha256(campaign.p, campaign.len, digest);
	memcpy(out, digest, TOKEN_CAMPAIGN_ID_BYTES);
}

int
token_ring_mac(
    const struct token_ring *r, char id, const void *p, size_t n, uint8_t out[32])
{
	const struct key *k = find(r, id);

	if (k == NULL)
		return -1;
	crypto_hmac_sha256(k->mark, sizeof(k->mark), p, n, out);
	return 0;
}

int
token_mailbox_with(const struct token_ring *r, struct str campaign, uint16_t day,
    const uint8_t nonce[TOKEN_NONCE_BYTES], struct buf *out)
{
	uint8_t t[MAILBOX_BYTES], mac[32];
	const struct key *k;

	if (token_ring_empty(r) || campaign.len == 0 || campaign.len > CAMP_NAME_MAX)
		return -1;
	k = &r->key[r->n - 1];
	t[0] = first_byte(k);
	token_campaign_id(campaign, t + AT_CAMPAIGN);
	t[AT_DAY] = (uint8_t)(day >> 8);
	t[AT_DAY + 1] = (uint8_t)day;
	memcpy(t + AT_NONCE, nonce, TOKEN_NONCE_BYTES);
	crypto_hmac_sha256(k->mailbox, sizeof(k->mailbox), t, AT_MAC, mac);
	memcpy(t + AT_MAC, mac, MAC_BYTES);
	/* All or nothing: a buf that is full keeps what went in before. */
	if (buf_failed(out) || out->max - out->len < TOKEN_MAILBOX_CHARS)
		return -1;
	armor_base32(out, t, sizeof(t));
	return buf_failed(out) ? -1 : 0;
}

int
token_mailbox(const struct token_ring *r, struct str campaign, int64_t now,
    struct str nonce, struct buf *out)
{
	uint8_t digest[32];

	if (token_ring_empty(r) || now < 0 || now / 86400 > UINT16_MAX)
		return -1;
	crypto_sha256(nonce.p, nonce.len, digest);
	return token_mailbox_with(r, campaign, (uint16_t)(now / 86400), digest, out);
}

static bool
has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

/* Names of ours begin with "_": they are no campaign that a token could be about. */
static bool
fit_for_url(struct str campaign, struct str recipient)
{
	return camp_is_canonical(campaign) && recipient.len > 0 &&
	    recipient.len <= TOKEN_RCPT_MAX && !has_control(recipient);
}

int
token_url(const struct token_ring *r, struct str campaign, struct str recipient,
    struct buf *out)
{
	uint8_t plain[PLAIN_MAX], t[URL_MAX];
	size_t n;
	const struct key *k;

	if (token_ring_empty(r) || !fit_for_url(campaign, recipient))
		return -1;
	k = &r->key[r->n - 1];
	memcpy(plain, campaign.p, campaign.len);
	plain[campaign.len] = 0;
	memcpy(plain + campaign.len + 1, recipient.p, recipient.len);
	n = campaign.len + 1 + recipient.len;
	t[0] = first_byte(k);
	if (tokencrypt_seal(r->siv, k->url, t[0], plain, n, t + 1) != 0)
		return -1;
	n += 1 + TOKENCRYPT_TAG;
	if (buf_failed(out) || out->max - out->len < ARMOR_BASE64URL_CHARS(n))
		return -1;
	armor_base64url(out, t, n);
	return buf_failed(out) ? -1 : 0;
}

static enum token_fault
decode_mailbox(const struct token_ring *r, struct str text, struct token *out)
{
	uint8_t t[MAILBOX_BYTES], mac[32];
	const struct key *k;

	if (armor_read_base32(text, t, sizeof(t)) != MAILBOX_BYTES ||
	    key_id_of(t[0]) == '\0')
		return TOKEN_MALFORMED;
	out->form = TOKEN_MAILBOX;
	out->key_id = key_id_of(t[0]);
	k = find(r, out->key_id);
	if (k == NULL)
		return TOKEN_NO_KEY;
	crypto_hmac_sha256(k->mailbox, sizeof(k->mailbox), t, AT_MAC, mac);
	if (!tokencrypt_equal(mac, t + AT_MAC, MAC_BYTES))
		return TOKEN_FORGED;
	memcpy(out->campaign_id, t + AT_CAMPAIGN, sizeof(out->campaign_id));
	memcpy(out->nonce, t + AT_NONCE, sizeof(out->nonce));
	out->day = (uint16_t)(t[AT_DAY] << 8 | t[AT_DAY + 1]);
	return TOKEN_OK;
}

/* What was encrypted is ours, but not for that more than a claim to be checked. */
static enum token_fault
take_plain(struct str plain, struct token *out)
{
	struct str name = str_make(plain.p, str_find(plain, '\0'));
	struct str rcpt = str_skip(plain, name.len + 1);

	if (!fit_for_url(name, rcpt))
		return TOKEN_MALFORMED;
	memcpy(out->campaign, name.p, name.len);
	memcpy(out->recipient, rcpt.p, rcpt.len);
	out->campaign[name.len] = out->recipient[rcpt.len] = '\0';
	return TOKEN_OK;
}

static enum token_fault
decode_url(const struct token_ring *r, struct str text, struct token *out)
{
	uint8_t t[URL_MAX], plain[PLAIN_MAX];
	int n = armor_read_base64url(text, t, sizeof(t));
	const struct key *k;
	size_t sealed;

	if (n < (int)URL_MIN || key_id_of(t[0]) == '\0')
		return TOKEN_MALFORMED;
	out->form = TOKEN_URL;
	out->key_id = key_id_of(t[0]);
	k = find(r, out->key_id);
	if (k == NULL)
		return TOKEN_NO_KEY;
	sealed = (size_t)n - 1;
	if (tokencrypt_open(r->siv, k->url, t[0], t + 1, sealed, plain) != 0)
		return TOKEN_FORGED;
	return take_plain(str_make((const char *)plain, sealed - TOKENCRYPT_TAG), out);
}

enum token_fault
token_decode(const struct token_ring *r, struct str text, struct token *out)
{
	enum token_fault fault = TOKEN_MALFORMED;

	*out = (struct token) { 0 };
	if (text.len == TOKEN_MAILBOX_CHARS)
		fault = decode_mailbox(r, text, out);
	/* The URL form may have that length too; read as the other form, its version
	 * is 2 or 3. */
	return fault != TOKEN_MALFORMED ? fault : decode_url(r, text, out);
}

const char *
token_fault_text(enum token_fault f)
{
	switch (f) {
	case TOKEN_OK:
		return "valid";
	case TOKEN_MALFORMED:
		return "not a token";
	case TOKEN_NO_KEY:
		return "made with a key that is not in the settings";
	case TOKEN_FORGED:
		return "forged, or changed on its way";
	}
	return "not a token";
}
