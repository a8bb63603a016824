/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracking_fields.h - the tracking fields of a stream: how to leave, whom to complain
 * to, which message it was.  Pure.
 *
 * The sender's own come first: a List-Unsubscribe, List-Id or CFBL-Address that is
 * there stays, unless `replace` names it, and then exactly one is left.  What belongs
 * together stands or falls together: List-Unsubscribe-Post is never put beside an URL
 * of the sender, since nobody knows whether that URL answers a POST, nor is the
 * sender's left beside an URL of ours.  A Message-ID is never changed.
 *
 *   List-Unsubscribe       RFC 2369: one field, URIs in <>, best one first
 *   List-Unsubscribe-Post  RFC 8058: only for an https URL that names the recipient,
 *                          on a message that will be signed
 *   List-Id                RFC 2919
 *   CFBL-Address, -Feedback-ID  RFC 9477: only where a signature vouches for them
 *   Message-ID             RFC 5322, where there is none
 *
 * What wants a signature is marked if_signed, for the signature may still come to
 * nothing.
 *
 * Only marks in the header list; see mail/hdr.h.
 */
#ifndef METERMARK_TRACKING_TRACKING_FIELDS_H
#define METERMARK_TRACKING_TRACKING_FIELDS_H

#include <stddef.h>

#include "config/conf.h"
#include "mail/envelope.h"
#include "mail/hdr.h"
#include "mail/tmpl.h"
#include "text/arena.h"
#include "token/token.h"

/* Of one message; strs are borrowed. */
struct tracking_facts {
	const struct envelope *envelope;
	const struct tmpl_values *values; /* token: the mailbox form; "" when none */
	const struct token_ring *ring;
	struct str from_domain;
	const struct conf_domain *signer; /* NULL: it goes unsigned */
};

enum tracking_result {
	TRACKING_OK,
	TRACKING_SEVERAL, /* several recipients, where the stream says reject */
	TRACKING_NO_ROOM  /* memory, or a limit, is reached */
};

/* *skipped becomes the name of a field that could not be made; else it stays. */
enum tracking_result tracking_fields_write(const struct conf_stream *,
    const struct tracking_facts *, struct hdr *, struct arena *, const char **skipped);

#endif
