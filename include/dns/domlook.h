/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domlook.h - looks up the domains of the settings in DNS, one after the other: keys,
 * SPF and DMARC of signing domains, SPF of the domain of each return_path.
 * dns/dnslook.h judges what is found.
 *
 * Blocks while DNS is asked.  Any thread may call it.
 */
#ifndef METERMARK_DNS_DOMLOOK_H
#define METERMARK_DNS_DOMLOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "dns/dnslook.h"

/* The name of the SPF check of a domain that a return_path names. */
#define DOMLOOK_RETURN_PATH "spf of return_path"

struct domlook_result {
	struct str domain;
	const char *selector; /* NULL for SPF and DMARC */
	const char *file;     /* of the key */
	const char *check;    /* "dkim r2026", "spf", DOMLOOK_..., "dmarc" */
	const struct dnslook_finding *f;
	const struct dnslook_key *key; /* NULL without a selector */
};

struct domlook_job {
	const char *resolver; /* "": resolv.conf(5) */
	size_t skip, max;     /* skip that many domains, then check at most max */
	uint32_t pause_ms;    /* pause after each domain */
	bool keys_only;
	/*
	 * Only these domains are checked, "sub.example.com" as well as the domain that
	 * signs for it.  n_only 0: all are.
	 */
	char *const *only;
	size_t n_only;

	/*
	 * Gets our private key, an EVP_PKEY, or NULL with a sentence in err.  done()
	 * releases it; done may be NULL.
	 */
	void *(*own)(void *arg, const char *file, char *err, size_t errlen);
	void (*done)(void *arg, void *own);
	void (*found)(void *arg, const struct domlook_result *);
	/* Called before each domain; true ends the run.  May be NULL. */
	bool (*stop)(void *arg);
	void *arg;
};

struct domlook_sum {
	size_t domains; /* in the settings, without patterns that contain * */
	size_t looked;  /* domains checked */
	size_t n[DNSLOOK_FAIL + 1]; /* findings, counted by their word */
};

/*
 * Returns 0 whatever was found, or -1 with err if DNS cannot be used at all, or memory
 * is short.
 */
int domlook_run(const struct conf *, const struct domlook_job *, struct domlook_sum *,
    char *err, size_t errlen);

#endif
