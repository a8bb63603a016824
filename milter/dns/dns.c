/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns.c - asks DNS by c-ares.  See the header.
 *
 * Every question is an entry in a hash table by type and name, allocated in the arena
 * and kept until dns_free(), so that a repeated question finds the earlier answer.
 * dns_want() only sends.  dns_ask() runs the sockets of all open questions until its
 * own is answered or its time is over; answers to the other questions that arrive
 * meanwhile are stored by on_answer() and cost no waiting later.
 */
/*
 * Debian 12 has c-ares 1.18, which lacks the successors of the calls that 1.28
 * deprecates.
 */
#define CARES_NO_DEPRECATED
#include "dns/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/dnsparse.h"
#include "system/clock.h"
#include "text/arena.h"

#define TRY_MS 1500
#define QUESTION_MS 5000
#define ALL_MS 30000
#define TRIES 3
#define BUCKETS 256
#define ARENA_MAX ((size_t)32 * 1024 * 1024)
#define EDNS_BYTES 1232 /* an answer of this size needs no fragments on any path */
#define POLL_MS_MAX 250

struct question {
	struct question *next; /* in its bucket */
	struct dns *dns;
	enum dns_type type;
	struct str name;
	int64_t until_ms;
	bool done;
	struct dns_answer answer;
};

struct dns {
	ares_channel channel;
	struct arena *arena;
	struct question *bucket[BUCKETS];
	size_t asked;
	uint32_t question_ms;
	int64_t until_ms;
	bool alive;
	bool closing; /* dns_free() runs: ignore further answers */
};

static pthread_once_t library = PTHREAD_ONCE_INIT;
static int library_status;

static void
start_library(void)
{
	library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

static int64_t
now_ms(void)
{
	return clock_mono_us() / 1000;
}

/* ==== Begin and end ==== */

static int
fail_ares(char *err, size_t errlen, const char *what, int status)
{
	snprintf(err, errlen, "DNS: %s: %s", what, ares_strerror(status));
	return -1;
}

static int
open_channel(struct dns *d, const struct dns_settings *s, char *err, size_t errlen)
{
	struct ares_options o = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_EDNS,
		.timeout = (int)(s->try_ms != 0 ? s->try_ms : TRY_MS),
		.tries = TRIES,
		.ednspsz = EDNS_BYTES,
	};
	bool named = s->resolver != NULL && s->resolver[0] != '\0';
	int status = library_status;

	if (status == ARES_SUCCESS)
		status = ares_init_options(&d->channel, &o,
		    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			ARES_OPT_EDNSPSZ);
	if (status != ARES_SUCCESS) {
		d->channel = NULL;
		return fail_ares(err, errlen, "cannot begin", status);
	}
	if (named)
		status = ares_set_servers_ports_csv(d->channel, s->resolver);
	return status == ARES_SUCCESS ? 0 : fail_ares(err, errlen, s->resolver, status);
}

struct dns *
dns_new(const struct dns_settings *s, char *err, size_t errlen)
{
	struct dns *d = calloc(1, sizeof(*d));

	if (d == NULL || (d->arena = arena_new(ARENA_MAX)) == NULL) {
		snprintf(err, errlen, "out of memory");
		free(d);
		return NULL;
	}
	pthread_once(&library, start_library);
	if (open_channel(d, s, err, errlen) != 0) {
		dns_free(d);
		return NULL;
	}
	d->question_ms = s->question_ms != 0 ? s->question_ms : QUESTION_MS;
	d->until_ms = now_ms() + (s->all_ms != 0 ? s->all_ms : ALL_MS);
	return d;
}

void
dns_free(struct dns *d)
{
	if (d == NULL)
		return;
	/* ares_destroy() calls on_answer() for each question that is still open. */
	d->closing = true;
	if (d->channel != NULL)
		ares_destroy(d->channel);
	arena_free(d->arena);
	free(d);
}

/* ==== Questions ==== */

static size_t
bucket_of(enum dns_type type, struct str name)
{
	uint32_t h = 2166136261u ^ (uint32_t)type;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)ascii_lower(name.p[i])) * 16777619u;
	return (h ^ h >> 16) % BUCKETS;
}

static enum dns_status
status_of(int ares)
{
	switch (ares) {
	case ARES_ENOTFOUND:
		return DNS_NO_NAME;
	case ARES_ENODATA:
		return DNS_NO_DATA;
	case ARES_ETIMEOUT:
		return DNS_TIMEOUT;
	case ARES_EBADNAME:
		return DNS_BAD_NAME;
	case ARES_EFORMERR:
	case ARES_EBADRESP:
		return DNS_BROKEN;
	default:
		return DNS_FAILED;
	}
}

