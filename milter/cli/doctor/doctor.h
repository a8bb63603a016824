/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor.h - what the parts of `metermark doctor` share: a list of findings.
 *
 * doctor.c has options and output, findings.c the list, doctor_host.c looks at
 * settings, state directory, daemon and socket, doctor_redis.c at Redis.  A finding is
 * a sentence; one that is not good has a fix, which says what to do.
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
	/* DOCTOR_FINDINGS_MAX of them; more are not kept, but for the worst level. */
	struct doctor_finding *v;
	size_t n;
	enum doctor_level worst;
};

/* check must last; fix NULL: none.  The text is a format. */
void doctor_add(struct doctor *, enum doctor_level, const char *check, const char *fix,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The last finding gets this fix, a format. */
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
