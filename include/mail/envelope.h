/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope.h - what is known of a message beside its header and body.  Pure.
 *
 * message/txn.c fills one envelope for each message, step by step as the MTA tells it,
 * and owns its strings; all others get it const, by pointer, and may use the strings
 * until the message ends.  No string is NULL; what is not known is "".
 */
#ifndef METERMARK_MAIL_ENVELOPE_H
#define METERMARK_MAIL_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/str.h"

/* Why a client's mail may be ours; the strongest reason that holds. */
enum client_class {
	CLIENT_STRANGER, /* it is not */
	CLIENT_AUTH,     /* authenticated: only for domains whose `users` name it */
	CLIENT_NETWORK,  /* from one of outbound.networks */
	CLIENT_DAEMON    /* came in through one of outbound.daemon_names */
};

struct envelope {
	/* Known when the client has connected, or has authenticated. */
	enum client_class client;
	bool sendmail;   /* the MTA is Sendmail; else Postfix */
	struct str host; /* the MTA's own name, macro j */
	struct str user; /* authenticated identity; "" for none */
	/* Known after MAIL. */
	struct str sender;        /* argument of MAIL, with or without <> */
	struct str sender_domain; /* in ASCII if it can be; "" for the null sender */
	struct str args;          /* the other arguments of MAIL, blanks between them */
	/* Known after the last RCPT. */
	size_t n_rcpt;        /* 0: not known */
	struct str recipient; /* the only one, without <>; "" if there are several */
	/* Known at the end of the header. */
	struct str queue_id;
	int64_t now; /* unix seconds: the message's time */
	/* Unique text for a Message-ID, [a-z0-9.]+; "" once the message is decided. */
	struct str nonce;
};

/* True if the word, in any case, is one of the arguments of MAIL. */
bool envelope_has_arg(const struct envelope *, struct str word);

#endif
