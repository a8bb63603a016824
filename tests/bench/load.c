/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load.c - a load generator that speaks the milter protocol, as an MTA does it.
 *
 *     load --socket unix:/path --sessions 64 --seconds 2 --size 2048 --json
 *
 * Sessions are kept open side by side by one thread and epoll, so that 500 of them cost
 * little; each sends one message after the other.  Printed are messages a second,
 * latency from MAIL to the final answer (p50, p99, longest), and what became of the
 * messages.  The exit status is 0 only when every message was accepted, with exactly as
 * many DKIM signatures as --signatures says, and nothing unexpected was said.
 *
 * --sample DIR keeps packets of a few messages, spread over the run, in DIR: N.sent as
 * sent from MAIL on, N.got as received.  tests/bench/run verifies their signatures.
 */
#include <sys/epoll.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

/* What Postfix 3.7 has in its buffer for a milter, and so in one write at most. */
#define POSTFIX_WRITE 4096
/* A filter that says nothing for so long has hung. */
#define PATIENCE_MS 60000

struct options {
	const char *socket, *sample;
	uint64_t sessions, messages, per_session, first, samples, signatures;
	double seconds;
	bool json;
};

struct run {
	struct options o;
	struct session_plan plan;
	struct session *sessions;
	uint64_t *sent_by; /* messages on the present connection of each session */
	int epoll;
	int64_t started_ns, until_ns, ended_ns;
	uint64_t started, finished;
	uint64_t verdicts[4];
	uint64_t inserts, signatures, early, connections;
	uint64_t wrong; /* messages with another number of signatures than asked */
	uint32_t *latency_us;
	size_t latency_room;
	char err[192];
};

/* ==== Options ==== */

static const char usage[] =
    "usage: load --socket unix:PATH|inet:PORT@HOST [options]\n"
    "  --sessions N      connections side by side (1)\n"
    "  --messages N      messages in all (no limit)\n"
    "  --seconds S       begin no message after that time (1, or none with "
    "--messages)\n"
    "  --per-session N   messages on a connection before a new one (100; 0: no limit)\n"
    "  --size BYTES      of the body (2048)\n"
    "  --recipients N    of each message (1)\n"
    "  --campaigns N     distinct values of X-Campaign (1)\n"
    "  --domains N       distinct domains of From (1): d0.DOMAIN, d1.DOMAIN, ...\n"
    "  --domain DOMAIN   of From (example.com)\n"
    "  --first N         number of the first message (0)\n"
    "  --untouched       the client's address is 203.0.113.9, not 127.0.0.1\n"
    "  --signatures N    DKIM signatures that each message must get (1)\n"
    "  --write-bytes N   most bytes in one write (4096, as Postfix; 0: no limit)\n"
    "  --sample DIR      keep packets of some messages there\n"
    "  --samples N       how many (10)\n"
    "  --json            print JSON\n";

