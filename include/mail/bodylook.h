/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bodylook.h - what a mailbox provider looks for in a body: a way to unsubscribe, plain
 * text beside HTML, HTML that is not cut, and no 8-bit bytes without a word about them.
 * Pure.
 *
 * Follows the parts of a MIME message (RFC 2046) as the chunks come, four multiparts
 * deep, and holds a line at most.  Quoted-printable (RFC 2045 6.7; what is damaged
 * stays as it is) and base64 are decoded, in text parts only, so that a word is found
 * however it is wrapped.  It looks for words ("unsubscribe", "abmelden", ...) in eight
 * languages and for links to one host, comments of HTML left out, and cannot know
 * whether a link works or what it is for: a hint, no proof.  Beside mail/bodyscan.h,
 * which knows no parts.  Not thread-safe.
 */
#ifndef METERMARK_MAIL_BODYLOOK_H
#define METERMARK_MAIL_BODYLOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

#define BODYLOOK_DEPTH 4
#define BODYLOOK_BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */
#define BODYLOOK_LINE_MAX 512    /* of a boundary or a part's header; more is cut */
#define BODYLOOK_TAIL_MAX 16     /* of a text line that goes on in the next */

struct bodylook {
	bool found; /* a word that speaks of unsubscribing, or a link to the host */
	bool plain, html;    /* there is such a part, not attached */
	bool undeclared;     /* 8-bit bytes in a part that does not declare them */
	uint64_t html_bytes; /* of the largest text/html part, decoded */

	/* Ours. */
	enum { BODYLOOK_SKIP, BODYLOOK_HEAD, BODYLOOK_TEXT } mode;
	enum {
		BODYLOOK_OTHER,
		BODYLOOK_OTHER_TEXT,
		BODYLOOK_PLAIN,
		BODYLOOK_HTML,
		BODYLOOK_MULTIPART
	} type;
	enum { BODYLOOK_AS_IS, BODYLOOK_QP, BODYLOOK_BASE64 } code;
	bool declares; /* 8bit or binary */
	bool attached; /* a file, no part of the text */
	bool within;   /* the line in work has begun in an earlier piece */
	uint64_t part_bytes;
	unsigned depth;
	struct {
		char text[BODYLOOK_BOUNDARY_MAX];
		size_t len;
	} boundary[BODYLOOK_DEPTH];
	char line[BODYLOOK_LINE_MAX]; /* the line in work, from its begin */
	size_t line_len;
	char field[BODYLOOK_LINE_MAX]; /* the field of a part's header */
	size_t field_len;
	char tail[BODYLOOK_TAIL_MAX]; /* what the next piece may make a word of */
	size_t tail_len;
	uint32_t quad; /* base64: bits not yet bytes */
	unsigned quad_bits;
	struct str host;
	size_t host_at;  /* how much of "//" and the host the text before ends in */
	unsigned open;   /* bytes of "<!--" that it ends in; 4: within a comment */
	unsigned dashes; /* there: those that it ends in, 2 at most */
	char escape[2];  /* quoted-printable: a '=', and one digit behind it */
	size_t escape_len;
};

/*
 * type and encoding: values of Content-Type and Content-Transfer-Encoding, "" without.
 * host: the one that unsubscribes, a link to which counts; "" for none.  Borrowed until
 * bodylook_end().
 */
void bodylook_init(
    struct bodylook *, struct str type, struct str encoding, struct str host);
/* The next chunk, cut anywhere. */
void bodylook_feed(struct bodylook *, const void *, size_t);
/* No more chunks; the results may be read. */
void bodylook_end(struct bodylook *);

/* Whether the text speaks of unsubscribing; what bodylook_feed() asks of each piece. */
bool bodylook_words(struct str text);

#endif
