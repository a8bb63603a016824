/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bodylook.c - the parts of a message, line by line, and their decoding.  See the
 * header.
 *
 * A piece is a whole line where the chunk has all of it, which is the usual case and
 * copies nothing; a line that a chunk cuts is put together, up to BODYLOOK_LINE_MAX.
 */
#include "mail/bodylook_parts.h"

#include <string.h>

#include "mail/mimefield.h"
#include "text/base64.h"

/* ==== Decoding ==== */

/* Text as it is after decoding, the next of a line. */
static void
decoded(struct bodylook *k, struct str text)
{
	k->part_bytes += text.len;
	if (k->type == BODYLOOK_HTML)
		bodylook_html(k, text);
	else
		bodylook_visible(k, text);
}

static void
base64(struct bodylook *k, struct str text)
{
	char out[BODYLOOK_LINE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		int d = base64_digit(text.p[i]);

		if (d < 0)
			continue;
		k->quad = (k->quad << 6 | (uint32_t)d) & 0xffffff;
		k->quad_bits += 6;
		if (k->quad_bits >= 8) {
			k->quad_bits -= 8;
			out[n++] = (char)(k->quad >> k->quad_bits & 0xff);
		}
		if (n == sizeof(out)) {
			decoded(k, str_make(out, n));
			n = 0;
		}
	}
	decoded(k, str_make(out, n));
}

/* What was held back, as it stands there: it is no escape. */
static size_t
let_go(struct bodylook *k, char *out)
{
	size_t n = k->escape_len;

	memcpy(out, k->escape, n);
	k->escape_len = 0;
	return n;
}

/* One byte behind a '='.  How many go to out, which has room for three. */
static size_t
escape(struct bodylook *k, char c, char *out)
{
	size_t n;

	/* Blanks before the end of a line are of no account: it may be a soft one. */
	if (k->escape_len == 1 && ascii_iswsp(c))
		return 0;
	if (ascii_hex(c) < 0) {
		n = let_go(k, out);
		if (c == '=')
			k->escape[k->escape_len++] = c;
		else
			out[n++] = c;
		return n;
	}
	if (k->escape_len == 1) {
		k->escape[k->escape_len++] = c;
		return 0;
	}
	out[0] = (char)(ascii_hex(k->escape[1]) << 4 | ascii_hex(c));
	k->escape_len = 0;
	return 1;
}

/* RFC 2045 6.7.  An escape may be cut; one that is damaged is text. */
static void
quoted_printable(struct bodylook *k, struct str text)
{
	char out[BODYLOOK_LINE_MAX];
	size_t n = 0;

	if (k->escape_len == 0 && str_find(text, '=') == text.len) {
		decoded(k, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (k->escape_len > 0)
			n += escape(k, text.p[i], out + n);
		else if (text.p[i] == '=')
			k->escape[k->escape_len++] = '=';
		else
			out[n++] = text.p[i];
		if (n > sizeof(out) - sizeof(k->escape) - 1) {
			decoded(k, str_make(out, n));
			n = 0;
		}
	}
	decoded(k, str_make(out, n));
}

static bool
has_8bit(struct str text)
{
	uint64_t any = 0, eight;
	size_t i = 0;

	for (; text.len - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, text.p + i, sizeof(eight));
		any |= eight;
	}
	for (; i < text.len; i++)
		any |= (unsigned char)text.p[i];
	return (any & UINT64_C(0x8080808080808080)) != 0;
}

/* The line that is over, unless its last '=' says that it goes on. */
static void
end_text_line(struct bodylook *k)
{
	char rest[sizeof(k->escape)];

	if (k->escape_len == 1) {
		k->escape_len = 0;
		return;
	}
	decoded(k, str_make(rest, let_go(k, rest)));
	k->part_bytes += 2;
	k->tail_len = 0;
	bodylook_end_host(k);
	if (k->open == 4)
		k->dashes = 0;
	else
		k->open = 0;
}

