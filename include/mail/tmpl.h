/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpl.h - header values with placeholders: "%{campaign}:%{stream}:%{domain}:exmplco".
 * Pure.
 *
 * Parsed once when settings are read, expanded once per message.  "%%" is one percent
 * sign; any other use of % than a known placeholder is an error, so that a typo never
 * reaches a recipient.  A tmpl is immutable after tmpl_parse() and may be shared by
 * threads.
 */
#ifndef METERMARK_MAIL_TMPL_H
#define METERMARK_MAIL_TMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "text/buf.h"
#include "text/str.h"

enum tmpl_var {
	TMPL_CAMPAIGN,   /* canonical campaign name */
	TMPL_STREAM,     /* name of the stream */
	TMPL_DOMAIN,     /* From domain, lower case */
	TMPL_USER,       /* authenticated identity; empty when there is none */
	TMPL_CUSTOMER,   /* canonical, from the tags; empty when there is none */
	TMPL_QUEUE_ID,   /* the MTA's queue id */
	TMPL_TOKEN,      /* see token/token.h; which form, the field tells */
	TMPL_DATE,       /* day of the message, UTC, YYYYMMDD */
	TMPL_RCPT_COUNT, /* number of envelope recipients, decimal */
	TMPL_VARS        /* how many there are */
};

/* One value per placeholder, indexed by enum tmpl_var. */
struct tmpl_values {
	struct str v[TMPL_VARS];
};

struct tmpl;

/*
 * Parse text.  NULL with a sentence in err for an unknown placeholder, a lone %, a byte
 * that no header value may carry (CR, LF, NUL, other controls but tab; 0x80 and above,
 * which belongs into an RFC 2047 encoded word), or lack of memory.
 */
struct tmpl *tmpl_parse(const char *text, char *err, size_t errlen);
void tmpl_free(struct tmpl *);

/*
 * Append the expansion to out.  Bytes of a value that could break a header field
 * (controls, DEL, CR, LF, NUL) become "?"; so no value can inject anything.
 */
void tmpl_expand(const struct tmpl *, const struct tmpl_values *, struct buf *out);

/* True when the template uses that placeholder. */
bool tmpl_uses(const struct tmpl *, enum tmpl_var);
/* The text it was parsed from. */
const char *tmpl_text(const struct tmpl *);

#endif
