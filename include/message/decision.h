/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decision.h - what was decided about a message: its verdict, and what it was found to
 * be.  Pure.
 *
 * message/decide.h fills a decision at the end of the header; what goes wrong later may
 * turn it into a refusal.  Its strings are the arena's, or constant.
 */
#ifndef METERMARK_MESSAGE_DECISION_H
#define METERMARK_MESSAGE_DECISION_H

#include <stdbool.h>

#include "campaign/camp.h"
#include "campaign/sourceread.h"
#include "config/conf.h"
#include "message/reply.h"
#include "text/str.h"
#include "token/verp.h"

enum decide_verdict { DECIDE_PASS, DECIDE_ACCEPT, DECIDE_REJECT, DECIDE_TEMPFAIL };

struct decision {
	enum decide_verdict verdict;
	/*
	 * One word for the log: why the message passes untouched, is refused or goes
	 * unsigned; NULL when there is nothing to explain.
	 */
	const char *why;
	struct reply reply; /* of REJECT and TEMPFAIL */
	struct camp_name campaign;
	struct source_found source;       /* what named it, and the tags beside it */
	const struct conf_stream *stream; /* NULL: none matched */
	const struct conf_domain *domain; /* signs it; NULL: goes unsigned */
	struct str from_domain;   /* in ASCII if it can be; "": no certain one */
	unsigned skips;           /* see mail/signset.h */
	bool partly;              /* a field was left out of the signature */
	struct verp sender;       /* of the envelope, where it is changed */
	const char *edit_skipped; /* name of a field that was not added, set or made */
};

/* Refuse the message with that reply, for now or for good as its code says. */
void decision_refuse(struct decision *, const struct reply *);

/* The log's event: "accepted". */
const char *decision_event(enum decide_verdict);

#endif
