/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_probe.c - ROLE and INFO, read.  See the header.
 */
#include "redis/redis_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

/* The value of "name:value" in an INFO text; false when there is none. */
static bool
info_get(const char *text, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	for (const char *line = text; line != NULL && *line != '\0';) {
		size_t end = strcspn(line, "\r\n");

		if (end > len && memcmp(line, name, len) == 0 && line[len] == ':') {
			snprintf(
			    out, size, "%.*s", (int)(end - len - 1), line + len + 1);
			return true;
		}
		line += end;
		line += strspn(line, "\r\n");
	}
	out[0] = '\0';
	return false;
}

/* A refused question is an answer; a broken link is none. */
static bool
broken(enum redis_cure cure)
{
	return cure == REDIS_CURE_RECONNECT || cure == REDIS_CURE_MEMORY ||
	    cure == REDIS_CURE_RETRY;
}

static int
ask_role(struct redis_link *l, struct redis_probe *p, struct redis_error *err)
{
	redisReply *r = redis_link_command(l, RARGS("ROLE"), err);

	p->master = true;
	if (r == NULL)
		return broken(err->cure) ? -1 : 0;
	if (r->type == REDIS_REPLY_ARRAY && r->elements > 0 &&
	    r->element[0]->type == REDIS_REPLY_STRING) {
		p->role_known = true;
		p->master = strcmp(r->element[0]->str, "master") == 0;
	}
	redis_link_free_reply(r);
	return 0;
}

static void
read_server(struct redis_probe *p, const char *text)
{
	char name[16], version[32];

	if (!info_get(text, "valkey_version", version, sizeof version)) {
		snprintf(name, sizeof name, "redis");
		info_get(text, "redis_version", version, sizeof version);
	} else {
		snprintf(name, sizeof name, "valkey");
	}
	if (version[0] != '\0')
		snprintf(p->server, sizeof p->server, "%s/%s", name, version);
}

static void
read_memory(struct redis_probe *p, const char *text)
{
	char number[32];

	if (info_get(text, "maxmemory", number, sizeof number))
		p->maxmemory = strtoull(number, NULL, 10);
	info_get(text, "maxmemory_policy", p->eviction, sizeof p->eviction);
}

static int
ask_info(struct redis_link *l, const char *section, struct redis_probe *p,
    void (*read)(struct redis_probe *, const char *), struct redis_error *err)
{
	redisReply *r = redis_link_command(l, RARGS("INFO", section), err);

	if (r == NULL)
		return broken(err->cure) ? -1 : 0;
	if (r->type == REDIS_REPLY_STRING) {
		p->info_known = true;
		read(p, r->str);
	}
	redis_link_free_reply(r);
	return 0;
}

int
redis_probe(struct redis_link *l, struct redis_probe *p, struct redis_error *err)
{
	*p = (struct redis_probe) { 0 };
	if (ask_role(l, p, err) == -1 ||
	    ask_info(l, "server", p, read_server, err) == -1 ||
	    ask_info(l, "memory", p, read_memory, err) == -1)
		return -1;
	err->cure = REDIS_CURE_NONE;
	return 0;
}

bool
redis_probe_drops(const struct redis_probe *p)
{
	return p->maxmemory > 0 && p->eviction[0] != '\0' &&
	    strcmp(p->eviction, "noeviction") != 0;
}
