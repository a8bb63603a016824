/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domlook.h - the domains of the settings, one after the other, looked up in DNS: their
 * keys, SPF and DMARC; of those of a return_path SPF.  What is found is judged by
 * dns/dnslook.h.
 *
 * Blocks while DNS is asked; any thread.
 */
#ifndef METERMARK_DNS_DOMLOOK_H
#define METERMARK_DNS_DOMLOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "dns/dnslook.h"

/* The check of SPF where envelopes are of the domain. */
#define DOMLOOK_RETURN_PATH "spf of return_path"

struct domlook_result {
	struct str domain;
	const char *selector; /* NULL: SPF or DMARC */
	const char *file;     /* of the key */
	const char *check;    /* "dkim r2026", "spf", DOMLOOK_..., "dmarc" */
	const struct dnslook_finding *f;
	const struct dnslook_key *key; /* with a selector */
};

struct domlook_job {
	const char *resolver; /* "": resolv.conf(5) */
	size_t skip, max;     /* of the domains, which */
	uint32_t pause_ms;    /* after each */
	bool keys_only;
	/* These domains, "sub.example.com" as well as what signs for it; n 0: all. */
	char *const *only;
	size_t n_only;

	/*
	 * Our private half of a key: an EVP_PKEY, or NULL with a sentence in err.  It
	 * is given back by done(), which may be NULL.
	 */
	void *(*own)(void *arg, const char *file, char *err, size_t errlen);
	void (*done)(void *arg, void *own);
	void (*found)(void *arg, const struct domlook_result *);
	/* Asked before each domain; NULL: never. */
	bool (*stop)(void *arg);
	void *arg;
};

struct domlook_sum {
	size_t domains;             /* there are, patterns with * left out */
	size_t looked;              /* of them, at so many */
	size_t n[DNSLOOK_FAIL + 1]; /* findings by their word */
};

/* 0, whatever was found; -1 with err: DNS cannot be used at all, or no memory. */
int domlook_run(const struct conf *, const struct domlook_job *, struct domlook_sum *,
    char *err, size_t errlen);

#endif
