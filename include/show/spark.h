/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spark.h - a row of numbers as a line of bars, one place each.  Pure.
 */
#ifndef METERMARK_SHOW_SPARK_H
#define METERMARK_SHOW_SPARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"

/*
 * Append one character for each number; the greatest number has the highest bar.  0 is
 * a blank; every number above 0 shows.  Eighth blocks (U+2581 to U+2588) with utf8,
 * else ASCII.
 */
void spark_add(struct buf *out, const int64_t *v, size_t n, bool utf8);

#endif
