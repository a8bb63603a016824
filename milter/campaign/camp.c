/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * camp.c - the canonical form of campaign names.
 */
#include "campaign/camp.h"

#include <string.h>

#include "system/crypto.h"
#include "text/utf8.h"

/* "-" and 16 hex digits of the SHA-256. */
#define HASH_DIGITS 16
#define BASE_MAX (CAMP_NAME_MAX - 1 - HASH_DIGITS)

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || ascii_isdigit(c);
}

static bool
is_name_char(char c)
{
	return is_alnum(c) || c == '.' || c == '_' || c == '-';
}

/*
 * Reduce to the canonical alphabet.  A "-" is written only once a character follows it,
 * so that runs collapse and none is left at the end.  What does not fit in out is
 * counted only.  Returns the length that the whole has.
 */
static size_t
reduce(struct str decoded, char out[CAMP_NAME_MAX], bool *eightbit)
{
	size_t len = 0;
	bool dash = false;

	*eightbit = false;
	for (size_t i = 0; i < decoded.len; i++) {
		char c = ascii_lower(decoded.p[i]);

		if ((unsigned char)c >= 0x80)
			*eightbit = true;
		if (!is_name_char(c) || c == '-') {
			dash = len > 0;
			continue;
		}
		if (len == 0 && !is_alnum(c))
			continue;
		if (dash && len++ < CAMP_NAME_MAX)
			out[len - 1] = '-';
		if (len++ < CAMP_NAME_MAX)
			out[len - 1] = c;
		dash = false;
	}
	return len;
}

/*
 * Shorten the name until "-" and the hash fit, and add them.  A cut can leave a "-" at
 * the end, which would double with ours and not be canonical.
 */
static void
add_hash(struct str decoded, struct camp_name *out)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t digest[32];

	if (out->len > BASE_MAX)
		out->len = BASE_MAX;
	while (out->len > 0 && out->name[out->len - 1] == '-')
		out->len--;
	if (out->len > 0)
		out->name[out->len++] = '-';
	crypto_sha256(decoded.p, decoded.len, digest);
	for (size_t i = 0; i < HASH_DIGITS / 2; i++) {
		out->name[out->len++] = hex[digest[i] >> 4];
		out->name[out->len++] = hex[digest[i] & 15];
	}
}

/* C0, DEL and C1, and the two line ends of Unicode: what a terminal or a log obeys. */
static bool
is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 ||
	    code == 0x2029;
}

static bool
is_stray(uint32_t code)
{
	return code >= UTF8_STRAY && code < UTF8_STRAY + UTF8_STRAYS;
}

/* The name as sent, made fit to be shown and to stand in JSON: valid UTF-8, no
 * controls. */
static void
keep_sent(struct str decoded, struct camp_name *out)
{
	out->sent_len = 0;
	while (decoded.len > 0) {
		uint32_t code = 0;
		size_t n = utf8_read(decoded, &code);
		bool bad = n == 0 || is_control(code) || is_stray(code);

		if (out->sent_len + (bad ? 1 : n) > CAMP_SENT_MAX)
			break;
		if (bad)
			out->sent[out->sent_len++] = '?';
		else
			memcpy(out->sent + out->sent_len, decoded.p, n);
		out->sent_len += bad ? 0 : n;
		decoded = str_skip(decoded, n == 0 ? 1 : n);
	}
	out->sent[out->sent_len] = '\0';
}

void
camp_canonical(struct str decoded, struct camp_name *out)
{
	bool eightbit;

	keep_sent(decoded, out);
	out->len = reduce(decoded, out->name, &eightbit);
	if (eightbit || out->len > CAMP_NAME_MAX)
		add_hash(decoded, out);
	if (out->len == 0) {
		out->len = sizeof(CAMP_NONE) - 1;
		memcpy(out->name, CAMP_NONE, out->len);
	}
	out->name[out->len] = '\0';
}

bool
camp_is_canonical(struct str name)
{
	if (name.len == 0 || name.len > CAMP_NAME_MAX || !is_alnum(name.p[0]))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_name_char(name.p[i]))
			return false;
		if (name.p[i] == '-' && (i + 1 == name.len || name.p[i + 1] == '-'))
			return false;
	}
	return true;
}

bool
camp_is_hashed(struct str name)
{
	if (name.len < HASH_DIGITS ||
	    (name.len > HASH_DIGITS && name.p[name.len - HASH_DIGITS - 1] != '-'))
		return false;
	for (size_t i = name.len - HASH_DIGITS; i < name.len; i++)
		if (!ascii_isdigit(name.p[i]) &&
		    !(name.p[i] >= 'a' && name.p[i] <= 'f'))
			return false;
	return true;
}
