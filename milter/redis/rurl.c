/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rurl.c - a Redis URL taken apart.  See the header.
 *
 * A password may stand anywhere in a URL that does not parse (think of one with a bare
 * slash), so no sentence here repeats any piece of the text.
 */
#include "redis/rurl.h"

#include <stdio.h>
#include <string.h>

#include "text/str.h"

#define DEFAULT_PORT 6379
#define SENTINEL_PORT 26379
#define DB_MAX 65535
/* sun_path of Linux is 108 bytes with its NUL; the BSDs have 104. */
#define SOCKET_PATH_MAX 103

static int
fail(char *err, size_t errlen, const char *sentence)
{
	snprintf(err, errlen, "%s", sentence);
	return -1;
}

/* Percent-decode into out.  -1: does not fit, bad escape, or NUL. */
static int
decode(struct str s, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		int c = (unsigned char)s.p[i];

		if (c == '%') {
			if (s.len - i < 3 || ascii_hex(s.p[i + 1]) < 0 ||
			    ascii_hex(s.p[i + 2]) < 0)
				return -1;
			c = ascii_hex(s.p[i + 1]) * 16 + ascii_hex(s.p[i + 2]);
			i += 2;
		}
		if (c == '\0' || n + 1 >= size)
			return -1;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return 0;
}

/* A decimal number of lowest to highest and nothing else. */
static int
number(struct str s, int lowest, int highest, int *out)
{
	int v = 0;

	if (s.len == 0 || s.len > 5)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_isdigit(s.p[i]))
			return -1;
		v = v * 10 + (s.p[i] - '0');
	}
	if (v < lowest || v > highest)
		return -1;
	*out = v;
	return 0;
}

/* USER:PASSWORD or USER, without the @. */
static int
parse_login(struct str s, struct rurl *out, char *err, size_t errlen)
{
	size_t colon = str_find(s, ':');

	out->bare_user = colon == s.len;
	if (decode(str_make(s.p, colon), out->user, sizeof out->user) == -1)
		return fail(err, errlen,
		    "the user is too long or has a bad percent escape (% itself is %25)");
	if (decode(str_skip(s, colon + 1), out->password, sizeof out->password) == -1)
		return fail(err, errlen,
		    "the password is too long or has a bad percent escape (% itself is %25)");
	return 0;
}

static int
parse_db(struct str s, struct rurl *out, char *err, size_t errlen)
{
	if (number(s, 0, DB_MAX, &out->db) == -1)
		return fail(err, errlen,
		    "the database is not a number of 0 to 65535 (in a password, write / as %2F)");
	return 0;
}

static bool
host_ok(struct str s, bool bracketed)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (bracketed ? ascii_hex(c) < 0 && c != ':' && c != '.'
			      : !ascii_isalnum(c) && c != '.' && c != '-' && c != '_')
			return false;
	}
	return true;
}

/* HOST, HOST:PORT, [V6] or [V6]:PORT. */
static int
parse_host(
    struct str s, int default_port, struct rurl_host *out, char *err, size_t errlen)
{
	bool bracketed = str_starts(s, STR("["));
	size_t end = bracketed ? str_find(s, ']') : str_find(s, ':');
	struct str host = str_make(s.p + bracketed, end - bracketed);
	struct str rest = str_skip(s, end + bracketed);

	if ((bracketed && end == s.len) || host.len >= sizeof out->host ||
	    !host_ok(host, bracketed))
		return fail(err, errlen,
		    "no host name or address after redis:// (IPv6 stands in [ ]; in a password, write / as %2F, ? as %3F)");
	memcpy(out->host, host.p, host.len);
	out->host[host.len] = '\0';
	out->port = default_port;
	if (rest.len == 0)
		return 0;
	if (rest.p[0] != ':' || number(str_skip(rest, 1), 1, 65535, &out->port) == -1)
		return fail(err, errlen,
		    "the port is not a number of 1 to 65535 (in a password, write / as %2F, ? as %3F)");
	return 0;
}

