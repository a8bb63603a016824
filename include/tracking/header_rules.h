/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header_rules.h - the header rules of a stream, carried out on a message.  Pure.
 *
 * Order of work: remove_leaks, remove, set, add, feedback_id.  Only marks in the header
 * list; see mail/hdr.h.
 */
#ifndef METERMARK_TRACKING_HEADER_RULES_H
#define METERMARK_TRACKING_HEADER_RULES_H

#include "config/conf.h"
#include "mail/hdr.h"
#include "mail/tmpl.h"
#include "text/arena.h"

/*
 * 0, or -1 when memory or a limit is reached.  *skipped becomes the name of a field
 * that could not be added or set (one is there already and is signed; too long), or
 * NULL.
 */
int header_rules_apply(const struct conf_stream *, const struct tmpl_values *,
    struct hdr *, struct arena *, const char **skipped);

#endif
