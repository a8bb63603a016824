/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply.c - the table of replies.  See the header.
 */
#include "message/reply.h"

#include <stddef.h>

/* clang-format off */
static const struct reply replies[REPLIES] = {
	[REPLY_NO_FROM] = { "no-from", "554", "5.6.0",
	    "Message has no From field, add one" },
	[REPLY_TWO_FROMS] = { "two-froms", "554", "5.6.0",
	    "Message has several From fields, send one" },
	[REPLY_BAD_FROM] = { "bad-from", "554", "5.6.0",
	    "The From field names no single domain, it needs one mailbox" },
	[REPLY_FROM_TOO_LONG] = { "from-too-long", "554", "5.6.0",
	    "The From field is longer than this mail server keeps, shorten it" },
	[REPLY_HEADER_TOO_LARGE] = { "header-too-large", "554", "5.6.0",
	    "The message header is too large, shorten it" },
	[REPLY_LONG_HEADER_LINE] = { "long-header-line", "554", "5.6.0",
	    "A header line is too long and has no place to fold it" },
	[REPLY_CONTROL_IN_HEADER] = { "control-in-header", "554", "5.6.0",
	    "A header field holds a control character, encode it" },
	[REPLY_TOO_MANY_FIELDS] = { "too-many-fields", "554", "5.6.0",
	    "Message has too many header fields to be signed" },
	[REPLY_LONG_BODY_LINE] = { "long-body-line", "554", "5.6.0",
	    "A body line is too long, encode the body as quoted-printable or base64" },
	[REPLY_BARE_LINE_END] = { "bare-line-end", "554", "5.6.0",
	    "The body holds a CR or LF that is no line end, encode it" },
	[REPLY_BAD_SOURCE] = { "bad-source", "550", "5.6.0",
	    "The tags of the message cannot be read" },
	[REPLY_SEVERAL_RECIPIENTS] = { "several-recipients", "550", "5.5.3",
	    "Such mail tells each recipient how to unsubscribe, send one message for each recipient" },
	[REPLY_RULE_REJECT] = { NULL, "550", "5.7.1", NULL },
	[REPLY_RULE_TEMPFAIL] = { NULL, "451", "4.7.1", NULL },
	[REPLY_NO_MEMORY_DECIDING] = { "memory", "451", "4.3.0",
	    "Message could not be processed now, try again later" },
	[REPLY_NO_MEMORY_EDITING] = { "memory", "451", "4.7.5",
	    "Out of memory, try again later" },
	[REPLY_NO_MEMORY_BEGINNING] = { NULL, "451", "4.3.0",
	    "Out of memory, try again later" },
	[REPLY_NO_END_OF_HEADERS] = { "no-end-of-headers", "451", "4.7.5",
	    "Message could not be processed" },
	[REPLY_SIGN_FAILED] = { "sign-failed", "451", "4.7.5",
	    "Message could not be signed, try again later" },
	[REPLY_EDIT_REFUSED] = { "edit-refused", "451", "4.7.5",
	    "Message could not be edited" },
	[REPLY_STOPPING] = { NULL, "451", "4.3.2",
	    "Shutting down, try again later" },
};
/* clang-format on */

const struct reply *
reply_of(enum reply_id id)
{
	return &replies[id];
}

bool
reply_is_temporary(const struct reply *r)
{
	return r->code[0] == '4';
}
