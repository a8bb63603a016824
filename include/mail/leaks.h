/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leaks.h - header fields that tell recipients what is not theirs to know.  Pure.
 *
 * Some are removed from all our mail: hidden recipients, and fields that only the last
 * mail server may write.  Others (the client's address, the script, the hosting
 * account) are removed if the stream says so.  These functions only set marks in the
 * header list; see mail/hdr.h.
 */
#ifndef METERMARK_MAIL_LEAKS_H
#define METERMARK_MAIL_LEAKS_H

#include "mail/hdr.h"

/* Bcc, Resent-Bcc, Return-Path, BIMI-Location, BIMI-Indicator. */
void leaks_remove_always(struct hdr *);
/* Those of remove_leaks = true. */
void leaks_remove(struct hdr *);

/* For tests: the names of the latter; a name that ends in - stands for all with that
 * prefix. */
const char *const *leaks_names(size_t *n);

#endif
