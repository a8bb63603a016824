/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signer.h - makes DKIM signatures by libopendkim, behind struct sign_port.
 *
 * A signer holds what does not change between messages: the keys, and one DKIM_LIB for
 * each profile (expiry and list of oversigned fields).  It is immutable after
 * signer_new() and shared by threads; each struct signing that it begins belongs to one
 * message.  signer.c lists the rules that avoid the defects of libopendkim.
 */
#ifndef METERMARK_DKIM_SIGNER_H
#define METERMARK_DKIM_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "dkim/signport.h"

struct keyring;
struct signer;

/*
 * conf and keyring must outlive the signer.  Returns NULL with a sentence in err on
 * failure.  Only one thread at a time may call this.
 */
struct signer *signer_new(
    const struct conf *, const struct keyring *, char *err, size_t errlen);

/* Options by which tests get the same signature every time; no setting leads here. */
struct signer_options {
	int64_t fixed_time; /* the value of t= in unix seconds; 0: the present time */
	/*
	 * Names to oversign, with NULL at the end, instead of those of mail/signset.h.
	 * NULL: those of mail/signset.h.
	 */
	const char *const *oversign;
};
struct signer *signer_new_with(const struct conf *, const struct keyring *,
    const struct signer_options *, char *err, size_t errlen);
/* All signings of the signer must be freed before. */
void signer_free(struct signer *);
/* The port is valid as long as the signer. */
const struct sign_port *signer_port(const struct signer *);

#endif
