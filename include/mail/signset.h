/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signset.h - which header fields a signature covers.  Pure.
 *
 * Every instance of a field in the table is signed.  Those marked oversigned are named
 * once more in h= (RFC 6376 5.4.2), so that nobody can add one after us.  The
 * oversigned ones are a subset of the signed ones by construction; libopendkim makes a
 * bad signature where they are not.
 */
#ifndef METERMARK_MAIL_SIGNSET_H
#define METERMARK_MAIL_SIGNSET_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/hdr.h"
#include "text/str.h"

/*
 * libopendkim gathers the names of signed fields in 4096 bytes and pairs names and
 * fields wrongly when they do not fit; the oversigned names need their share.
 */
#define SIGNSET_NAME_BYTES_MAX 3072

/*
 * Oversigned fields that Sendmail may cut, so that they must be left out now and then:
 * a field that is present, oversigned and not signed makes a bad signature.
 */
enum signset_skip {
	SIGNSET_SKIP_TO = 1,
	SIGNSET_SKIP_CC = 2,
	SIGNSET_SKIP_REPLY_TO = 4,
	SIGNSET_SKIPS = 8 /* how many combinations there are */
};

struct signset_name {
	const char *name;
	size_t len; /* of it */
	bool oversign;
	unsigned skip; /* its bit, or 0 */
};

/* The table. */
const struct signset_name *signset_names(size_t *n);
bool signset_has(struct str name);

/* True when that field, as it stands in the list, goes under the signature. */
bool signset_covers(const struct hdr_field *);

/* The bits of names that must not be oversigned this time: one of them is no_sign. */
unsigned signset_skips(const struct hdr *);

enum signset_fault { SIGNSET_OK, SIGNSET_TOO_MANY, SIGNSET_CONTROL };
/* Whether the covered fields can be signed at all: how many they are, and what is in
 * them. */
enum signset_fault signset_check(const struct hdr *);

#endif
