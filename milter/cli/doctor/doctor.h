/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor.h - the findings that the parts of `metermark doctor` collect.
 *
 * doctor.c has the options and the output, findings.c the list. doctor_host.c looks at
 * the settings, keys and state directory, doctor_daemon.c at the daemon and its socket,
 * doctor_redis.c at Redis, doctor_dns.c at DNS. A finding is a sentence. If it is not
 * good, it has a fix, which says what to do.
 */
#ifndef METERMARK_CLI_DOCTOR_DOCTOR_H
#define METERMARK_CLI_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"

#define DOCTOR_TEXT_MAX 512
#define DOCTOR_FINDINGS_MAX 256

enum doctor_level { DOCTOR_PASS, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_finding {
	enum doctor_level level;
	const char *check; /* "redis rights": the same for all that a check says */
	char text[DOCTOR_TEXT_MAX];
	char fix[DOCTOR_TEXT_MAX]; /* "": none is needed */
};

struct doctor {
	const char *file; /* the settings */
	struct conf conf;
	bool conf_read;
	/*
	 * Has room for DOCTOR_FINDINGS_MAX findings. Further ones overwrite the last
	 * one, but count for the worst level.
	 */
	struct doctor_finding *v;
	size_t n;
	enum doctor_level worst;
};

/* Adds a finding. check is borrowed; fix is NULL if nothing is to be done. */
void doctor_add(struct doctor *, enum doctor_level, const char *check, const char *fix,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Sets the fix of the last finding. */
void doctor_fix(struct doctor *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The settings: sets conf and conf_read. */
void doctor_settings(struct doctor *);
/* The rest, with settings that could be read. */
void doctor_keys(struct doctor *);
void doctor_state(struct doctor *);
void doctor_daemon(struct doctor *);
void doctor_socket(struct doctor *);
void doctor_redis(struct doctor *);
void doctor_dns(struct doctor *);

#endif
