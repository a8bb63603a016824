/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rurl.c - a Redis URL taken apart.  See the header.
 *
 * A password may stand anywhere in a URL that does not parse (think of one with a bare
 * slash), so no sentence here repeats any piece of the text.
 */
#include "core/rurl.h"

#include <stdio.h>
#include <string.h>

#include "core/str.h"

#define DEFAULT_PORT 6379
#define DB_MAX 65535
/* sun_path of Linux is 108 bytes with its NUL; the BSDs have 104. */
#define SOCKET_PATH_MAX 103

static int
fail(char *err, size_t errlen, const char *sentence)
{
	snprintf(err, errlen, "%s", sentence);
	return -1;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decode into out.  -1: does not fit, bad escape, or NUL. */
static int
decode(struct str s, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		int c = (unsigned char)s.p[i];

		if (c == '%') {
			if (s.len - i < 3 || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
				return -1;
			c = hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]);
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

/* USER:PASSWORD, without the @. */
static int
parse_login(struct str s, struct rurl *out, char *err, size_t errlen)
{
	size_t colon = str_find(s, ':');

	if (colon == s.len)
		return fail(err, errlen,
		    "a name without a password; write USER:PASSWORD@, or :PASSWORD@ "
		    "for a password alone");
	if (decode(str_make(s.p, colon), out->user, sizeof out->user) == -1)
		return fail(err, errlen,
		    "the user is too long or has a bad percent escape (% itself is "
		    "%25)");
	if (decode(str_skip(s, colon + 1), out->password, sizeof out->password) == -1)
		return fail(err, errlen,
		    "the password is too long or has a bad percent escape (% itself is "
		    "%25)");
	return 0;
}

static int
parse_db(struct str s, struct rurl *out, char *err, size_t errlen)
{
	if (number(s, 0, DB_MAX, &out->db) == -1)
		return fail(err, errlen,
		    "the database is not a number of 0 to 65535 (in a password, write "
		    "/ as %2F)");
	return 0;
}

static bool
host_ok(struct str s, bool bracketed)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (bracketed ? hex(c) < 0 && c != ':' && c != '.'
			      : !ascii_isalnum(c) && c != '.' && c != '-' && c != '_')
			return false;
	}
	return true;
}

/* HOST, HOST:PORT, [V6] or [V6]:PORT. */
static int
parse_host(struct str s, struct rurl *out, char *err, size_t errlen)
{
	bool bracketed = str_starts(s, STR("["));
	size_t end = bracketed ? str_find(s, ']') : str_find(s, ':');
	struct str host = str_make(s.p + bracketed, end - bracketed);
	struct str rest = str_skip(s, end + bracketed);

	if ((bracketed && end == s.len) || host.len >= sizeof out->host ||
	    !host_ok(host, bracketed))
		return fail(err, errlen,
		    "no host name or address after redis:// (IPv6 stands in [ ]; in a "
		    "password, write / as %2F)");
	memcpy(out->host, host.p, host.len);
	out->host[host.len] = '\0';
	out->port = DEFAULT_PORT;
	if (rest.len == 0)
		return 0;
	if (rest.p[0] != ':' || number(str_skip(rest, 1), 1, 65535, &out->port) == -1)
		return fail(err, errlen,
		    "the port is not a number of 1 to 65535 (in a password, write / as "
		    "%2F)");
	return 0;
}

static int
parse_net(struct str s, struct rurl *out, char *err, size_t errlen)
{
	size_t slash = str_find(s, '/');
	struct str authority = str_make(s.p, slash);
	struct str path = str_skip(s, slash + 1);
	size_t at = str_rfind(authority, '@');

	if (at < authority.len) {
		if (parse_login(str_make(s.p, at), out, err, errlen) == -1)
			return -1;
		authority = str_skip(authority, at + 1);
	}
	if (parse_host(authority, out, err, errlen) == -1)
		return -1;
	return path.len == 0 ? 0 : parse_db(path, out, err, errlen);
}

/* PATH or PATH?db=N; escaped: percent escapes are taken. */
static int
parse_path(struct str s, bool escaped, struct rurl *out, char *err, size_t errlen)
{
	size_t query = str_find(s, '?');
	struct str path = str_make(s.p, query);

	if (query < s.len) {
		s = str_skip(s, query);
		if (!str_starts(s, STR("?db=")))
			return fail(err, errlen, "after ? only db=NUMBER is known");
		if (parse_db(str_skip(s, 4), out, err, errlen) == -1)
			return -1;
	}
	if (!str_starts(path, STR("/")))
		return fail(err, errlen,
		    "the path of the socket must be absolute, as in "
		    "unix:/run/redis/redis-server.sock");
	if (path.len > SOCKET_PATH_MAX)
		return fail(
		    err, errlen, "the path of the socket is longer than 103 bytes");
	if (!escaped) {
		memcpy(out->host, path.p, path.len);
		out->host[path.len] = '\0';
		return 0;
	}
	if (decode(path, out->host, sizeof out->host) == -1)
		return fail(
		    err, errlen, "the path of the socket has a bad percent escape");
	return 0;
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
	struct str s = str_of(text);

	*out = (struct rurl) { .kind = RURL_TCP };
	if (has_blank_or_control(s))
		return fail(
		    err, errlen, "a blank or control character in the Redis URL");
	if (str_casestarts(s, STR("redis://")))
		return parse_net(str_skip(s, 8), out, err, errlen);
	if (str_casestarts(s, STR("rediss://"))) {
		out->kind = RURL_TLS;
		return parse_net(str_skip(s, 9), out, err, errlen);
	}
	out->kind = RURL_UNIX;
	if (str_casestarts(s, STR("redis+unix://")))
		return parse_socket_url(str_skip(s, 13), out, err, errlen);
	if (str_casestarts(s, STR("unix://")))
		return parse_path(str_skip(s, 7), false, out, err, errlen);
	if (str_casestarts(s, STR("unix:")))
		return parse_path(str_skip(s, 5), false, out, err, errlen);
	return fail(err, errlen,
	    "not a Redis URL; expected redis://HOST:PORT/DB, rediss:// or unix:PATH");
}

void
rurl_show(const struct rurl *u, char *out, size_t size)
{
	bool v6 = strchr(u->host, ':') != NULL;

	if (u->kind == RURL_UNIX && u->db == 0)
		snprintf(out, size, "unix:%s", u->host);
	else if (u->kind == RURL_UNIX)
		snprintf(out, size, "unix:%s?db=%d", u->host, u->db);
	else
		snprintf(out, size, "%s://%s%s%s:%d/%d",
		    u->kind == RURL_TLS ? "rediss" : "redis", v6 ? "[" : "", u->host,
		    v6 ? "]" : "", u->port, u->db);
}