/* Hosts with commas between them. */
static int
parse_hosts(struct str s, struct rurl *out, char *err, size_t errlen)
{
	int port = out->mode == RURL_SENTINEL ? SENTINEL_PORT : DEFAULT_PORT;
	size_t comma = str_find(s, ',');
	struct rurl_host host;

	if (comma < s.len && out->mode == RURL_SINGLE)
		return fail(err, errlen,
		    "several hosts: that is redis+sentinel:// or redis+cluster://");
	if (parse_host(str_make(s.p, comma), port, &host, err, errlen) == -1)
		return -1;
	memcpy(out->host, host.host, sizeof out->host);
	out->port = host.port;
	while (comma < s.len) {
		s = str_skip(s, comma + 1);
		comma = str_find(s, ',');
		if (out->n_others == RURL_OTHERS_MAX)
			return fail(err, errlen, "more than 16 hosts");
		if (parse_host(str_make(s.p, comma), port,
			&out->others[out->n_others++], err, errlen) == -1)
			return -1;
	}
	return 0;
}

/* What Sentinel calls the master: its own rule, sentinelGetMasterByName() aside. */
static int
parse_service(struct str s, struct rurl *out, char *err, size_t errlen)
{
	bool ok = s.len > 0 && s.len < sizeof out->service;

	for (size_t i = 0; i < s.len && ok; i++)
		ok = ascii_isalnum(s.p[i]) || s.p[i] == '.' || s.p[i] == '-' ||
		    s.p[i] == '_';
	if (!ok)
		return fail(err, errlen,
		    "no master's name after the sentinels; expected redis+sentinel://HOST,HOST/NAME, of letters, digits, . - _");
	memcpy(out->service, s.p, s.len);
	out->service[s.len] = '\0';
	return 0;
}

/* What follows the hosts and their slash. */
static int
parse_net_path(struct str path, struct rurl *out, char *err, size_t errlen)
{
	size_t slash = str_find(path, '/');

	switch (out->mode) {
	case RURL_SINGLE:
		break;
	case RURL_SENTINEL:
		if (parse_service(str_make(path.p, slash), out, err, errlen) == -1)
			return -1;
		path = str_skip(path, slash + 1);
		break;
	case RURL_CLUSTER:
		if (path.len == 0 || str_eq(path, STR("0")))
			return 0;
		return fail(err, errlen, "a Redis Cluster has database 0 only");
	}
	return path.len == 0 ? 0 : parse_db(path, out, err, errlen);
}

/* ==== options ==== */

/* Where an option makes sense. */
enum scope { ANYWHERE, SOCKETS, SENTINELS, TLS };

#define OPTION(NAME, SCOPE)                                                            \
 {                                                                                     \
#  NAME, offsetof(struct rurl, NAME), sizeof(((struct rurl *)0)->NAME), SCOPE          \
 }

static const struct option {
	const char *name;
	size_t at, size; /* of the text in struct rurl */
	enum scope scope;
} options[] = {
	OPTION(password_file, ANYWHERE),
	OPTION(sentinel_user, SENTINELS),
	OPTION(sentinel_password_file, SENTINELS),
	OPTION(cacert, TLS),
	OPTION(cert, TLS),
	OPTION(key, TLS),
	OPTION(tls_name, TLS),
};

static int
wrong_place(enum scope scope, const struct rurl *u, char *err, size_t errlen)
{
	if (scope == SENTINELS && u->mode != RURL_SENTINEL)
		return fail(err, errlen,
		    "sentinel_user and sentinel_password_file belong to redis+sentinel://");
	if (scope == TLS && u->kind != RURL_TLS)
		return fail(err, errlen,
		    "cacert, cert, key and tls_name belong to rediss://, with two s");
	return 0;
}

static int
parse_option(struct str s, struct rurl *out, char *err, size_t errlen)
{
	size_t equals = str_find(s, '=');
	struct str name = str_make(s.p, equals);
	struct str value = str_skip(s, equals + 1);

	if (str_eq(name, STR("db")) && out->kind == RURL_UNIX)
		return parse_db(value, out, err, errlen);
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		const struct option *o = &options[i];
		char *at = (char *)out + o->at;

		if (!str_eq(name, str_of(o->name)))
			continue;
		if (wrong_place(o->scope, out, err, errlen) == -1)
			return -1;
		if (value.len > 0 && at[0] == '\0' && decode(value, at, o->size) == 0)
			return 0;
		snprintf(err, errlen,
		    "%s is empty, given twice, too long, or has a bad percent escape",
		    o->name);
		return -1;
	}
	return fail(err, errlen,
	    "after ? only db=NUMBER (of a socket), password_file, sentinel_user, sentinel_password_file, cacert, cert, key and tls_name are known");
}

