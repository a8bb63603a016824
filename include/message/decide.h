/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide.h - what becomes of a message: one decision at end of headers, one more look
 * at its end.  Pure.
 *
 * decide_client() says at MAIL whether mail from
 * there can be ours at all; decide_message() fills a decision and marks the edits in
 * the header list; decide_body() may then still refuse the message or its signature,
 * never change the edits.
 */
#ifndef METERMARK_MESSAGE_DECIDE_H
#define METERMARK_MESSAGE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "campaign/camp.h"
#include "campaign/sourcejson.h"
#include "config/conf.h"
#include "mail/bodyscan.h"
#include "mail/envelope.h"
#include "mail/hdr.h"
#include "message/decision.h"
#include "text/arena.h"
#include "text/cidr.h"
#include "token/mark.h"

/* addr is NULL where the MTA knows none; user and daemon_name are empty then. */
enum client_class decide_client(const struct conf *, const struct cidr_addr *addr,
    struct str daemon_name, struct str user);

/*
 * Decide, and mark the edits in the header list.  Memory is the arena's.  Without any
 * key neither tokens nor marks are made.
 */
void decide_message(const struct conf *, const struct envelope *,
    const struct mark_keys *, struct hdr *, struct arena *, struct decision *);

/* Once the body is known. */
void decide_body(const struct conf *, const struct envelope *, const struct bodyscan *,
    struct decision *);

/*
 * True when a Received field says that this very host has had the message before (see
 * conf_outbound.reinjected).  What a Sendmail submission program writes for local mail
 * it hands to its own daemon does not count: that is the mail's first way in.
 */
bool decide_reinjected(
    const struct hdr *, const struct envelope *, const struct conf_list *more_hosts);

#endif
