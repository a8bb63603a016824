/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * versions.c - the one file that names several libraries: each by its version.
 *
 * What is linked at run time counts, as far as the library tells; hiredis does not.
 */
#include "config.h"

#include "daemon/versions.h"

#include <ares.h>
#include <confuse.h>
#include <hiredis/hiredis.h>
#include <idn2.h>
#include <libmilter/mfapi.h>
#include <libpsl.h>
#include <opendkim/dkim.h>
#include <openssl/crypto.h>
#include <stdint.h>

void
versions_print(FILE *out, const char *program)
{
	unsigned major = 0, minor = 0, patch = 0;
	uint32_t dkim = dkim_libversion();

	smfi_version(&major, &minor, &patch);
	fprintf(out, "%s %s\n", program, PACKAGE_VERSION);
	/* What it counts is its API: 1.0.1 in Sendmail 8.17 and 8.18 alike. */
	fprintf(out, "libmilter %u.%u.%u\n", major, minor, patch);
	/* OPENDKIM_LIB_VERSION: one byte each, major first. */
	fprintf(out, "libopendkim %u.%u.%u\n", dkim >> 24, dkim >> 16 & 0xff,
	    dkim >> 8 & 0xff);
	fprintf(out, "hiredis %d.%d.%d (built with)\n", HIREDIS_MAJOR, HIREDIS_MINOR,
	    HIREDIS_PATCH);
	fprintf(out, "%s\n", OpenSSL_version(OPENSSL_VERSION));
	fprintf(out, "libConfuse %s\n", confuse_version);
	fprintf(out, "libpsl %s\n", psl_get_version());
	fprintf(out, "c-ares %s\n", ares_version(NULL));
	fprintf(out, "libidn2 %s\n", idn2_check_version(NULL));
}