static uint64_t
number(const char *text, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' || n < least ||
	    n > most)
		errx(2, "%s: want a number from %" PRIu64 " to %" PRIu64, text, least,
		    most);
	return n;
}

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "sessions", required_argument, NULL, 'n' },
	{ "messages", required_argument, NULL, 'm' },
	{ "seconds", required_argument, NULL, 't' },
	{ "per-session", required_argument, NULL, 'p' },
	{ "size", required_argument, NULL, 'b' },
	{ "recipients", required_argument, NULL, 'r' },
	{ "campaigns", required_argument, NULL, 'c' },
	{ "domains", required_argument, NULL, 'd' },
	{ "domain", required_argument, NULL, 'D' },
	{ "first", required_argument, NULL, 'f' },
	{ "untouched", no_argument, NULL, 'u' },
	{ "signatures", required_argument, NULL, 'g' },
	{ "write-bytes", required_argument, NULL, 'w' },
	{ "sample", required_argument, NULL, 'k' },
	{ "samples", required_argument, NULL, 'K' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* An option of the messages' shape; false when it is not one. */
static bool
take_shape(struct session_plan *plan, int letter, const char *value)
{
	struct mail_shape *m = &plan->shape;

	switch (letter) {
	case 'b':
		m->body_bytes = number(value, 0, 1 << 30);
		return true;
	case 'r':
		m->recipients = (unsigned)number(value, 1, 10000);
		return true;
	case 'c':
		m->campaigns = number(value, 1, 1000000000);
		return true;
	case 'd':
		m->domains = number(value, 1, 1000000000);
		return true;
	case 'D':
		m->domain = value;
		return true;
	case 'u':
		m->client_addr = "203.0.113.9";
		return true;
	case 'w':
		plan->write_bytes = number(value, 0, SIZE_MAX);
		return true;
	default:
		return false;
	}
}

static void
take_option(struct options *o, int letter, const char *value)
{
	switch (letter) {
	case 's':
		o->socket = value;
		break;
	case 'n':
		o->sessions = number(value, 1, 100000);
		break;
	case 'm':
		o->messages = number(value, 1, UINT64_MAX);
		break;
	case 't':
		o->seconds = strtod(value, NULL);
		break;
	case 'p':
		o->per_session = number(value, 0, UINT64_MAX);
		break;
	case 'f':
		o->first = number(value, 0, UINT64_MAX / 2);
		break;
	case 'g':
		o->signatures = number(value, 0, 100);
		break;
	case 'k':
		o->sample = value;
		break;
	case 'K':
		o->samples = number(value, 1, 1000000);
		break;
	case 'j':
		o->json = true;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static void
read_options(struct run *r, int argc, char **argv)
{
	struct options *o = &r->o;
	int letter;

	*o = (struct options) {
		.sessions = 1, .per_session = 100, .samples = 10, .signatures = 1
	};
	r->plan.write_bytes = POSTFIX_WRITE;
	r->plan.shape = (struct mail_shape) { .body_bytes = 2048,
		.recipients = 1,
		.campaigns = 1,
		.domains = 1,
		.domain = "example.com",
		.client_addr = "127.0.0.1" };
	while ((letter = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_shape(&r->plan, letter, optarg))
			take_option(o, letter, optarg);
	if (optind != argc || o->socket == NULL) {
		fputs(usage, stderr);
		exit(2);
	}
	if (o->messages == 0)
		o->messages = UINT64_MAX;
	if (o->seconds <= 0)
		o->seconds = o->messages == UINT64_MAX ? 1 : 1e6;
}

/* libmilter's way to write an address. */
static void
find_socket(struct session_plan *plan, const char *text)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	struct sockaddr_un *un = (struct sockaddr_un *)&plan->addr;
	char port[16];
	const char *at = strchr(text, '@');
	int r;

	if (strncmp(text, "unix:", 5) == 0) {
		if (strlen(text + 5) >= sizeof(un->sun_path))
			errx(2, "%s: too long for a socket", text);
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path, sizeof(un->sun_path), "%s", text + 5);
		plan->addr_len = sizeof(*un);
		return;
	}
	if (strncmp(text, "inet:", 5) != 0 || at == NULL)
		errx(2, "%s: want unix:PATH or inet:PORT@HOST", text);
	snprintf(port, sizeof(port), "%.*s", (int)(at - text - 5), text + 5);
	r = getaddrinfo(at + 1, port, &hints, &found);
	if (r != 0)
		errx(2, "%s: %s", text, gai_strerror(r));
	memcpy(&plan->addr, found->ai_addr, found->ai_addrlen);
	plan->addr_len = found->ai_addrlen;
	freeaddrinfo(found);
}

/* ==== The run ==== */

static void
write_file(const char *dir, uint64_t n, const char *kind, const struct out *o)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%" PRIu64 ".%s", dir, n, kind);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(o->p, 1, o->len, f) != o->len || fclose(f) != 0)
		err(1, "cannot write %s", path);
}

static void
keep_latency(struct run *r, int64_t ns)
{
	if (r->finished == r->latency_room) {
		r->latency_room = r->latency_room == 0 ? 65536 : r->latency_room * 2;
		r->latency_us =
		    reallocarray(r->latency_us, r->latency_room, sizeof(uint32_t));
		if (r->latency_us == NULL)
			err(1, "cannot keep latencies");
	}
	r->latency_us[r->finished] = (uint32_t)(ns / 1000 < UINT32_MAX ? ns / 1000 : 0);
}

/* A message is over. */
static void
account(struct run *r, struct session *s)
{
	keep_latency(r, s->latency_ns);
	r->ended_ns = session_now_ns();
	r->finished++;
	r->verdicts[s->verdict]++;
	r->inserts += s->inserts;
	r->signatures += s->signatures;
	r->early += s->early;
	r->wrong += s->signatures != r->o.signatures;
	if (s->keep) {
		write_file(r->o.sample, s->number, "sent", &s->sent);
		write_file(r->o.sample, s->number, "got", &s->got);
	}
}

/* Samples come at messages 0, 1, 3, 7, 15, ... and the next ones where few are left. */
static bool
is_sample(const struct run *r, uint64_t n)
{
	return r->o.sample != NULL && ((n & (n + 1)) == 0 || n < r->o.samples / 2);
}

static bool
may_start(const struct run *r)
{
	return r->started < r->o.messages && session_now_ns() < r->until_ns;
}

/* What comes next on a session that is ready; its state then. */
static enum session_state
next(struct run *r, size_t i)
{
	struct session *s = &r->sessions[i];
	enum session_state state = SESSION_READY;
	uint64_t n;

	while (state == SESSION_READY && may_start(r)) {
		if (s->fd != -1 && (r->sent_by[i] == r->o.per_session || s->let_go) &&
		    r->sent_by[i] > 0) {
			session_close(s);
			r->sent_by[i] = 0;
		}
		if (s->fd == -1) {
			r->connections++;
			state = session_open(s);
			if (state == SESSION_FAILED)
				break;
			struct epoll_event e = { .events = EPOLLIN, .data.u64 = i };

			if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, s->fd, &e) != 0)
				err(1, "epoll_ctl");
			continue;
		}
		n = r->started++;
		r->sent_by[i]++;
		state = session_message(s, r->o.first + n, is_sample(r, n));
		if (state == SESSION_READY)
			account(r, s);
	}
	return state;
}

