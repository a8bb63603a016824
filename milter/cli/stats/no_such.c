/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * no_such.c - what is said when a campaign is not there.  See the header.
 */
#include "cli/stats/no_such.h"

#include "cli/cmd.h"
#include "cli/term.h"
#include "numbers/registry.h"
#include "show/nearest.h"

/* Offer all names. */
static int
similar(struct query *q, struct nearest *near)
{
	static const struct registry_choice all = { 0 };
	struct registry reg;
	int status = registry_read(q, &all, &reg);

	for (size_t i = 0; i < reg.n; i++)
		nearest_offer(near, str_of(reg.v[i].campaign));
	registry_fini(&reg);
	return status;
}

int
no_such_campaign(
    struct query *q, const struct target *t, const char *given, const char *note)
{
	struct nearest near;
	struct buf names;
	int status = CMD_NOT_FOUND;

	nearest_init(&near, str_of(given));
	buf_init(&names, NEAREST_MAX * (NEAREST_LENGTH + 2));
	if (!registry_is_pattern(given) && similar(q, &near) != 0)
		status = target_failed(t, &q->err);
	nearest_list(&near, &names);
	if (status == CMD_NOT_FOUND && names.len > 0)
		term_say("no campaign \"%s\"; similar: %s%s", given, names.p, note);
	else if (status == CMD_NOT_FOUND)
		term_say("no campaign %s\"%s\" under prefix \"%s\" in %s%s",
		    registry_is_pattern(given) ? "matches " : "", given, t->prefix,
		    t->shown, note);
	buf_fini(&names);
	return status;
}

void
no_campaigns_yet(const struct target *t)
{
	term_say("no campaigns yet under prefix \"%s\" in %s", t->prefix, t->shown);
}
