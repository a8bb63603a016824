/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * null_milter.c - the least that a signing milter on libmilter can cost.
 *
 *     null_milter unix:/path
 *
 * It takes every step that a signer needs, wants no answer to be waited for but at end
 * of message, and inserts one header field of a signature's length there.  What it
 * costs is libmilter's own work, the first part of the floor that tests/bench/run
 * prints.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libmilter/mfapi.h>

/* Steps a signer has no use for, and answers that nobody waits for. */
#define STEPS                                                                          \
 (SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NR_CONN | SMFIP_NR_MAIL |      \
     SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_HDR_LEADSPC)

/* As long as the signature of an RSA key of 2048 bits over 12 fields. */
static char value[820];

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1, unsigned long *pf2,
    unsigned long *pf3)
{
	(void)ctx;
	(void)f2;
	(void)f3;
	if ((f1 & STEPS) != STEPS)
		return SMFIS_REJECT;
	*pf0 = f0 & SMFIF_ADDHDRS;
	*pf1 = STEPS;
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *addr)
{
	(void)ctx;
	(void)host;
	(void)addr;
	return SMFIS_NOREPLY;
}

static sfsistat
on_envelope(SMFICTX *ctx, char **argv)
{
	(void)ctx;
	(void)argv;
	return SMFIS_NOREPLY;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *text)
{
	(void)ctx;
	(void)name;
	(void)text;
	return SMFIS_NOREPLY;
}

static sfsistat
on_end_of_header(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_NOREPLY;
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *p, size_t len)
{
	(void)ctx;
	(void)p;
	(void)len;
	return SMFIS_NOREPLY;
}

static sfsistat
on_end(SMFICTX *ctx)
{
	static char name[] = "X-Null-Signature";

	return smfi_insheader(ctx, 0, name, value) == MI_SUCCESS ? SMFIS_CONTINUE
								 : SMFIS_TEMPFAIL;
}

static void
make_value(void)
{
	size_t i;

	memset(value, 'x', sizeof(value) - 1);
	value[0] = ' ';
	for (i = 72; i + 2 < sizeof(value); i += 74)
		memcpy(value + i, "\n\t", 2);
}

int
main(int argc, char **argv)
{
	static char name[] = "null_milter";
	struct smfiDesc desc = { .xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_envelope,
		.xxfi_envrcpt = on_envelope,
		.xxfi_header = on_header,
		.xxfi_eoh = on_end_of_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end,
		.xxfi_negotiate = on_negotiate };

	if (argc != 2)
		errx(2, "usage: null_milter SOCKET");
	make_value();
	umask(0);
	if (smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(desc) != MI_SUCCESS ||
	    smfi_opensocket(1) != MI_SUCCESS)
		errx(1, "cannot listen on %s", argv[1]);
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
