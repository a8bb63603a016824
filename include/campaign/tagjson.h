/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tagjson.h - the JSON parser that the core borrows for tag headers
 * (campaign/sourcejson.h).
 */
#ifndef METERMARK_CAMPAIGN_TAGJSON_H
#define METERMARK_CAMPAIGN_TAGJSON_H

#include "campaign/sourcejson.h"

/* A source_json_fn.  Thread-safe. */
int tagjson_read(struct str text, source_leaf_fn leaf, void *arg);

#endif
