/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * visible.c - text of strangers made safe to show.  See the header.
 */
#include "text/visible.h"

#include <stdint.h>

#include "text/utf8.h"

/* Characters that are well-formed and yet show nothing, or change what others show. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x0000, 0x001f },    /* C0 controls */
	{ 0x007f, 0x00a0 },    /* DEL, C1 controls, no-break space */
	{ 0x00ad, 0x00ad },    /* soft hyphen */
	{ 0x034f, 0x034f },    /* combining grapheme joiner */
	{ 0x061c, 0x061c },    /* Arabic letter mark */
	{ 0x115f, 0x1160 },    /* Hangul fillers */
	{ 0x17b4, 0x17b5 },    /* Khmer vowels without shape */
	{ 0x180b, 0x180f },    /* Mongolian selectors */
	{ 0x2000, 0x200f },    /* blanks of all widths, zero width, directions */
	{ 0x2028, 0x202f },    /* line and paragraph separators, directions */
	{ 0x205f, 0x206f },    /* invisible operators, directions */
	{ 0x3000, 0x3000 },    /* ideographic space */
	{ 0x3164, 0x3164 },    /* Hangul filler */
	{ 0xd800, 0xf8ff },    /* surrogates, private use */
	{ 0xfdd0, 0xfdef },    /* noncharacters */
	{ 0xfe00, 0xfe0f },    /* variation selectors */
	{ 0xfeff, 0xfeff },    /* byte order mark */
	{ 0xffa0, 0xffa0 },    /* half-width filler */
	{ 0xfff0, 0xffff },    /* specials */
	{ 0x1d173, 0x1d17a },  /* musical formatting */
	{ 0xe0000, 0x10ffff }, /* tags, selectors, private use */
};

static bool
shows(uint32_t c)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return false;
	return (c & 0xfffe) != 0xfffe;
}

/* The number of bytes at the front that every output shows as they are. */
static size_t
plain_run(struct str s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] >= ' ' && s.p[n] <= '~' && s.p[n] != '\\')
		n++;
	return n;
}

void
visible_add(struct buf *out, struct str s, bool utf8)
{
	for (;;) {
		uint32_t c = 0;
		size_t n = plain_run(s);
		bool plain;

		buf_add(out, s.p, n);
		s = str_skip(s, n);
		if (s.len == 0)
			break;
		n = utf8_read(s, &c);
		plain = n > 0 && shows(c) && (utf8 || n == 1);
		if (n == 0)
			n = 1;
		if (c == '\\' && plain)
			buf_addc(out, '\\');
		if (plain)
			buf_add(out, s.p, n);
		else
			for (size_t i = 0; i < n; i++)
				buf_addf(out, "\\x%02x", (unsigned char)s.p[i]);
		s = str_skip(s, n);
	}
}

void
visible_cut(struct buf *out, struct str s, size_t max, bool utf8)
{
	bool cut = s.len > max;

	visible_add(out, cut ? str_make(s.p, max) : s, utf8);
	if (cut)
		buf_adds(out, "...");
}

void
visible_quote(struct buf *out, struct str s, size_t max)
{
	buf_addc(out, '"');
	visible_cut(out, s, max, false);
	buf_addc(out, '"');
}

/*
 * True if the character takes two places.  The ranges include code points not assigned
 * yet.
 */
static bool
is_wide(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} wide[] = {
		{ 0x1100, 0x115f },   /* Hangul, beginnings of syllables */
		{ 0x231a, 0x231b },   /* clocks among the symbols */
		{ 0x2329, 0x232a },   /* angle brackets */
		{ 0x23e9, 0x23f3 },   /* buttons and clocks */
		{ 0x25fd, 0x25fe },   /* small squares */
		{ 0x2614, 0x27bf },   /* pictures among symbols and dingbats */
		{ 0x2b1b, 0x2b55 },   /* squares, star, circle */
		{ 0x2e80, 0xa4cf },   /* radicals, kana, Han, Yi */
		{ 0xa960, 0xa97f },   /* Hangul */
		{ 0xac00, 0xd7a3 },   /* Hangul syllables */
		{ 0xf900, 0xfaff },   /* Han for compatibility */
		{ 0xfe10, 0xfe1f },   /* vertical forms */
		{ 0xfe30, 0xfe6f },   /* more forms for compatibility */
		{ 0xff01, 0xff60 },   /* full-width ASCII */
		{ 0xffe0, 0xffe6 },   /* full-width signs */
		{ 0x16fe0, 0x1b2ff }, /* Tangut, kana, Nushu */
		{ 0x1f004, 0x1faff }, /* pictures */
		{ 0x20000, 0x3fffd }, /* Han */
	};

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (c >= wide[i].first && c <= wide[i].last)
			return true;
	return false;
}

struct str
visible_head(struct str s, size_t places)
{
	size_t at = 0;

	while (at < s.len) {
		uint32_t c = 0;
		size_t n = utf8_read(str_skip(s, at), &c);
		size_t takes = n > 0 && is_wide(c) ? 2 : 1;

		if (takes > places)
			break;
		places -= takes;
		at += n > 0 ? n : 1;
	}
	return str_make(s.p, at);
}

size_t
visible_places(struct str s)
{
	size_t places = 0;

	while (s.len > 0) {
		uint32_t c = 0;
		size_t n = plain_run(s);

		places += n;
		s = str_skip(s, n);
		if (s.len == 0)
			break;
		n = utf8_read(s, &c);
		places += n > 0 && is_wide(c) ? 2 : 1;
		s = str_skip(s, n > 0 ? n : 1);
	}
	return places;
}

void
visible_utf8(struct buf *out, struct str s)
{
	while (s.len > 0) {
		uint32_t c;
		size_t n = utf8_read(s, &c);

		if (n > 0)
			buf_add(out, s.p, n);
		else
			buf_adds(out, "\xef\xbf\xbd");
		s = str_skip(s, n > 0 ? n : 1);
	}
}
