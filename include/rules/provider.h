/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * provider.h - the mailbox provider of a recipient, by its domain; a fixed set.  Pure.
 *
 * Recipient domains are chosen by strangers and would grow without bound as counter
 * names, so the well-known consumer domains fold into one name each and all others into
 * "other".
 */
#ifndef METERMARK_RULES_PROVIDER_H
#define METERMARK_RULES_PROVIDER_H

#include <stddef.h>

#include "text/str.h"

enum provider {
	PROVIDER_GMAIL,
	PROVIDER_YAHOO,   /* with AOL and the other brands behind the same gates */
	PROVIDER_OUTLOOK, /* consumer: outlook, hotmail, live, msn */
	PROVIDER_APPLE,   /* icloud, me, mac */
	PROVIDER_GMX,     /* with web.de, mail.com */
	PROVIDER_COMCAST,
	PROVIDER_ORANGE,
	PROVIDER_PROTON,
	PROVIDER_MAILRU,
	PROVIDER_QQ,
	PROVIDER_OTHER,
	PROVIDERS /* how many there are */
};

/* By recipient domain, any case, a trailing dot ignored. */
enum provider provider_of(struct str domain);
/* "gmail", as in the counter p:gmail:recipients. */
const char *provider_name(enum provider);

#endif