/* What the socket's event brought; the session's state then. */
static enum session_state
serve(struct run *r, size_t i)
{
	struct session *s = &r->sessions[i];
	bool in_message = r->sent_by[i] > 0;
	enum session_state state = session_go_on(s);
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = i };

	if (state == SESSION_READY) {
		if (in_message)
			account(r, s);
		state = next(r, i);
	}
	if (state == SESSION_BUSY && session_wants_write(s))
		e.events |= EPOLLOUT;
	if (state != SESSION_FAILED && s->fd != -1)
		(void)epoll_ctl(r->epoll, EPOLL_CTL_MOD, s->fd, &e);
	return state;
}

/* All sessions until there is nothing more to do.  The number of failed sessions. */
static size_t
drive(struct run *r)
{
	struct epoll_event events[256];
	size_t i, busy = 0, failed = 0;
	enum session_state state;
	int n, k;

	for (i = 0; i < r->o.sessions; i++) {
		state = next(r, i);
		busy += state == SESSION_BUSY;
		if (state == SESSION_FAILED && failed++ == 0)
			memcpy(r->err, r->sessions[i].err, sizeof(r->err));
	}
	while (busy > 0) {
		n = epoll_wait(r->epoll, events, 256, PATIENCE_MS);
		if (n == 0) {
			snprintf(r->err, sizeof(r->err), "no answer in %d s",
			    PATIENCE_MS / 1000);
			return failed + busy;
		}
		for (k = 0; k < n; k++) {
			i = events[k].data.u64;
			state = serve(r, i);
			busy -= state != SESSION_BUSY;
			if (state == SESSION_FAILED && failed++ == 0)
				memcpy(r->err, r->sessions[i].err, sizeof(r->err));
			if (state == SESSION_FAILED)
				(void)epoll_ctl(
				    r->epoll, EPOLL_CTL_DEL, r->sessions[i].fd, NULL);
		}
	}
	return failed;
}

