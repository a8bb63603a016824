/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leaks.h - header fields that tell recipients what is not theirs to know.  Pure.
 *
 * Some go from all mail of ours: hidden recipients, and what only the last mail server
 * may state.  Others (the client's address, the script, the hosting account) go where a
 * stream says so.  Only marks in the header list; see mail/hdr.h.
 */
#ifndef METERMARK_MAIL_LEAKS_H
#define METERMARK_MAIL_LEAKS_H

#include "mail/hdr.h"

/* Bcc, Resent-Bcc, Return-Path, BIMI-Location, BIMI-Indicator. */
void leaks_remove_always(struct hdr *);
/* Those of remove_leaks = true. */
void leaks_remove(struct hdr *);

/* Tests: the names of the latter; one that ends in - stands for all that begin so. */
const char *const *leaks_names(size_t *n);

#endif
