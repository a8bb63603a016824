/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inspect.h - the rules of rules/rule.h at the end of a message: run, acted on,
 * counted, logged.  Pure.
 *
 * The settings say per rule and per stream what a failure means: nothing (off), a
 * count, a warning, quarantine, a refusal for now or for good.  The strongest of a
 * message's failed rules decides.  A struct inspection belongs to one message.
 */
#ifndef METERMARK_MESSAGE_INSPECT_H
#define METERMARK_MESSAGE_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/conf.h"
#include "counting/tally.h"
#include "message/decision.h"
#include "rules/rule.h"
#include "text/buf.h"

struct inspection {
	bool done;               /* the rules have been run */
	uint64_t failed;         /* bit i: rule i */
	enum rule_action action; /* of the rule that decides; COUNT: none does */
	const char *rule;        /* its id; NULL when none does */
	char text[256];          /* of a reply, or of a hold */
};

/* The set of the rules that the settings leave on, bit i for rule i. */
uint64_t inspect_on(const struct conf *, const struct conf_stream *);
/* Run them. */
void inspect_run(const struct rule_facts *, const struct conf *,
    const struct conf_stream *, struct inspection *);
/* What it comes to where none is on, without facts. */
void inspect_nothing(struct inspection *out);
/* Refuse the message where the rule that decides says so; the strs are the
 * inspection's. */
void inspect_decide(const struct inspection *, struct decision *);
/* Why the message goes into quarantine; NULL when it does not. */
const char *inspect_hold(const struct inspection *);
void inspect_count(const struct inspection *, struct tally_delta *);
/* " rules=one-click,long-line", and held or warned by which. */
void inspect_line(const struct inspection *, struct buf *line);

#endif
