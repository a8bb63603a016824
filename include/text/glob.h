/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * glob.h - patterns with * and ?, matched without regard to ASCII case.  Pure.
 *
 * Runs in time linear in the product of the lengths at worst, never exponential, so
 * that a hostile name and a pattern with many stars cannot stop the daemon.
 */
#ifndef METERMARK_TEXT_GLOB_H
#define METERMARK_TEXT_GLOB_H

#include <stdbool.h>

#include "text/str.h"

bool glob_match(struct str pattern, struct str text);

#endif
