/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mfi_apply.c - edits and replies, as libmilter wants them.  See the header.
 */
#include "daemon/mfi_apply.h"

#include <stdio.h>

#include "mail/addr.h"
#include "text/unconst.h"

static int
change_sender(SMFICTX *ctx, const struct verp *v)
{
	char address[ADDR_SPEC_MAX + 3];
	char *args = v->args.len > 0 ? unconst(v->args.p) : NULL;

	if (v->address.len == 0)
		return 0;
	snprintf(address, sizeof address, "<%s>", v->address.p);
	return smfi_chgfrom(ctx, address, args) == MI_SUCCESS ? 0 : -1;
}

int
mfi_apply(SMFICTX *ctx, const struct txn_outcome *o)
{
	const struct plan *p = &o->plan;

	if (change_sender(ctx, &o->sender) != 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_edit *e = &p->v[i];
		char *name = unconst(e->name.p), *value = unconst(e->value.p);
		int rc = MI_FAILURE;

		switch (e->kind) {
		case PLAN_CHANGE:
			rc = smfi_chgheader(ctx, name, (int)e->index, value);
			break;
		case PLAN_DELETE:
			rc = smfi_chgheader(ctx, name, (int)e->index, NULL);
			break;
		case PLAN_ADD:
			rc = smfi_addheader(ctx, name, value);
			break;
		case PLAN_INSERT:
			rc = smfi_insheader(ctx, 0, name, value);
			break;
		}
		if (rc != MI_SUCCESS)
			return -1;
	}
	return 0;
}

int
mfi_hold(SMFICTX *ctx, const struct txn_outcome *o)
{
	return o->hold == NULL || smfi_quarantine(ctx, unconst(o->hold)) == MI_SUCCESS
	    ? 0
	    : -1;
}

sfsistat
mfi_refuse(SMFICTX *ctx, const struct reply *r)
{
	/* If libmilter does not take the reply, the MTA has a text of its own. */
	(void)smfi_setreply(ctx, unconst(r->code), unconst(r->xcode), unconst(r->text));
	return reply_is_temporary(r) ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}