/* All of them, "" for none, and whether they go together. */
static int
parse_options(struct str s, struct rurl *out, char *err, size_t errlen)
{
	while (s.len > 0) {
		size_t amp = str_find(s, '&');

		if (parse_option(str_make(s.p, amp), out, err, errlen) == -1)
			return -1;
		s = str_skip(s, amp + 1);
	}
	if (out->password[0] != '\0' && out->password_file[0] != '\0')
		return fail(
		    err, errlen, "a password and a password_file: which one is meant?");
	if ((out->cert[0] != '\0') != (out->key[0] != '\0'))
		return fail(err, errlen, "of cert and key one needs the other");
	return 0;
}

/* ==== the forms ==== */

static int
parse_net(struct str s, struct rurl *out, char *err, size_t errlen)
{
	size_t query = str_find(s, '?');
	struct str all = str_make(s.p, query);
	size_t slash = str_find(all, '/');
	struct str authority = str_make(s.p, slash);
	size_t at = str_rfind(authority, '@');

	if (at < authority.len) {
		if (parse_login(str_make(s.p, at), out, err, errlen) == -1)
			return -1;
		authority = str_skip(authority, at + 1);
	}
	if (parse_hosts(authority, out, err, errlen) == -1 ||
	    parse_net_path(str_skip(all, slash + 1), out, err, errlen) == -1)
		return -1;
	return parse_options(str_skip(s, query + 1), out, err, errlen);
}

/* PATH or PATH?db=N; escaped: percent escapes are taken. */
static int
parse_path(struct str s, bool escaped, struct rurl *out, char *err, size_t errlen)
{
	size_t query = str_find(s, '?');
	struct str path = str_make(s.p, query);

	out->kind = RURL_UNIX;
	out->port = 0;
	if (!str_starts(path, STR("/")))
		return fail(err, errlen,
		    "the path of the socket must be absolute, as in unix:/run/redis/redis-server.sock");
	if (path.len > SOCKET_PATH_MAX)
		return fail(
		    err, errlen, "the path of the socket is longer than 103 bytes");
	if (!escaped) {
		memcpy(out->host, path.p, path.len);
		out->host[path.len] = '\0';
	} else if (decode(path, out->host, sizeof out->host) == -1) {
		return fail(
		    err, errlen, "the path of the socket has a bad percent escape");
	}
	return parse_options(str_skip(s, query + 1), out, err, errlen);
}

static int
parse_socket_url(struct str s, struct rurl *out, char *err, size_t errlen)
{
	size_t slash = str_find(s, '/');
	size_t at = str_rfind(str_make(s.p, slash), '@');

	if (at < slash) {
		if (parse_login(str_make(s.p, at), out, err, errlen) == -1)
			return -1;
		s = str_skip(s, at + 1);
	}
	return parse_path(s, true, out, err, errlen);
}

static bool
has_blank_or_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

int
rurl_parse(const char *text, struct rurl *out, char *err, size_t errlen)
{
	static const struct {
		const char *scheme;
		enum rurl_kind kind;
		enum rurl_mode mode;
	} nets[] = {
		{ "redis://", RURL_TCP, RURL_SINGLE },
		{ "rediss://", RURL_TLS, RURL_SINGLE },
		{ "redis+sentinel://", RURL_TCP, RURL_SENTINEL },
		{ "rediss+sentinel://", RURL_TLS, RURL_SENTINEL },
		{ "redis+cluster://", RURL_TCP, RURL_CLUSTER },
		{ "rediss+cluster://", RURL_TLS, RURL_CLUSTER },
	};
	struct str s = str_of(text);

	*out = (struct rurl) { .kind = RURL_TCP };
	if (has_blank_or_control(s))
		return fail(
		    err, errlen, "a blank or control character in the Redis URL");
	for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
		struct str scheme = str_of(nets[i].scheme);

		if (!str_casestarts(s, scheme))
			continue;
		out->kind = nets[i].kind;
		out->mode = nets[i].mode;
		return parse_net(str_skip(s, scheme.len), out, err, errlen);
	}
	if (str_casestarts(s, STR("redis+unix://")))
		return parse_socket_url(str_skip(s, 13), out, err, errlen);
	if (str_casestarts(s, STR("unix://")))
		return parse_path(str_skip(s, 7), false, out, err, errlen);
	if (str_casestarts(s, STR("unix:")))
		return parse_path(str_skip(s, 5), false, out, err, errlen);
	return fail(err, errlen,
	    "not a Redis URL; expected redis://HOST:PORT/DB, rediss://, redis+sentinel://HOST,HOST/NAME, redis+cluster://HOST,HOST or unix:PATH");
}

