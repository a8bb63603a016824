/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mimeword.c - RFC 2047 encoded words, as lenient as senders need and no more.
 *
 * Two rules of the RFC are not enforced, because software in use breaks them and every
 * reader forgives it: a word may exceed 75 bytes, and it may touch the text beside it.
 * All else that is not well formed (white space or "?" within a word, a bad escape,
 * base64 that does not end where it should) is ordinary text.  The scan is linear: a
 * word cannot contain the "?" at which a failed attempt to read one stops.
 */
#include "core/mimeword.h"

#include "core/base64.h"

/* The pieces of "=?charset?encoding?text?=". */
struct word {
	char encoding; /* 'q' or 'b' */
	struct str text;
	size_t len; /* of the whole word */
};

/* A character of a token (RFC 2047 section 2): charset names are made of these. */
static bool
is_token(char c)
{
	struct str specials = STR("()<>@,;:\"/[]?.=");

	if ((unsigned char)c <= ' ' || (unsigned char)c >= 0x7f)
		return false;
	return str_find(specials, c) == specials.len;
}

static int
hex_value(char c)
{
	if (ascii_isdigit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Quoted-printable as RFC 2047 4.2 has it; out may be NULL to look only. */
static bool
decode_q(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c == '=') {
			int hi = i + 2 < text.len ? hex_value(text.p[i + 1]) : -1;
			int lo = i + 2 < text.len ? hex_value(text.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return false;
			c = (char)(hi * 16 + lo);
			i += 2;
		} else if (c == '_')
			c = ' ';
		if (out != NULL)
			buf_addc(out, c);
	}
	return true;
}

/* Base64; padding may be missing, as some senders leave it.  out may be NULL. */
static bool
decode_b(struct str text, struct buf *out)
{
	size_t padding = 0;
	unsigned bits = 0;

	while (padding < 2 && text.len > 0 && text.p[text.len - 1] == '=') {
		text.len--;
		padding++;
	}
	if (text.len % 4 == 1 || (padding > 0 && (text.len + padding) % 4 != 0))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int value = base64_digit(text.p[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (unsigned)value;
		if (out != NULL && i % 4 != 0)
			buf_addc(out, (char)(bits >> (6 - 2 * (i % 4)) & 0xff));
		bits &= 0xfff;
	}
	return true;
}

/* Is there a well-formed encoded word at the start of s? */
static bool
parse(struct str s, struct word *w)
{
	size_t at = 2, start;

	if (!str_starts(s, STR("=?")))
		return false;
	while (at < s.len && is_token(s.p[at]))
		at++;
	if (at == 2 || s.len - at < 3 || s.p[at] != '?' || s.p[at + 2] != '?')
		return false;
	w->encoding = ascii_lower(s.p[at + 1]);
	start = at + 3;
	for (at = start; at < s.len && s.p[at] != '?'; at++)
		if ((unsigned char)s.p[at] <= ' ' || s.p[at] == 0x7f)
			return false;
	if (s.len - at < 2 || s.p[at + 1] != '=')
		return false;
	w->text = str_make(s.p + start, at - start);
	w->len = at + 2;
	if (w->encoding == 'q')
		return decode_q(w->text, NULL);
	return w->encoding == 'b' && decode_b(w->text, NULL);
}

static void
add_word(const struct word *w, struct buf *out)
{
	if (w->encoding == 'q')
		decode_q(w->text, out);
	else
		decode_b(w->text, out);
}

/* Bytes of a line end that starts s and is followed by white space: a fold. */
static size_t
fold_len(struct str s)
{
	size_t n = str_starts(s, STR("\r\n")) ? 2 : str_starts(s, STR("\n"));

	if (n == 0 || n >= s.len || (s.p[n] != ' ' && s.p[n] != '\t'))
		return 0;
	return n;
}

/* Bytes of blanks, tabs and folds at the start of s. */
static size_t
space_len(struct str s)
{
	size_t at = 0;

	while (at < s.len) {
		size_t fold = fold_len(str_skip(s, at));

		if (fold == 0 && s.p[at] != ' ' && s.p[at] != '\t')
			break;
		at += fold == 0 ? 1 : fold;
	}
	return at;
}

void
mimeword_decode(struct str value, struct buf *out)
{
	struct word w, next;

	while (value.len > 0) {
		size_t fold = fold_len(value);

		if (fold > 0) {
			value = str_skip(value, fold);
		} else if (value.p[0] == '=' && parse(value, &w)) {
			size_t space;

			add_word(&w, out);
			value = str_skip(value, w.len);
			space = space_len(value);
			if (space > 0 && parse(str_skip(value, space), &next))
				value = str_skip(value, space);
		} else {
			buf_addc(out, value.p[0]);
			value = str_skip(value, 1);
		}
	}
}
