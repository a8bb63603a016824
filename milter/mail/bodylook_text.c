/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bodylook_text.c - decoded text: HTML without its comments, and in what a reader sees
 * words and a link to the host.
 *
 * Text comes in pieces that may be cut anywhere; three small automata in struct
 * bodylook remember where they were: tail (a word), host_at (a link), open and dashes
 * (a comment).
 */
#include "mail/bodylook_parts.h"

#include <string.h>

/* Words in the piece, or across the end of the piece before and its beginning. */
static void
search_words(struct bodylook *k, struct str text)
{
	char join[2 * BODYLOOK_TAIL_MAX];
	size_t head = text.len < BODYLOOK_TAIL_MAX ? text.len : BODYLOOK_TAIL_MAX;

	if (k->tail_len > 0) {
		memcpy(join, k->tail, k->tail_len);
		memcpy(join + k->tail_len, text.p, head);
		k->found = bodylook_words(str_make(join, k->tail_len + head));
	}
	if (!k->found)
		k->found = bodylook_words(text);
}

/* The line continues: keep the end of it, in which a word may begin. */
static void
keep_tail(struct bodylook *k, struct str text)
{
	size_t room, n = text.len < BODYLOOK_TAIL_MAX ? text.len : BODYLOOK_TAIL_MAX;

	room = BODYLOOK_TAIL_MAX - n;
	if (k->tail_len > room) {
		memmove(k->tail, k->tail + k->tail_len - room, room);
		k->tail_len = room;
	}
	memcpy(k->tail + k->tail_len, text.p + text.len - n, n);
	k->tail_len += n;
}

/* A letter, digit or separator of a host name. */
static bool
in_host(char c)
{
	return ascii_isalnum(c) || c == '-' || c == '.';
}

/*
 * A link to the host: "//", its name, and the end of the name.  host_at counts how much
 * of that has matched, so that a piece may be cut anywhere.
 */
static void
search_host(struct bodylook *k, struct str text)
{
	size_t i = 0, whole = k->host.len + 2;

	while (i < text.len && !k->found) {
		char c = text.p[i];

		if (k->host_at == 0) {
			i += str_find(str_skip(text, i), '/') + 1;
			k->host_at = i <= text.len;
			continue;
		}
		if (k->host_at == whole)
			k->found = !in_host(c);
		if (k->host_at > 1 && k->host_at < whole &&
		    ascii_lower(c) == ascii_lower(k->host.p[k->host_at - 2]))
			k->host_at++;
		else if (c == '/')
			k->host_at = k->host_at == 1 || k->host_at == 2 ? 2 : 1;
		else
			k->host_at = 0;
		i++;
	}
}

void
bodylook_end_host(struct bodylook *k)
{
	if (k->host.len > 0 && k->host_at == k->host.len + 2)
		k->found = true;
	k->host_at = 0;
}

void
bodylook_visible(struct bodylook *k, struct str text)
{
	if (k->found || text.len == 0)
		return;
	search_words(k, text);
	keep_tail(k, text);
	if (k->host.len > 0)
		search_host(k, text);
}

/*
 * How many bytes of the text come before a comment is open, its "<!--" included; all of
 * them if none opens.  k->open counts the bytes of "<!--" matched so far.
 */
static size_t
find_comment_open(struct bodylook *k, struct str text)
{
	static const char opens[] = "<!--";
	size_t i = 0;

	while (i < text.len) {
		if (k->open == 0) {
			i += str_find(str_skip(text, i), '<') + 1;
			k->open = i <= text.len;
			continue;
		}
		if (text.p[i] == opens[k->open])
			k->open++;
		else
			k->open = text.p[i] == '<';
		i++;
		if (k->open == sizeof(opens) - 1)
			return i;
	}
	return text.len;
}

/* The same until the comment is closed, its "-->" included. */
static size_t
find_comment_close(struct bodylook *k, struct str text)
{
	size_t i = 0;

	while (i < text.len) {
		char c;

		if (k->dashes == 0)
			i += str_find(str_skip(text, i), '-');
		if (i >= text.len)
			break;
		c = text.p[i++];
		if (c == '>' && k->dashes >= 2) {
			k->open = 0;
			return i;
		}
		k->dashes = c != '-' ? 0 : k->dashes < 2 ? k->dashes + 1 : 2;
	}
	return text.len;
}

void
bodylook_html(struct bodylook *k, struct str text)
{
	while (text.len > 0 && !k->found) {
		size_t n;

		if (k->open == 4) {
			n = find_comment_close(k, text);
		} else {
			n = find_comment_open(k, text);
			bodylook_visible(k, str_make(text.p, n));
			/* "<!-->" is a whole comment. */
			k->dashes = 2;
		}
		text = str_skip(text, n);
	}
}
