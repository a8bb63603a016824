/* SPDX-License-Identifier: BSD-2-Clause */
/* no_such.h - the message about a campaign that does not exist, with similar names. */
#ifndef METERMARK_CLI_STATS_NO_SUCH_H
#define METERMARK_CLI_STATS_NO_SUCH_H

#include "cli/target.h"

/*
 * Says that the campaign does not exist, and which names are similar. note ends the
 * sentence: it is "", or begins with "; ". Returns CMD_NOT_FOUND, or the status of a
 * failure after a message.
 */
int no_such_campaign(
    struct query *, const struct target *, const char *given, const char *note);
/* Says that there are no campaigns yet. */
void no_campaigns_yet(const struct target *);

#endif
