/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prom.h - the text format in which Prometheus reads metrics (exposition format 0.0.4).
 * Pure.
 *
 * A family is its head, then all its samples in one piece: the format demands that.
 * Names are the caller's and must be legal; values of labels are UTF-8 and are escaped.
 */
#ifndef METERMARK_SHOW_PROM_H
#define METERMARK_SHOW_PROM_H

#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

enum prom_type { PROM_COUNTER, PROM_GAUGE };

struct prom_label {
	const char *name;
	struct str value;
};

/* # HELP and # TYPE. */
void prom_head(
    struct buf *out, const char *name, enum prom_type type, const char *help);
/* name{a="x",b="y"} value */
void prom_sample(struct buf *out, const char *name, const struct prom_label *labels,
    size_t n_labels, int64_t value);

#endif
