/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs.c - from root to the run user, without a way back.
 */
#include "daemon/privs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "redis/rurl.h"

#define RELOAD_FAILS "the systemd unit will not start and a reload will fail"

static void
become(struct privs *out, const struct account *account)
{
	snprintf(out->user, sizeof(out->user), "%s", account->name);
	out->uid = account->uid;
	out->gid = account->gid;
}

static int
resolve_as_root(const struct conf *c, struct privs *out, char *err, size_t errlen)
{
	struct account account;
	char at[512];
	int r;

	conf_place(c, c->lines.user, at, sizeof(at));
	if (strlen(c->user) >= sizeof(out->user)) {
		snprintf(err, errlen, "%suser: name too long", at);
		return -1;
	}
	r = account_find(c->user, &account);
	if (r < 0) {
		snprintf(err, errlen, "%suser: cannot look up \"%s\": %s", at, c->user,
		    strerror(errno));
		return -1;
	}
	if (r > 0) {
		snprintf(err, errlen,
		    "%suser: found \"%s\", expected an account of this host; run systemd-sysusers, or: useradd --system --no-create-home --shell /usr/sbin/nologin %s",
		    at, c->user, c->user);
		return -1;
	}
	become(out, &account);
	if (out->uid == 0 && strcmp(c->user, "root") != 0) {
		snprintf(err, errlen,
		    "%suser: \"%s\" is root by another name; name an unprivileged user, or say user = \"root\"",
		    at, c->user);
		return -1;
	}
	out->drop = out->uid != 0;
	return 0;
}

static int
resolve_as_self(const struct conf *c, struct privs *out, char *note, size_t notelen)
{
	struct account account;

	out->uid = geteuid();
	out->gid = getegid();
	/* A uid without an entry is usual in containers. */
	if (account_of_uid(out->uid, &account) == 0)
		snprintf(out->user, sizeof(out->user), "%s", account.name);
	else
		snprintf(out->user, sizeof(out->user), "%lu", (unsigned long)out->uid);
	if (strcmp(out->user, c->user) != 0)
		snprintf(note, notelen,
		    "running as %s; user = \"%s\" is for a start as root", out->user,
		    c->user);
	return 0;
}

static int
resolve_group(const struct conf *c, struct privs *out, char *err, size_t errlen)
{
	char at[512];
	int r;

	out->socket_gid = (gid_t)-1;
	if (c->group[0] == '\0')
		return 0;
	r = account_group(c->group, &out->socket_gid);
	if (r == 0)
		return 0;
	conf_place(c, c->lines.group, at, sizeof(at));
	if (r < 0)
		snprintf(err, errlen, "%sgroup: cannot look up \"%s\": %s", at,
		    c->group, strerror(errno));
	else
		snprintf(err, errlen,
		    "%sgroup: found \"%s\", expected a group of this host: that of the MTA that connects to the socket (Postfix: postfix)",
		    at, c->group);
	return -1;
}

int
privs_resolve(const struct conf *c, struct privs *out, char *note, size_t notelen,
    char *err, size_t errlen)
{
	int r;

	*out = (struct privs) { 0 };
	if (notelen > 0)
		note[0] = '\0';
	if (geteuid() == 0)
		r = resolve_as_root(c, out, err, errlen);
	else
		r = resolve_as_self(c, out, note, notelen);
	return r != 0 ? -1 : resolve_group(c, out, err, errlen);
}

static int
fail(const char *what, const struct privs *p, char *err, size_t errlen)
{
	snprintf(err, errlen, "cannot become user \"%s\": %s: %s", p->user, what,
	    strerror(errno));
	return -1;
}

int
privs_assume(const struct privs *p, char *err, size_t errlen)
{
	if (!p->drop)
		return 0;
	if (initgroups(p->user, p->gid) != 0)
		return fail("initgroups", p, err, errlen);
	if (setegid(p->gid) != 0)
		return fail("setegid", p, err, errlen);
	if (seteuid(p->uid) != 0)
		return fail("seteuid", p, err, errlen);
	return 0;
}

int
privs_resume(const struct privs *p, char *err, size_t errlen)
{
	if (!p->drop)
		return 0;
	/* root's own supplementary groups are not needed again: privs_drop() sets the
	 * user's. */
	if (seteuid(0) == 0 && setegid(0) == 0 && setgroups(0, NULL) == 0)
		return 0;
	snprintf(err, errlen, "cannot be root again: %s", strerror(errno));
	return -1;
}

int
privs_drop(const struct privs *p, char *err, size_t errlen)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (!p->drop)
		return 0;
	if (initgroups(p->user, p->gid) != 0)
		return fail("initgroups", p, err, errlen);
	if (setresgid(p->gid, p->gid, p->gid) != 0)
		return fail("setresgid", p, err, errlen);
	if (setresuid(p->uid, p->uid, p->uid) != 0)
		return fail("setresuid", p, err, errlen);
	if (getresuid(&r, &e, &s) != 0 || r != p->uid || e != p->uid || s != p->uid ||
	    getresgid(&rg, &eg, &sg) != 0 || rg != p->gid || eg != p->gid ||
	    sg != p->gid || seteuid(0) == 0 || setuid(0) == 0) {
		snprintf(err, errlen,
		    "root could be had back after becoming \"%s\"; not going on",
		    p->user);
		return -1;
	}
	return 0;
}

static void
check_one(const char *file, const char *user, const char *what,
    void (*warn)(void *, const char *), void *arg)
{
	char text[1024];

	if (file == NULL || file[0] == '\0' ||
	    faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == 0)
		return;
	snprintf(text, sizeof(text),
	    "%s: %s for user %s, so %s; run: chgrp %s %s && chmod 640 %s, and let that group enter its directory",
	    file, strerror(errno), user, what, user, file, file);
	warn(arg, text);
}

/* What a reload reads again, but the keys. */
static void
check_settings(const struct conf *c, const char *user,
    void (*warn)(void *, const char *), void *arg)
{
	struct rurl url = { .password_file = "" };
	const char *const files[] = { c->file, c->domain_table, c->redis_password_file,
		url.password_file, url.sentinel_password_file, url.cacert, url.cert,
		url.key };
	char why[1];

	if (c->redis != NULL)
		rurl_parse(c->redis, &url, why, sizeof(why));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		check_one(files[i], user, RELOAD_FAILS, warn, arg);
	explicit_bzero(&url, sizeof(url));
}

void
privs_check_settings(
    const struct conf *c, void (*warn)(void *, const char *), void *arg)
{
	struct privs self;
	char note[128];

	resolve_as_self(c, &self, note, sizeof(note));
	check_settings(c, self.user, warn, arg);
	check_one(c->recipient_key_file, self.user, "the systemd unit will not start",
	    warn, arg);
}

void
privs_check_readable(
    const struct conf *c, void (*warn)(void *, const char *), void *arg)
{
	struct privs self;
	char note[128];

	resolve_as_self(c, &self, note, sizeof(note));
	check_settings(c, self.user, warn, arg);
	for (size_t i = 0; i < c->n_domains; i++)
		for (size_t k = 0; k < c->domains[i].n_keys; k++)
			check_one(c->domains[i].keys[k].file, self.user, RELOAD_FAILS,
			    warn, arg);
	for (size_t i = 0; i < c->n_token_keys; i++)
		check_one(c->token_keys[i].file, self.user, RELOAD_FAILS, warn, arg);
}
