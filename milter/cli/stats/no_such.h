/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * no_such.h - say that a campaign is not there, and which names are like the one given.
 */
#ifndef METERMARK_CLI_STATS_NO_SUCH_H
#define METERMARK_CLI_STATS_NO_SUCH_H

#include "cli/target.h"

/*
 * Say that there is no such campaign, and which names are like it; note: a sentence
 * that ends it, with its "; ", or "".  CMD_NOT_FOUND, or the status of a failure, said.
 */
int no_such_campaign(
    struct query *, const struct target *, const char *given, const char *note);
/* Say that there are none yet. */
void no_campaigns_yet(const struct target *);

#endif
