/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token.h - what we write into addresses and URLs of a message, to know it again.
 * Pure.
 *
 * A bounce, a complaint or an unsubscription comes back from a stranger; the token in
 * it says which campaign it is about, and that we have said so.  Two forms, both made
 * with the newest key of a ring and verified with any of it.  Anybody who has the key
 * file can check one: metermark-token(5) has the format, tests/data/token-vectors.json
 * examples.
 *
 * Mailbox form, for a local part (VERP, mailto:), Message-ID, CFBL-Feedback-ID: 47
 * characters of lower-case base32 (RFC 4648, a-z 2-7, no padding; capitals are read as
 * well, some systems change case), of 29 bytes:
 *
 *     0       version and key id: 64 * 1 + index of the id in a-z0-9
 *     1-8     campaign id: the first 8 bytes of SHA-256 of the canonical name
 *     9-10    day, since 1970-01-01 UTC, big-endian
 *     11-18   nonce of the message
 *     19-28   the first 10 bytes of HMAC-SHA256 over bytes 0-18
 *
 * URL form, for List-Unsubscribe: base64url (RFC 4648, no padding) of byte 0 as above
 * and the output of AES-256-SIV (RFC 5297: 16 bytes of tag, then the ciphertext), where
 * byte 0 is the associated data and the plaintext the canonical name, one NUL and the
 * recipient.  The same campaign and recipient make the same token, whenever.
 *
 * The keys are HKDF-SHA256 (RFC 5869, no salt) of the content of the key file, less CR
 * and LF at its end; info "metermark token mailbox 1" (32 bytes), "metermark token url
 * 1" (64 bytes), and for token/mark.h "metermark mark 1" (32 bytes).
 *
 * A ring is immutable once it is filled; threads may share it then.
 */
#ifndef METERMARK_TOKEN_TOKEN_H
#define METERMARK_TOKEN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "campaign/camp.h"
#include "mail/addr.h"
#include "text/buf.h"
#include "text/str.h"

/* Characters of the mailbox form, always; a local part holds 64 (RFC 5321 4.5.3.1.1).
 */
#define TOKEN_MAILBOX_CHARS 47
/* Longest recipient in the URL form, and so the characters of its longest token. */
#define TOKEN_RCPT_MAX 254
#define TOKEN_URL_CHARS_MAX 448

#define TOKEN_NONCE_BYTES 8
#define TOKEN_CAMPAIGN_ID_BYTES 8
/* Of a secret, as it stands in a key file. */
#define TOKEN_SECRET_MIN ((size_t)32)
#define TOKEN_SECRET_MAX ((size_t)4096)

/* The key ids: one of these characters. */
#define TOKEN_KEY_IDS "abcdefghijklmnopqrstuvwxyz0123456789"

struct token_ring;

/* An empty ring.  NULL when out of memory. */
struct token_ring *token_ring_new(void);
/*
 * Add a key, by an id of TOKEN_KEY_IDS that is not in it yet; the one added last is the
 * newest.  -1 when out of memory, or the id or length is no good.
 */
int token_ring_add(struct token_ring *, char id, const void *secret, size_t n);
/* Forgets the secrets.  NULL is legal. */
void token_ring_free(struct token_ring *);
/* No key in it, so no token can be made.  NULL counts as empty. */
bool token_ring_empty(const struct token_ring *);
/* The id of the newest key, NUL when there is none. */
char token_ring_newest(const struct token_ring *);
/* One of TOKEN_KEY_IDS. */
bool token_key_id_valid(char);

/* For token/mark.h: HMAC-SHA256 with the mark key of that id.  -1: no such key. */
int token_ring_mac(
    const struct token_ring *, char id, const void *, size_t n, uint8_t out[32]);

/*
 * Append a token to out.  campaign: its canonical name; now: unix seconds; nonce:
 * unique text, of which the first 8 bytes of the hash go in; recipient: an address
 * without <>.  0, or -1 with nothing appended: an empty ring, out of memory or room, no
 * campaign; for the URL form also a recipient that is empty, too long or holds a
 * control character.
 */
int token_mailbox(const struct token_ring *, struct str campaign, int64_t now,
    struct str nonce, struct buf *out);
int token_url(const struct token_ring *, struct str campaign, struct str recipient,
    struct buf *out);
/* The mailbox form of given parts, for `metermark token make`. */
int token_mailbox_with(const struct token_ring *, struct str campaign, uint16_t day,
    const uint8_t nonce[TOKEN_NONCE_BYTES], struct buf *out);

enum token_form { TOKEN_MAILBOX, TOKEN_URL };

enum token_fault {
	TOKEN_OK,
	TOKEN_MALFORMED, /* not a token of any form or version that we know */
	TOKEN_NO_KEY,    /* its key is not in the ring */
	TOKEN_FORGED     /* not made with that key, or changed since */
};

/* A token taken apart. */
struct token {
	enum token_form form;
	char key_id;
	/* Mailbox form. */
	uint8_t campaign_id[TOKEN_CAMPAIGN_ID_BYTES];
	uint8_t nonce[TOKEN_NONCE_BYTES];
	uint16_t day; /* since 1970-01-01 */
	/* URL form; NUL-terminated. */
	char campaign[CAMP_NAME_MAX + 1];
	char recipient[TOKEN_RCPT_MAX + 1];
};

/*
 * Verify and take apart; which form it is, its length and characters tell.  out is
 * filled when TOKEN_OK; for TOKEN_NO_KEY and TOKEN_FORGED form and key_id are, as the
 * token claims them.
 */
enum token_fault token_decode(
    const struct token_ring *, struct str text, struct token *out);

/* A short sentence about a fault. */
const char *token_fault_text(enum token_fault);

/* The id of a campaign, as in metermark:ids and the mailbox form. */
void token_campaign_id(struct str campaign, uint8_t out[TOKEN_CAMPAIGN_ID_BYTES]);

#endif