/* ==== what it says ==== */

static size_t
add_host(char *out, size_t size, size_t len, const char *host, int port)
{
	bool v6 = strchr(host, ':') != NULL;
	int n;

	if (len >= size)
		return len;
	n = snprintf(out + len, size - len, "%s%s%s:%d", v6 ? "[" : "", host,
	    v6 ? "]" : "", port);
	return n < 0 ? len : len + (size_t)n;
}

void
rurl_show(const struct rurl *u, char *out, size_t size)
{
	static const char *const modes[] = { "", "+sentinel", "+cluster" };
	size_t len;

	if (u->kind == RURL_UNIX && u->db == 0) {
		snprintf(out, size, "unix:%s", u->host);
		return;
	}
	if (u->kind == RURL_UNIX) {
		snprintf(out, size, "unix:%s?db=%d", u->host, u->db);
		return;
	}
	snprintf(out, size, "%s%s://", u->kind == RURL_TLS ? "rediss" : "redis",
	    modes[u->mode]);
	len = add_host(out, size, strlen(out), u->host, u->port);
	for (size_t i = 0; i < u->n_others && len < size; i++) {
		snprintf(out + len, size - len, ",");
		len =
		    add_host(out, size, len + 1, u->others[i].host, u->others[i].port);
	}
	if (len >= size || u->mode == RURL_CLUSTER)
		return;
	if (u->mode == RURL_SENTINEL)
		snprintf(out + len, size - len, "/%s/%d", u->service, u->db);
	else
		snprintf(out + len, size - len, "/%d", u->db);
}

void
rurl_server(const struct rurl *u, const char *host, int port, struct rurl *server)
{
	char name[sizeof server->host]; /* host may be u's own */

	snprintf(name, sizeof name, "%s", host);
	*server = *u;
	memcpy(server->host, name, sizeof server->host);
	server->port = port;
	server->mode = RURL_SINGLE;
	server->n_others = 0;
}

bool
rurl_at(const struct rurl *u, size_t i, struct rurl *server)
{
	if (i > u->n_others)
		return false;
	if (i == 0)
		rurl_server(u, u->host, u->port, server);
	else
		rurl_server(u, u->others[i - 1].host, u->others[i - 1].port, server);
	if (u->mode == RURL_SENTINEL) {
		server->db = 0;
		memcpy(server->user, u->sentinel_user, sizeof server->user);
		memcpy(server->password, u->sentinel_password, sizeof server->password);
	}
	return true;
}

static bool
same_hosts(const struct rurl *a, const struct rurl *b)
{
	if (strcmp(a->host, b->host) != 0 || a->port != b->port ||
	    a->n_others != b->n_others)
		return false;
	for (size_t i = 0; i < a->n_others; i++)
		if (strcmp(a->others[i].host, b->others[i].host) != 0 ||
		    a->others[i].port != b->others[i].port)
			return false;
	return true;
}

bool
rurl_same(const struct rurl *a, const struct rurl *b)
{
	return a->kind == b->kind && a->mode == b->mode && a->db == b->db &&
	    same_hosts(a, b) && strcmp(a->user, b->user) == 0 &&
	    strcmp(a->password, b->password) == 0 &&
	    strcmp(a->service, b->service) == 0 &&
	    strcmp(a->sentinel_user, b->sentinel_user) == 0 &&
	    strcmp(a->sentinel_password, b->sentinel_password) == 0 &&
	    strcmp(a->cacert, b->cacert) == 0 && strcmp(a->cert, b->cert) == 0 &&
	    strcmp(a->key, b->key) == 0 && strcmp(a->tls_name, b->tls_name) == 0;
}
