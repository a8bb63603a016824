/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target.c - which Redis, and which prefix in it.  See the header.
 */
#include "cli/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/term.h"
#include "config/conf.h"
#include "config/conffile.h"
#include "redis/redis_link.h"
#include "redis/redis_place.h"
#include "text/str.h"

#define DEFAULT_URL "redis://127.0.0.1:6379/0"
#define DEFAULT_PREFIX "metermark"
#define TIMEOUT_MS 5000
#define ERR_MAX 512

static int
set_place(
    struct target *t, const struct redis_place *place, const char *source, int status)
{
	char err[ERR_MAX];

	snprintf(t->source, sizeof(t->source), "%s", source);
	t->wrong = status;
	if (redis_place_find(place, &t->url, err, sizeof(err)) != 0) {
		term_say("%s: %s", source, err);
		return status;
	}
	if (t->url.kind == RURL_TLS && !redis_link_has_tls()) {
		term_say(
		    "%s: this build has no TLS to Redis (hiredis 1.x with libhiredis_ssl); use redis:// through stunnel",
		    source);
		return status;
	}
	rurl_show(&t->url, t->shown, sizeof(t->shown));
	return EX_OK;
}

static int
set_url(struct target *t, const char *text, const char *source, int status)
{
	const struct redis_place place = { .url = text };

	return set_place(t, &place, source, status);
}

static int
set_prefix(struct target *t, const char *text)
{
	char err[ERR_MAX];

	if (conf_check_key_prefix(text, err, sizeof(err)) != 0) {
		term_say("--key-prefix: %s", err);
		return EX_USAGE;
	}
	snprintf(t->prefix, sizeof(t->prefix), "%s", text);
	return EX_OK;
}

/* URL and prefix as the daemon has them. */
static int
read_config(struct target *t, const char *file)
{
	char err[ERR_MAX];
	struct redis_place place;
	struct conf conf;
	int status;

	/* Asked first: a reader that may not read it shall learn the way out. */
	if (access(file, R_OK) != 0) {
		term_say("cannot read %s: %m%s", file,
		    errno == EACCES ? "; become root, or say --redis URL" : "");
		return EX_CONFIG;
	}
	if (conffile_read(file, &conf, err, sizeof(err)) != 0) {
		term_say("%s", err);
		return EX_CONFIG;
	}
	place = (struct redis_place) { .url = conf.redis,
		.user = conf.redis_user,
		.password_file = conf.redis_password_file,
		.run_as = conf.user };
	status = set_place(t, &place, file, EX_CONFIG);
	snprintf(t->prefix, sizeof(t->prefix), "%s", conf.key_prefix);
	conf_fini(&conf);
	return status;
}

static int
find_url(const struct target_options *o, struct target *t)
{
	const char *env = getenv("METERMARK_REDIS");
	int status = EX_OK;

	if (o->config != NULL)
		status = read_config(t, o->config);
	if (status != EX_OK)
		return status;
	if (o->redis != NULL)
		return set_url(t, o->redis, "--redis", EX_USAGE);
	if (o->config != NULL)
		return EX_OK;
	if (env != NULL && env[0] != '\0')
		return set_url(t, env, "METERMARK_REDIS", EX_USAGE);
	/* ENOENT only: any other trouble is for read_config() to report. */
	if (access(CONFFILE_DEFAULT, F_OK) == 0 || errno != ENOENT)
		return read_config(t, CONFFILE_DEFAULT);
	return set_url(t, DEFAULT_URL, "the built-in default", EX_USAGE);
}

/*
 * Who lists the processes shall not see a password: what is in the argument is taken.
 * For the moment before, and for the shell's history, there are files.
 */
static void
hide_password(char *url)
{
	char *at = url != NULL ? strrchr(url, '@') : NULL;
	char *user = url != NULL ? strstr(url, "://") : NULL;
	char *colon;

	if (at == NULL || user == NULL || user > at)
		return;
	colon = strchr(user + 3, ':');
	for (char *p = colon; p != NULL && p + 1 < at; p++)
		p[1] = 'x';
}

int
target_find(const struct target_options *o, struct target *t)
{
	int status;

	*t = (struct target) { .prefix = DEFAULT_PREFIX };
	status = find_url(o, t);
	if (status == EX_OK && o->prefix != NULL)
		status = set_prefix(t, o->prefix);
	hide_password(o->redis);
	return status;
}

/* An error reply about who we are or what we may do. */
static bool
refused(const char *err)
{
	return strstr(err, "AUTH") != NULL || strstr(err, "WRONGPASS") != NULL ||
	    strstr(err, "NOPERM") != NULL || strstr(err, "invalid password") != NULL;
}

/* err names the URL already. */
static int
complain(const struct target *t, enum redis_cure cure, const char *err)
{
	switch (cure) {
	case REDIS_CURE_RECONNECT:
		term_say(
		    "cannot reach %s; is Redis running there? (the address is from %s; --redis URL or -c FILE names another)",
		    err, t->source);
		return EX_UNAVAILABLE;
	case REDIS_CURE_HOLD:
	case REDIS_CURE_RETRY:
		term_say("%s; try again later", err);
		return EX_TEMPFAIL;
	case REDIS_CURE_OPERATOR:
		if (strstr(err, "DB index is out of range") != NULL) {
			term_say("%s (the URL is from %s)", err, t->source);
			return t->wrong;
		}
		if (!refused(err))
			break;
		term_say(
		    "%s (the URL is from %s; it can say who asks: redis://USER:PASSWORD@HOST)",
		    err, t->source);
		return EX_NOPERM;
	case REDIS_CURE_MEMORY:
		return target_no_memory();
	case REDIS_CURE_NONE:
	case REDIS_CURE_SCRIPT:
	case REDIS_CURE_MASTER:
		break;
	}
	term_say("%s", err);
	return EX_PROTOCOL;
}

int
target_no_memory(void)
{
	term_say("out of memory");
	return EX_OSERR;
}

int
target_failed(const struct target *t, const struct redis_error *err)
{
	char text[TARGET_TEXT_MAX + REDIS_ERROR_MAX + 2];

	snprintf(text, sizeof(text), "%s: %s", t->shown, err->text);
	return complain(t, err->cure, text);
}

/* Counters that may vanish are no counters to rely on: whoever reads them is told. */
static void
warn_of_eviction(void *arg, const struct rurl *server, const struct redis_probe *probe)
{
	char shown[TARGET_TEXT_MAX];

	(void)arg;
	if (!redis_probe_drops(probe))
		return;
	rurl_show(server, shown, sizeof(shown));
	term_say(
	    "warning: %s drops counters when its memory is full: its maxmemory-policy is %s, not noeviction",
	    shown, probe->eviction);
}

int
target_open(const struct target *t, struct query *q)
{
	static const struct redis_net_options options = { .timeout_ms = TIMEOUT_MS,
		.connected = warn_of_eviction };

	if (query_open(q, &t->url, t->prefix, &options) == 0)
		return EX_OK;
	return complain(t, q->err.cure, q->err.text);
}
