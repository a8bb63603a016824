/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verp.h - the envelope sender that a message gets, so that its bounces tell which
 * message it was (variable envelope return path).  Pure.
 *
 * With the address go the arguments of MAIL: Postfix takes RET and ENVID and keeps the
 * others, Sendmail forgets all that is not said again.  So what the client gave is
 * repeated; an envelope id of ours (RFC 3461 4.4) is added where the client gave none.
 * The null sender is never changed: what it sends is a notification, and a bounce of
 * it goes nowhere.  Memory is the arena's.
 */
#ifndef METERMARK_TOKEN_VERP_H
#define METERMARK_TOKEN_VERP_H

#include "mail/envelope.h"
#include "mail/tmpl.h"
#include "text/arena.h"
#include "text/str.h"

/* Bytes of the arguments of MAIL that are looked at. */
#define VERP_ARGS_MAX ((size_t)1024)

struct verp {
	struct str address; /* without <>; "" when the sender stays as it is */
	struct str args;    /* "ENVID=... RET=..."; may be "" */
};

/* 0, or -1 when the address cannot be made: the sender stays as it is. */
int verp_make(const struct tmpl *, const struct tmpl_values *, const struct envelope *,
    struct arena *, struct verp *);

/* The domain of the new sender; "" when it stays as it is.  Borrowed. */
struct str verp_domain(const struct verp *);

#endif
