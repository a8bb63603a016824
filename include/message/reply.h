/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply.h - all that we may answer to a message that is refused.  Pure.
 *
 * One table: a new reason to refuse is a name here and a row in reply.c.  A code that
 * begins with 4 refuses for now, one with 5 for good.  The table is constant.
 */
#ifndef METERMARK_MESSAGE_REPLY_H
#define METERMARK_MESSAGE_REPLY_H

#include <stdbool.h>

enum reply_id {
	/* The message cannot be signed as it is; see on_bad_message. */
	REPLY_NO_FROM,
	REPLY_TWO_FROMS,
	REPLY_BAD_FROM,
	REPLY_FROM_TOO_LONG,
	REPLY_HEADER_TOO_LARGE,
	REPLY_LONG_HEADER_LINE,
	REPLY_CONTROL_IN_HEADER,
	REPLY_TOO_MANY_FIELDS,
	REPLY_LONG_BODY_LINE,
	REPLY_BARE_LINE_END,
	/* The settings refuse it. */
	REPLY_BAD_SOURCE, /* its text usually names the field and the fault instead */
	REPLY_SEVERAL_RECIPIENTS,
	REPLY_RULE_REJECT, /* reason and text are the rule's: its cure, in inspect.c */
	REPLY_RULE_TEMPFAIL, /* likewise */
	/* We fail. */
	REPLY_NO_MEMORY_DECIDING,
	REPLY_NO_MEMORY_EDITING,
	REPLY_NO_MEMORY_BEGINNING, /* not logged */
	REPLY_NO_END_OF_HEADERS,
	REPLY_SIGN_FAILED,
	REPLY_EDIT_REFUSED,
	REPLY_STOPPING, /* not logged */
	REPLIES         /* how many there are */
};

struct reply {
	const char *why;   /* reason word of the log; NULL: see the comments above */
	const char *code;  /* SMTP reply code */
	const char *xcode; /* enhanced status code (RFC 3463) */
	const char
	    *text; /* a sentence that says, if possible, what the sender can do */
};

const struct reply *reply_of(enum reply_id);
bool reply_is_temporary(const struct reply *);

#endif
