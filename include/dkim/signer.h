/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signer.h - DKIM signatures by libopendkim, behind the core's struct sign_port.
 *
 * A signer holds what does not change between messages: one DKIM_LIB per profile
 * (expiry, list of oversigned fields) and the keys.  Immutable after signer_new(),
 * shared by threads; each struct signing it begins belongs to one message.  The rules
 * that keep libopendkim out of its bugs stand beside the calls.
 */
#ifndef METERMARK_DKIM_SIGNER_H
#define METERMARK_DKIM_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "dkim/signport.h"

struct keyring;
struct signer;

/* conf and keyring must outlive it.  NULL with a sentence in err.  Call in one thread
 * at a time. */
struct signer *signer_new(
    const struct conf *, const struct keyring *, char *err, size_t errlen);

/* What tests set to get the same signature every time; no setting leads here. */
struct signer_options {
	int64_t fixed_time; /* t=, unix seconds; 0: the clock */
	/* Names to oversign, NULL at the end, in place of those of mail/signset.h;
	 * NULL: those. */
	const char *const *oversign;
};
struct signer *signer_new_with(const struct conf *, const struct keyring *,
    const struct signer_options *, char *err, size_t errlen);
/* All its signings must be freed before. */
void signer_free(struct signer *);
/* Valid as long as the signer. */
const struct sign_port *signer_port(const struct signer *);

#endif
