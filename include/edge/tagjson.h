/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tagjson.h - the JSON parser that the core borrows for tag headers
 * (core/sourcejson.h).
 */
#ifndef METERMARK_EDGE_TAGJSON_H
#define METERMARK_EDGE_TAGJSON_H

#include "core/sourcejson.h"

/* A source_json_fn.  Thread-safe. */
int tagjson_read(struct str text, source_leaf_fn leaf, void *arg);

#endif
