/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decision.c - the verdict about a message.  See the header.
 */
#include "message/decision.h"

void
decision_refuse(struct decision *d, const struct reply *reply)
{
	d->verdict = reply_is_temporary(reply) ? DECIDE_TEMPFAIL : DECIDE_REJECT;
	d->why = reply->why;
	d->reply = *reply;
}

const char *
decision_event(enum decide_verdict v)
{
	switch (v) {
	case DECIDE_PASS:
		return "passed";
	case DECIDE_ACCEPT:
		return "accepted";
	case DECIDE_REJECT:
		return "rejected";
	case DECIDE_TEMPFAIL:
		return "tempfailed";
	}
	return "accepted";
}