/* ends: the line is over with it. */
static void
text_piece(struct bodylook *k, struct str text, bool ends)
{
	switch (k->code) {
	case BODYLOOK_BASE64:
		base64(k, text);
		return;
	case BODYLOOK_QP:
		quoted_printable(k, text);
		break;
	case BODYLOOK_AS_IS:
		decoded(k, text);
		break;
	}
	if (ends)
		end_text_line(k);
}

/* ==== Parts ==== */

static void
part_type(struct bodylook *k, struct str value)
{
	struct str rest = value, type = mimefield_token(&rest), sub = STR("");

	rest = mimefield_cfws(rest);
	if (str_starts(rest, STR("/"))) {
		rest = str_skip(rest, 1);
		sub = mimefield_token(&rest);
	}
	k->type = BODYLOOK_OTHER;
	if (str_caseeq(type, STR("text")))
		k->type = str_caseeq(sub, STR("html")) ? BODYLOOK_HTML
		    : str_caseeq(sub, STR("plain"))    ? BODYLOOK_PLAIN
						       : BODYLOOK_OTHER_TEXT;
	else if (str_caseeq(type, STR("multipart")) && k->depth < BODYLOOK_DEPTH) {
		k->type = BODYLOOK_MULTIPART;
		k->boundary[k->depth].len = mimefield_param(value, STR("boundary"),
		    k->boundary[k->depth].text, BODYLOOK_BOUNDARY_MAX);
	}
}

static void
part_encoding(struct bodylook *k, struct str value)
{
	struct str encoding = mimefield_token(&value);

	k->declares =
	    str_caseeq(encoding, STR("8bit")) || str_caseeq(encoding, STR("binary"));
	if (str_caseeq(encoding, STR("quoted-printable")))
		k->code = BODYLOOK_QP;
	else if (str_caseeq(encoding, STR("base64")))
		k->code = BODYLOOK_BASE64;
	else
		k->code = BODYLOOK_AS_IS;
}

/* Of what is no part of the text, but a file: all that is not inline (RFC 2183 2.8). */
static void
part_disposition(struct bodylook *k, struct str value)
{
	struct str disposition = mimefield_token(&value);

	k->attached = disposition.len > 0 && !str_caseeq(disposition, STR("inline"));
}

/* The head of a part, or of the message, has been read. */
static void
begin_body(struct bodylook *k)
{
	k->mode = BODYLOOK_SKIP;
	if (k->attached)
		return;
	switch (k->type) {
	case BODYLOOK_PLAIN:
	case BODYLOOK_HTML:
	case BODYLOOK_OTHER_TEXT:
		k->mode = BODYLOOK_TEXT;
		k->plain |= k->type == BODYLOOK_PLAIN;
		k->html |= k->type == BODYLOOK_HTML;
		break;
	case BODYLOOK_MULTIPART:
		if (k->boundary[k->depth].len > 0)
			k->depth++;
		break;
	case BODYLOOK_OTHER:
		break;
	}
}

static void
end_part(struct bodylook *k)
{
	bodylook_end_host(k);
	if (k->mode == BODYLOOK_TEXT && k->type == BODYLOOK_HTML &&
	    k->part_bytes > k->html_bytes)
		k->html_bytes = k->part_bytes;
}

/* A part without a Content-Type is plain text (RFC 2046 5.1). */
static void
begin_head(struct bodylook *k)
{
	k->type = BODYLOOK_PLAIN;
	k->code = BODYLOOK_AS_IS;
	k->attached = k->declares = false;
	k->part_bytes = 0;
	k->tail_len = k->field_len = k->escape_len = 0;
	k->quad = k->quad_bits = 0;
	k->host_at = 0;
	k->open = k->dashes = 0;
	k->mode = BODYLOOK_HEAD;
}

static void
end_field(struct bodylook *k)
{
	struct str field = str_make(k->field, k->field_len);

	if (str_casestarts(field, STR("Content-Type:")))
		part_type(k, str_skip(field, 13));
	else if (str_casestarts(field, STR("Content-Transfer-Encoding:")))
		part_encoding(k, str_skip(field, 26));
	else if (str_casestarts(field, STR("Content-Disposition:")))
		part_disposition(k, str_skip(field, 20));
	k->field_len = 0;
}

