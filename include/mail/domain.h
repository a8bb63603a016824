/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain.h - domain names and their places in the tree of names.  Names are without a
 * last dot; case does not matter (RFC 4343).  Pure.
 */
#ifndef METERMARK_MAIL_DOMAIN_H
#define METERMARK_MAIL_DOMAIN_H

#include <stdbool.h>

#include "text/str.h"

/* a.example.com is below example.com; example.com and anexample.com are not. */
bool domain_below(struct str name, struct str domain);
/* The domain itself, or a name below it. */
bool domain_within(struct str name, struct str domain);

#endif