/* An ares_callback: c-ares calls it once for each question. */
static void
on_answer(void *arg, int ares, int timeouts, unsigned char *wire, int n)
{
	struct question *q = arg;

	(void)timeouts;
	if (q->dns->closing)
		return;
	/* A server that refuses has answered, so it is reachable. */
	q->dns->alive |= ares != ARES_ETIMEOUT && ares != ARES_ECONNREFUSED &&
	    ares != ARES_ECANCELLED && ares != ARES_EBADNAME && ares != ARES_ENOMEM;
	if (q->done)
		return;
	q->done = true;
	q->answer.status = status_of(ares);
	if (wire != NULL && n > 0 &&
	    (ares == ARES_SUCCESS || ares == ARES_ENODATA || ares == ARES_ENOTFOUND))
		dnsparse(q->dns->arena, q->type, wire, (size_t)n, &q->answer);
	else if (ares == ARES_SUCCESS)
		q->answer.status = DNS_BROKEN;
}

static struct question *
find_question(const struct dns *d, enum dns_type type, struct str name)
{
	struct question *q = d->bucket[bucket_of(type, name)];

	while (q != NULL && (q->type != type || !str_caseeq(q->name, name)))
		q = q->next;
	return q;
}

static void
send_question(struct dns *d, struct question *q)
{
	int64_t now = now_ms();

	q->until_ms = now + d->question_ms;
	if (q->until_ms > d->until_ms)
		q->until_ms = d->until_ms;
	if (!dns_name_ok(q->name)) {
		q->answer.status = DNS_BAD_NAME;
		q->done = true;
	} else if (now >= d->until_ms) {
		q->answer.status = DNS_TIMEOUT;
		q->done = true;
	} else {
		d->asked++;
		ares_query(d->channel, q->name.p, ns_c_in, (int)q->type, on_answer, q);
	}
}

/*
 * Finds the question, or adds and sends it.  NULL if there are too many questions, or
 * no memory.
 */
static struct question *
want_question(struct dns *d, enum dns_type type, struct str name)
{
	struct question *q = find_question(d, type, name), **bucket;

	if (q != NULL)
		return q;
	if (d->asked >= DNS_QUESTIONS_MAX)
		return NULL;
	q = arena_alloc(d->arena, sizeof(*q));
	if (q == NULL)
		return NULL;
	*q = (struct question) {
		.dns = d, .type = type, .name = arena_copy(d->arena, name)
	};
	if (q->name.p == NULL)
		return NULL;
	bucket = &d->bucket[bucket_of(type, name)];
	q->next = *bucket;
	*bucket = q;
	send_question(d, q);
	return q;
}

void
dns_want(struct dns *d, enum dns_type type, struct str name)
{
	want_question(d, type, name);
}

/* ==== Waiting ==== */

/*
 * Waits at most ms for the channel's sockets, then lets c-ares handle those that are
 * ready and whatever has timed out.
 */
static void
process_sockets(struct dns *d, int64_t ms)
{
	ares_socket_t sock[ARES_GETSOCK_MAXNUM];
	struct pollfd fd[ARES_GETSOCK_MAXNUM];
	/*
	 * The macros of c-ares shift a bit into the sign of an int, so we read the bits
	 * ourselves.
	 */
	unsigned bits = (unsigned)ares_getsock(d->channel, sock, ARES_GETSOCK_MAXNUM);
	nfds_t n = 0;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		bool in = (bits >> i & 1) != 0;
		bool out = (bits >> (i + ARES_GETSOCK_MAXNUM) & 1) != 0;

		if (in || out)
			fd[n++] = (struct pollfd) { .fd = sock[i],
				.events =
				    (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0)) };
	}
	if (poll(fd, n, (int)ms) < 0 && errno != EINTR)
		n = 0;
	for (nfds_t i = 0; i < n; i++)
		if (fd[i].revents != 0)
			ares_process_fd(d->channel,
			    (fd[i].revents & ~POLLOUT) != 0 ? fd[i].fd
							    : ARES_SOCKET_BAD,
			    (fd[i].revents & POLLOUT) != 0 ? fd[i].fd
							   : ARES_SOCKET_BAD);
	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static int64_t
wait_ms(struct dns *d, int64_t left_ms)
{
	struct timeval most = { .tv_usec = POLL_MS_MAX * 1000 }, tv, *next;
	int64_t ms;

	next = ares_timeout(d->channel, &most, &tv);
	ms = (int64_t)next->tv_sec * 1000 + next->tv_usec / 1000 + 1;
	return ms < left_ms ? ms : left_ms;
}

const struct dns_answer *
dns_ask(void *dns, enum dns_type type, struct str name)
{
	static const struct dns_answer enough = { .status = DNS_FAILED };
	struct question *q = want_question(dns, type, name);
	int64_t left;

	if (q == NULL)
		return &enough;
	while (!q->done) {
		left = q->until_ms - now_ms();
		if (left <= 0) {
			q->answer.status = DNS_TIMEOUT;
			q->done = true;
			break;
		}
		process_sockets(dns, wait_ms(dns, left));
	}
	return &q->answer;
}

bool
dns_alive(const struct dns *d)
{
	return d->alive;
}
