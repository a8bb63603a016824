/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide.h - what becomes of a message: one decision at end of headers, one more look
 * at its end.
 *
 * Pure functions over plain values.  decide_client() says at MAIL whether mail from
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
#include "mail/hdr.h"
#include "mail/idname.h"
#include "message/decision.h"
#include "text/arena.h"
#include "text/cidr.h"
#include "token/mark.h"

/* Why a client's mail may be ours; the strongest that holds. */
enum decide_class {
	DECIDE_STRANGER, /* it is not */
	DECIDE_AUTH,     /* authenticated: only for domains whose `users` name it */
	DECIDE_NETWORK,  /* from one of outbound.networks */
	DECIDE_DAEMON    /* came in through one of outbound.daemon_names */
};

/* addr is NULL where the MTA knows none; user and daemon_name are empty then. */
enum decide_class decide_client(const struct conf *, const struct cidr_addr *addr,
    struct str daemon_name, struct str user);

/* What is known of a message beside its header.  All strs are borrowed. */
struct decide_facts {
	enum decide_class client;
	bool sendmail;   /* else Postfix */
	struct str host; /* the MTA's own name, macro j */
	struct str user; /* authenticated identity, "" for none */
	struct str envelope_domain;
	struct str sender;    /* argument of MAIL, with or without <> */
	struct str mail_args; /* the other arguments of MAIL, blanks between them */
	struct str recipient; /* without <>; the only one, else "" */
	struct str queue_id;
	size_t n_rcpt;
	int64_t now;           /* unix seconds */
	struct str nonce;      /* unique text for a Message-ID: [a-z0-9]+ */
	bool overflow;         /* the header list is not complete: it hit a limit */
	bool no_memory;        /* and that limit was this host's, not the list's */
	struct mark_keys keys; /* of tokens and marks; without any, neither is made */
	source_json_fn json;   /* NULL: headers in JSON are not read */
	idname_fn idn;         /* NULL: international names stay as they are */
};

/* Decide, and mark the edits in the header list.  Memory is the arena's. */
void decide_message(const struct conf *, const struct decide_facts *, struct hdr *,
    struct arena *, camp_sha256_fn, struct decision *);

/* Once the body is known. */
void decide_body(
    const struct conf *, bool sendmail, const struct bodyscan *, struct decision *);

/*
 * True when a Received field says that this very host has had the message before (see
 * conf_outbound.reinjected).  What a Sendmail submission program writes for local mail
 * it hands to its own daemon does not count: that is the mail's first way in.
 */
bool decide_reinjected(const struct hdr *, struct str host,
    const struct conf_list *more_hosts, bool sendmail);

#endif