/* ==== What came out ==== */

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t
quantile(const struct run *r, double q)
{
	double at = q * (double)(r->finished - 1) + 0.5;

	return r->finished == 0 ? 0 : r->latency_us[(size_t)at];
}

static void
report(struct run *r, size_t failed)
{
	double seconds = (double)(r->ended_ns - r->started_ns) / 1e9;
	double rate = seconds > 0 ? (double)r->finished / seconds : 0;
	uint64_t refused =
	    r->verdicts[SESSION_REJECTED] + r->verdicts[SESSION_TEMPFAILED];

	if (r->finished > 0)
		qsort(r->latency_us, r->finished, sizeof(uint32_t), by_size);
	if (!r->o.json) {
		printf("%" PRIu64 " messages in %.2f s: %.0f/s, p50 %u us, p99 %u us; "
		       "%" PRIu64 " accepted, %" PRIu64 " refused, %" PRIu64
		       " signatures, %" PRIu64 " wrong\n",
		    r->finished, seconds, rate, quantile(r, 0.5), quantile(r, 0.99),
		    r->verdicts[SESSION_ACCEPTED], refused, r->signatures, r->wrong);
		return;
	}
	printf("{\"messages\": %" PRIu64 ", \"seconds\": %.6f, \"rate\": %.2f, "
	       "\"p50_us\": %u, \"p99_us\": %u, \"max_us\": %u, ",
	    r->finished, seconds, rate, quantile(r, 0.5), quantile(r, 0.99),
	    quantile(r, 1.0));
	printf("\"accepted\": %" PRIu64 ", \"rejected\": %" PRIu64
	       ", \"tempfailed\": %" PRIu64 ", \"discarded\": %" PRIu64
	       ", \"early\": %" PRIu64 ", ",
	    r->verdicts[SESSION_ACCEPTED], r->verdicts[SESSION_REJECTED],
	    r->verdicts[SESSION_TEMPFAILED], r->verdicts[SESSION_DISCARDED], r->early);
	/* err holds our own sentences and strerror()'s; neither needs escapes. */
	printf("\"inserts\": %" PRIu64 ", \"signatures\": %" PRIu64
	       ", \"wrong\": %" PRIu64 ", \"connections\": %" PRIu64
	       ", \"steps\": %" PRIu32 ", \"failed\": %zu, \"error\": \"%s\"}\n",
	    r->inserts, r->signatures, r->wrong, r->connections, r->sessions[0].steps,
	    failed, r->err);
}

int
main(int argc, char **argv)
{
	static struct run r;
	size_t i, failed;

	read_options(&r, argc, argv);
	find_socket(&r.plan, r.o.socket);
	mail_body_init(&r.plan.body, r.plan.shape.body_bytes);
	r.sessions = calloc(r.o.sessions, sizeof(*r.sessions));
	r.sent_by = calloc(r.o.sessions, sizeof(*r.sent_by));
	r.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r.sessions == NULL || r.sent_by == NULL || r.epoll == -1)
		err(1, "cannot start");
	for (i = 0; i < r.o.sessions; i++)
		session_init(&r.sessions[i], &r.plan);
	r.started_ns = r.ended_ns = session_now_ns();
	r.until_ns = r.started_ns + (int64_t)(r.o.seconds * 1e9);
	failed = drive(&r);
	for (i = 0; i < r.o.sessions; i++) {
		if (r.sessions[i].fd != -1)
			session_close(&r.sessions[i]);
	}
	report(&r, failed);
	if (failed > 0)
		fprintf(stderr, "load: %s (%zu sessions)\n", r.err, failed);
	for (i = 0; i < r.o.sessions; i++)
		session_fini(&r.sessions[i]);
	mail_body_fini(&r.plan.body);
	free(r.latency_us);
	free(r.sent_by);
	free(r.sessions);
	close(r.epoll);
	return failed > 0 || r.wrong > 0 ||
	    r.verdicts[SESSION_ACCEPTED] != r.finished || r.finished == 0;
}
