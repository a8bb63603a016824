/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mfi_apply.h - a plan carried out on the MTA, in one burst.
 *
 * All fallible work is done before; the first edit that libmilter refuses ends it, and
 * the message must then be refused for now, or it would leave half edited.  For the
 * callback at the end of the message, in its thread.
 */
#ifndef METERMARK_DAEMON_MFI_APPLY_H
#define METERMARK_DAEMON_MFI_APPLY_H

#include <libmilter/mfapi.h>

#include "message/reply.h"
#include "message/txn.h"

/* The sender, then the plan.  0, or -1 when an edit was refused. */
int mfi_apply(SMFICTX *, const struct txn_outcome *);
/* Put the message into quarantine where the outcome says so.  0, or -1 when refused. */
int mfi_hold(SMFICTX *, const struct txn_outcome *);
/* Set the reply to a refused message; the status for libmilter that goes with it. */
sfsistat mfi_refuse(SMFICTX *, const struct reply *);

#endif
