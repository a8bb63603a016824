/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target.h - which Redis, and which prefix in it, a subcommand works on.
 *
 * For the URL the first of these that is given: --redis, then -c FILE, then
 * METERMARK_REDIS in the environment, then the default configuration file if there is
 * one, then redis://127.0.0.1:6379/0.  The prefix is --key-prefix, else that of the
 * configuration if one was read, else "metermark".  A default file that is there but
 * cannot be read is an error, since to go on without it would show another Redis's
 * counters.  Passwords are never shown.
 */
#ifndef METERMARK_CLI_TARGET_H
#define METERMARK_CLI_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "numbers/query.h"
#include "redis/rurl.h"

#define TARGET_TEXT_MAX 384
#define TARGET_PREFIX_MAX 65

/* As given on the command line; NULL for what was not. */
struct target_options {
	const char *config; /* -c */
	char *redis;        /* --redis; a password in it is overwritten once read */
	const char *prefix; /* --key-prefix */
};

/* Their rows in a table of options, for a struct with this member. */
#define TARGET_OPTIONS(type, member)                                                   \
 { "redis", 'r', "URL", "redis://[USER:PASSWORD@]HOST[:PORT][/DB], unix:PATH, ...",    \
	 .at = offsetof(type, member.redis) },                                         \
     { "key-prefix", 'k', "TEXT", "what the keys in Redis begin with (metermark)",     \
	     .at = offsetof(type, member.prefix) },                                    \
 {                                                                                     \
  "config", 'c', "FILE", "take Redis and prefix from FILE",                            \
      .at = offsetof(type, member.config)                                              \
 }

struct target {
	struct rurl url;
	char prefix[TARGET_PREFIX_MAX];
	char shown[TARGET_TEXT_MAX];  /* the URL without secrets */
	char source[TARGET_TEXT_MAX]; /* who said so: "--redis", a file, ... */
	int wrong;                    /* the status when what he said is wrong */
};

/* EX_OK, or an exit status after saying what is wrong. */
int target_find(const struct target_options *, struct target *);

/* Connect; EX_OK, or an exit status after saying what is wrong and what to do about it.
 * The target must stay as long as the query. */
int target_open(const struct target *, struct query *);

/* The exit status for a failed command, after saying so. */
int target_failed(const struct target *, const struct redis_error *);
/* EX_OSERR, after saying so. */
int target_no_memory(void);

#endif
