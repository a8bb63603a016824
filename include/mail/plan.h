/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan.h - the edits of one message in the order in which both MTAs do the same thing.
 * Pure.
 *
 * Postfix renumbers fields after each edit, Sendmail keeps the numbers of arrival until
 * the milter is done (measured: Postfix 3.7, Sendmail 8.17; the confusion was
 * CVE-2022-48521).  From the highest index down both agree, so: changes and deletes
 * from the last field to the first, then adds, then inserts; each insert goes to
 * position 0, so the last one made is on top.
 */
#ifndef METERMARK_MAIL_PLAN_H
#define METERMARK_MAIL_PLAN_H

#include <stddef.h>

#include "mail/hdr.h"
#include "text/str.h"

enum plan_kind { PLAN_CHANGE, PLAN_DELETE, PLAN_ADD, PLAN_INSERT };

struct plan_edit {
	enum plan_kind kind;
	struct str name;
	struct str value;
	unsigned index; /* of CHANGE and DELETE */
};

struct plan {
	struct plan_edit *v;
	size_t n;
};

/*
 * The edits that make the header as received into the header as it stands, then one
 * insert per entry of inserts, so that inserts[0] ends on top.  Memory is the arena's;
 * borrows the strs. 0, or -1 when it is full.
 */
int plan_make(struct plan *, const struct hdr *, const struct plan_edit *inserts,
    size_t n_inserts, struct arena *);

#endif
