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
#include "mail/mimeword.h"

#include "text/base64.h"
#include "text/utf8.h"

/* The pieces of "=?charset?encoding?text?=". */
struct word {
	const uint16_t *high; /* see high_of() */
	char encoding;        /* 'q' or 'b' */
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

/* ==== Charsets ==== */

/*
 * The bytes 0x80 to 0x9f of windows-1252.  What has no character there is the control
 * of that number.  Mail that says ISO-8859-1, where all of them are controls, means
 * this: so the WHATWG Encoding Standard has it, and so readers do.
 */
static const uint16_t windows_1252[32] = { 0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026,
	0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122,
	0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178 };

/* The bytes 0xa0 to 0xbf of ISO-8859-15. */
static const uint16_t latin_9[32] = { 0xa0, 0xa1, 0xa2, 0xa3, 0x20ac, 0xa5, 0x0160,
	0xa7, 0x0161, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xb0, 0xb1, 0xb2, 0xb3,
	0x017d, 0xb5, 0xb6, 0xb7, 0x017e, 0xb9, 0xba, 0xbb, 0x0152, 0x0153, 0x0178,
	0xbf };

/*
 * Which of the two tables a charset has; NULL for the rest, US-ASCII and UTF-8 among
 * them.  RFC 2231 5 lets a language follow, "iso-8859-1*fr".
 */
static const uint16_t *
high_of(struct str charset)
{
	static const struct {
		const char *name;
		const uint16_t *high;
	} known[] = {
		{ "iso-8859-1", windows_1252 },
		{ "latin1", windows_1252 },
		{ "windows-1252", windows_1252 },
		{ "cp1252", windows_1252 },
		{ "iso-8859-15", latin_9 },
		{ "latin-9", latin_9 },
	};

	charset.len = str_find(charset, '*');
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_caseeq(charset, str_of(known[i].name)))
			return known[i].high;
	return NULL;
}

static uint32_t
code_of(const uint16_t *high, unsigned char c)
{
	unsigned char first = high == latin_9 ? 0xa0 : 0x80;

	return c >= first && c < first + 32 ? high[c - first] : c;
}

static void
convert(struct str text, const uint16_t *high, struct buf *out)
{
	while (text.len > 0) {
		unsigned char c = (unsigned char)text.p[0];
		uint32_t code = 0;
		size_t n = 1;

		if (high != NULL)
			code = code_of(high, c);
		else
			n = utf8_read(text, &code);
		utf8_add(out, n == 0 ? UTF8_STRAY + c - 0x80 : code);
		text = str_skip(text, n == 0 ? 1 : n);
	}
}

/* ==== Words ==== */

/* Quoted-printable as RFC 2047 4.2 has it; out may be NULL to look only. */
static bool
decode_q(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c == '=') {
			int hi = i + 2 < text.len ? ascii_hex(text.p[i + 1]) : -1;
			int lo = i + 2 < text.len ? ascii_hex(text.p[i + 2]) : -1;

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
	struct str charset;

	if (!str_starts(s, STR("=?")))
		return false;
	while (at < s.len && is_token(s.p[at]))
		at++;
	if (at == 2 || s.len - at < 3 || s.p[at] != '?' || s.p[at + 2] != '?')
		return false;
	charset = str_make(s.p + 2, at - 2);
	w->encoding = ascii_lower(s.p[at + 1]);
	start = at + 3;
	for (at = start; at < s.len && s.p[at] != '?'; at++)
		if ((unsigned char)s.p[at] <= ' ' || s.p[at] == 0x7f)
			return false;
	if (s.len - at < 2 || s.p[at + 1] != '=')
		return false;
	w->text = str_make(s.p + start, at - start);
	w->len = at + 2;
	w->high = high_of(charset);
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

/* Bytes of white space at the front where a word comes after it. */
static size_t
between(struct str s)
{
	size_t space = space_len(s);
	struct word next;

	return space > 0 && parse(str_skip(s, space), &next) ? space : 0;
}

/*
 * The word that starts value, and those of its charset that follow: senders split
 * characters.  Returns how many bytes they are.
 */
static size_t
decode_words(struct str value, struct word w, struct buf *out)
{
	const uint16_t *high = w.high;
	size_t at = 0;
	struct buf raw;

	buf_init(&raw, value.len);
	do {
		add_word(&w, &raw);
		at += w.len;
		at += between(str_skip(value, at));
	} while (parse(str_skip(value, at), &w) && w.high == high);
	convert(buf_str(&raw), high, out);
	if (buf_failed(&raw))
		out->failed = true;
	buf_fini(&raw);
	return at;
}

void
mimeword_decode(struct str value, struct buf *out)
{
	struct word w;

	while (value.len > 0) {
		size_t fold = fold_len(value);

		if (fold > 0) {
			value = str_skip(value, fold);
		} else if (value.p[0] == '=' && parse(value, &w)) {
			value = str_skip(value, decode_words(value, w, out));
		} else {
			buf_addc(out, value.p[0]);
			value = str_skip(value, 1);
		}
	}
}