static void
head_line(struct bodylook *k, struct str line)
{
	bool fold = line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t');

	if (line.len == 0) {
		end_field(k);
		begin_body(k);
		return;
	}
	if (!fold)
		end_field(k);
	if (fold ? k->field_len == 0 : !str_casestarts(line, STR("Content-")))
		return;
	if (line.len > BODYLOOK_LINE_MAX - k->field_len)
		line.len = BODYLOOK_LINE_MAX - k->field_len;
	memcpy(k->field + k->field_len, line.p, line.len);
	k->field_len += line.len;
}

/* Whether the line is a boundary; if so, what it ends and begins. */
static bool
boundary_line(struct bodylook *k, struct str line)
{
	if (k->depth == 0 || !str_starts(line, STR("--")))
		return false;
	line = str_skip(line, 2);
	for (unsigned i = k->depth; i-- > 0;) {
		struct str b = str_make(k->boundary[i].text, k->boundary[i].len);
		struct str rest;

		if (!str_starts(line, b))
			continue;
		rest = str_trim(str_skip(line, b.len));
		if (rest.len != 0 && !str_starts(rest, STR("--")))
			continue;
		end_part(k);
		begin_head(k);
		k->depth = i + 1;
		if (rest.len != 0) {
			k->depth = i;
			k->mode = BODYLOOK_SKIP;
		}
		return true;
	}
	return false;
}

/* ==== Lines ==== */

/* first: the piece begins a line; ends: it ends one, and has no line end in it. */
static void
piece(struct bodylook *k, struct str text, bool first, bool ends)
{
	if (first && boundary_line(k, text))
		return;
	switch (k->mode) {
	case BODYLOOK_HEAD:
		if (first)
			head_line(k, text);
		break;
	case BODYLOOK_TEXT:
		k->undeclared |= !k->declares && !k->undeclared && has_8bit(text);
		text_piece(k, text, ends);
		break;
	case BODYLOOK_SKIP:
		k->undeclared |= !k->declares && !k->undeclared && has_8bit(text);
		break;
	}
}

static void
flush_line(struct bodylook *k, bool ends)
{
	struct str text = str_make(k->line, k->line_len);

	if (ends && str_ends(text, STR("\r")))
		text.len--;
	piece(k, text, !k->within, ends);
	k->within = !ends;
	k->line_len = 0;
}

/* A piece of a line that is not whole. */
static void
gather(struct bodylook *k, const char *p, size_t n)
{
	while (n > 0) {
		size_t room = BODYLOOK_LINE_MAX - k->line_len;
		size_t take = n < room ? n : room;

		memcpy(k->line + k->line_len, p, take);
		k->line_len += take;
		p += take;
		n -= take;
		if (k->line_len == BODYLOOK_LINE_MAX && n > 0)
			flush_line(k, false);
	}
}

void
bodylook_init(struct bodylook *k, struct str type, struct str encoding, struct str host)
{
	/* The buffers need no zeroes, and this is done for each message. */
	k->found = k->plain = k->html = k->undeclared = k->within = false;
	k->html_bytes = 0;
	k->host = host;
	k->depth = 0;
	k->line_len = 0;
	begin_head(k);
	part_encoding(k, encoding);
	if (str_trim(type).len > 0)
		part_type(k, type);
	begin_body(k);
}

void
bodylook_feed(struct bodylook *k, const void *chunk, size_t len)
{
	const char *p = chunk, *end = p + len, *lf;

	for (; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL; p = lf + 1) {
		struct str text = str_make(p, (size_t)(lf - p));

		if (k->line_len > 0 || k->within) {
			gather(k, text.p, text.len);
			flush_line(k, true);
			continue;
		}
		if (str_ends(text, STR("\r")))
			text.len--;
		piece(k, text, true, true);
	}
	gather(k, p, (size_t)(end - p));
}

void
bodylook_end(struct bodylook *k)
{
	if (k->line_len > 0)
		flush_line(k, true);
	end_part(k);
}
