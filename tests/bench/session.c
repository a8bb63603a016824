/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.c - one milter connection of the load generator.  See the header.
 */
#include "session.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <libmilter/mfdef.h>

/* What Postfix 3.7 and Sendmail 8.17 offer. */
#define OFFER_VERSION 6
#define OFFER_ACTIONS 0x1ffU
#define OFFER_STEPS 0x1fffffU

/* The kept copy of one message: header, body, and room for the filter's edits. */
#define GOT_ROOM 262144

enum phase {
	NEGOTIATE,
	CONNECT,
	HELO,
	IDLE,
	MAIL,
	RCPT,
	DATA,
	HEADER,
	END_OF_HEADER,
	BODY,
	END,
	PHASES
};

/*
 * What belongs to each phase: the command, the bits that drop the step or its answer,
 * the stage of its macros (-1: none) and what Postfix sends there unasked.
 */
static const struct step {
	char command;
	uint32_t skip, no_reply;
	int stage;
	const char *macros;
} steps[PHASES] = {
	[NEGOTIATE] = { 'O', 0, 0, -1, "" },
	[CONNECT] = { 'C', SMFIP_NOCONNECT, SMFIP_NR_CONN, 0,
	    "j {daemon_name} {daemon_addr} v _" },
	[HELO] = { 'H', SMFIP_NOHELO, SMFIP_NR_HELO, 1, "" },
	[MAIL] = { 'M', SMFIP_NOMAIL, SMFIP_NR_MAIL, 2,
	    "i {mail_addr} {mail_host} {mail_mailer}" },
	[RCPT] = { 'R', SMFIP_NORCPT, SMFIP_NR_RCPT, 3,
	    "i {rcpt_addr} {rcpt_host} {rcpt_mailer}" },
	[DATA] = { 'T', SMFIP_NODATA, SMFIP_NR_DATA, 4, "i" },
	[HEADER] = { 'L', SMFIP_NOHDRS, SMFIP_NR_HDR, -1, "" },
	[END_OF_HEADER] = { 'N', SMFIP_NOEOH, SMFIP_NR_EOH, 6, "i" },
	[BODY] = { 'B', SMFIP_NOBODY, SMFIP_NR_BODY, -1, "" },
	[END] = { 'E', 0, 0, 5, "i" },
};

int64_t
session_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static enum session_state
fail(struct session *s, const char *what)
{
	if (s->err[0] == '\0')
		snprintf(s->err, sizeof(s->err), "%s", what);
	return SESSION_FAILED;
}

/* ==== Out ==== */

/* What was put into our own buffer since the last time becomes a piece. */
static void
close_piece(struct session *s)
{
	if (s->out.len == s->own_from)
		return;
	s->piece[s->pieces].p = s->out.p + s->own_from;
	s->piece[s->pieces++].n = s->out.len - s->own_from;
	s->own_from = s->out.len;
}

/* Packets of the body from number first on, before end. */
static void
body_piece(struct session *s, size_t first, size_t end)
{
	const struct mail_body *b = &s->plan->body;
	size_t from = first == 0 ? 0 : b->end[first - 1];

	close_piece(s);
	s->piece[s->pieces].p = b->packets + from;
	s->piece[s->pieces++].n = b->end[end - 1] - from;
}

bool
session_wants_write(const struct session *s)
{
	return s->piece_at < s->pieces;
}

static void
keep_piece(struct session *s, const char *p, size_t n)
{
	if (n > s->sent.size - s->sent.len)
		errx(1, "a kept message does not fit");
	memcpy(s->sent.p + s->sent.len, p, n);
	s->sent.len += n;
}

/* Write what the socket takes.  0, or -1 with err. */
static int
write_some(struct session *s)
{
	struct iovec iov[SESSION_PIECES];
	struct msghdr m = { .msg_iov = iov };
	size_t i, left, limit = s->plan->write_bytes;
	ssize_t n;

	while (session_wants_write(s)) {
		left = limit == 0 ? SIZE_MAX : limit;
		m.msg_iovlen = 0;
		for (i = s->piece_at; i < s->pieces && left > 0; i++) {
			iov[m.msg_iovlen].iov_base = (void *)(uintptr_t)s->piece[i].p;
			iov[m.msg_iovlen].iov_len =
			    s->piece[i].n < left ? s->piece[i].n : left;
			left -= iov[m.msg_iovlen++].iov_len;
		}
		n = sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0) {
			snprintf(s->err, sizeof(s->err),
			    "cannot write to the filter: %s", strerror(errno));
			return -1;
		}
		for (; n > 0; s->piece_at += s->piece[s->piece_at].n == 0) {
			left = (size_t)n < s->piece[s->piece_at].n
			    ? (size_t)n
			    : s->piece[s->piece_at].n;
			if (s->keep)
				keep_piece(s, s->piece[s->piece_at].p, left);
			s->piece[s->piece_at].p += left;
			s->piece[s->piece_at].n -= left;
			n -= (ssize_t)left;
		}
	}
	s->pieces = s->piece_at = s->own_from = s->out.len = 0;
	return 0;
}

/* ==== Commands ==== */

/* The macros of this step as one packet, which Postfix sends even for a skipped step.
 */
static void
put_macros(struct session *s, const struct step *step)
{
	char names[256], values[16][300], stage[2] = { step->command, '\0' };
	const char *strings[34];
	char *at = names, *name;
	size_t n = 0;

	snprintf(names, sizeof(names), "%s",
	    s->macros_given[step->stage] ? s->macros[step->stage] : step->macros);
	while (n < 16 && (name = strsep(&at, " ,")) != NULL) {
		if (*name == '\0' ||
		    !mail_macro(&s->plan->shape, s->number, step->command, s->index,
			name, values[n], sizeof(values[n])))
			continue;
		strings[2 * n] = name;
		strings[2 * n + 1] = values[n];
		n++;
	}
	strings[2 * n] = NULL;
	if (n > 0) {
		/* The stage is a byte in front of the first name, without a NUL. */
		char first[300];

		snprintf(first, sizeof(first), "%s%s", stage, strings[0]);
		strings[0] = first;
		out_strings(&s->out, 'D', strings);
	}
}

/* The command of this phase and index. */
static void
put_command(struct session *s)
{
	const struct mail_shape *m = &s->plan->shape;
	char addr[300], bracketed[304];
	const char *one[] = { bracketed, NULL }, *helo[] = { "app.example.com", NULL };
	const char *none[] = { NULL };

	switch ((enum phase)s->phase) {
	case CONNECT:
		out_connect(&s->out, m);
		break;
	case HELO:
		out_strings(&s->out, 'H', helo);
		break;
	case MAIL:
	case RCPT:
		if (s->phase == MAIL)
			mail_sender(m, s->number, addr, sizeof(addr));
		else
			mail_recipient(s->number, s->index, addr, sizeof(addr));
		snprintf(bracketed, sizeof(bracketed), "<%s>", addr);
		out_strings(&s->out, steps[s->phase].command, one);
		break;
	case HEADER:
		mail_field(&s->out, m, s->number, s->index,
		    (s->steps & SMFIP_HDR_LEADSPC) != 0);
		break;
	case DATA:
	case END_OF_HEADER:
	case END:
		out_strings(&s->out, steps[s->phase].command, none);
		break;
	case BODY: /* not copied: see put_body() */
	case NEGOTIATE:
	case IDLE:
	case PHASES:
		break;
	}
}

/* The body from here on, as far as no answer is due.  True: one is. */
static bool
put_body(struct session *s, bool answered)
{
	size_t n = s->plan->body.n, end = answered ? s->index + 1 : n;

	if (s->index >= n)
		return false;
	body_piece(s, s->index, end);
	s->index = (unsigned)end - 1; /* step_over() adds one */
	return answered;
}

static unsigned
times(const struct session *s, int phase)
{
	switch ((enum phase)phase) {
	case RCPT:
		return s->plan->shape.recipients;
	case HEADER:
		return MAIL_FIELDS;
	case BODY:
		return (unsigned)s->plan->body.n;
	case NEGOTIATE:
	case CONNECT:
	case HELO:
	case IDLE:
	case MAIL:
	case DATA:
	case END_OF_HEADER:
	case END:
	case PHASES:
		break;
	}
	return 1;
}

static void
step_over(struct session *s)
{
	if (++s->index >= times(s, s->phase)) {
		s->phase++;
		s->index = 0;
		/* A message without body has no body packet. */
		if (s->phase == BODY && times(s, BODY) == 0)
			s->phase++;
	}
}

/* Queue commands up to one that is answered, or until the message may begin. */
static void
advance(struct session *s)
{
	while (!s->awaiting && s->phase != IDLE && s->phase != PHASES) {
		const struct step *step = &steps[s->phase];
		bool answered = (s->steps & step->no_reply) == 0;

		if (step->stage >= 0)
			put_macros(s, step);
		if ((s->steps & step->skip) == 0) {
			if (s->phase == BODY) {
				s->awaiting = put_body(s, answered);
			} else {
				put_command(s);
				s->awaiting = answered;
			}
		}
		if (!s->awaiting)
			step_over(s);
	}
	close_piece(s);
}

/* ==== Answers ==== */

static uint32_t
get_u32(const char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return ntohl(n);
}

static enum session_state
negotiated(struct session *s, const char *p, size_t len)
{
	uint32_t stage;
	size_t at = 12, n;

	if (len < 12 || get_u32(p) < 2 || get_u32(p) > OFFER_VERSION)
		return fail(s, "an answer to the negotiation that makes no sense");
	s->steps = get_u32(p + 8);
	if ((get_u32(p + 4) & ~OFFER_ACTIONS) != 0 || (s->steps & ~OFFER_STEPS) != 0)
		return fail(s, "the filter asks for what was not offered");
	for (; at + 4 < len; at += 4 + n + 1) {
		stage = get_u32(p + at);
		n = strnlen(p + at + 4, len - at - 4);
		if (stage >= SESSION_STAGES || at + 4 + n >= len ||
		    n >= sizeof(s->macros[0]))
			return fail(s, "a macro list that makes no sense");
		memcpy(s->macros[stage], p + at + 4, n + 1);
		s->macros_given[stage] = true;
	}
	s->phase = CONNECT;
	return SESSION_BUSY;
}

/* The message is over; what is said of it is in the session. */
static enum session_state
over(struct session *s, enum session_verdict verdict)
{
	s->verdict = verdict;
	s->latency_ns = session_now_ns() - s->begun_ns;
	s->phase = IDLE;
	return SESSION_READY;
}

static enum session_state
header_edit(struct session *s, char reply, const char *p, size_t len)
{
	static const char name[] = "DKIM-Signature";
	size_t skip = reply == 'h' ? 0 : 4;

	if (len < skip + 2 || p[len - 1] != '\0')
		return fail(s, "a header edit that is no string");
	if (reply == 'm')
		return SESSION_BUSY;
	s->inserts++;
	if (strcasecmp(p + skip, name) == 0)
		s->signatures++;
	return SESSION_BUSY;
}

/* A reply that ends the message before its end, or at it. */
static enum session_state
final(struct session *s, char reply, const char *p, size_t len)
{
	bool temporary = reply == 't' || (reply == 'y' && len > 0 && p[0] == '4');

	s->awaiting = false;
	if (s->phase == RCPT && reply != 'a' && reply != 'd')
		return fail(s, "the filter refuses a recipient");
	if (s->phase < IDLE && reply != 'a')
		return fail(s, "the filter refuses the connection");
	if (s->phase < IDLE)
		s->let_go = true;
	s->early = s->phase != END;
	if (reply == 'a' || reply == 'd')
		return over(s, reply == 'a' ? SESSION_ACCEPTED : SESSION_DISCARDED);
	return over(s, temporary ? SESSION_TEMPFAILED : SESSION_REJECTED);
}

static enum session_state
answer(struct session *s, char reply, const char *p, size_t len)
{
	if (!s->awaiting) {
		snprintf(
		    s->err, sizeof(s->err), "answer '%c' where none was due", reply);
		return SESSION_FAILED;
	}
	if (s->phase == NEGOTIATE && reply == 'O') {
		s->awaiting = false;
		return negotiated(s, p, len);
	}
	if (s->phase == NEGOTIATE)
		return fail(s, "the filter refuses the negotiation");
	if (reply == 'p')
		return SESSION_BUSY;
	if (s->phase == END && (reply == 'i' || reply == 'h' || reply == 'm'))
		return header_edit(s, reply, p, len);
	if (strchr("adrty", reply) != NULL)
		return final(s, reply, p, len);
	if (reply == 's' && s->phase == BODY && (s->steps & SMFIP_SKIP) != 0) {
		s->index = (unsigned)s->plan->body.n;
	} else if (reply != 'c') {
		snprintf(s->err, sizeof(s->err), "answer '%c' to '%c'", reply,
		    steps[s->phase].command);
		return SESSION_FAILED;
	}
	s->awaiting = false;
	if (s->phase == END) {
		s->early = false;
		return over(s, SESSION_ACCEPTED);
	}
	step_over(s);
	return SESSION_BUSY;
}

/* All whole packets that have come. */
static enum session_state
take_packets(struct session *s)
{
	enum session_state state = SESSION_BUSY;
	size_t at = 0, n;

	while (state == SESSION_BUSY && s->in_len - at >= 5) {
		n = get_u32(s->in + at);
		if (n == 0 || n > s->in_size - 4)
			return fail(s, "a packet of impossible length");
		if (s->in_len - at - 4 < n)
			break;
		if (s->keep)
			out_bytes(&s->got, s->in[at + 4], s->in + at + 5, n - 1);
		state = answer(s, s->in[at + 4], s->in + at + 5, n - 1);
		at += 4 + n;
	}
	memmove(s->in, s->in + at, s->in_len - at);
	s->in_len -= at;
	if (state == SESSION_READY && s->in_len > 0)
		return fail(s, "the filter says more than it was asked");
	return state;
}

/* ==== The outside ==== */

void
session_init(struct session *s, const struct session_plan *plan)
{
	memset(s, 0, sizeof(*s));
	s->plan = plan;
	s->fd = -1;
	s->in_size = 1 << 17;
	s->in = malloc(s->in_size);
	if (s->in == NULL)
		err(1, "cannot have a session");
	out_init(&s->out, mail_room(&plan->shape));
}

void
session_fini(struct session *s)
{
	if (s->fd != -1)
		close(s->fd);
	free(s->in);
	out_fini(&s->out);
	out_fini(&s->sent);
	out_fini(&s->got);
}

/*
 * Write what can be written.  Nothing is read here: a filter that answers at once must
 * not keep the other sessions waiting.
 */
static enum session_state
push(struct session *s)
{
	advance(s);
	if (write_some(s) != 0)
		return SESSION_FAILED;
	return s->phase == IDLE ? SESSION_READY : SESSION_BUSY;
}

enum session_state
session_open(struct session *s)
{
	uint32_t offer[3] = { htonl(OFFER_VERSION), htonl(OFFER_ACTIONS),
		htonl(OFFER_STEPS) };

	s->fd = socket(s->plan->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd == -1 ||
	    connect(
		s->fd, (const struct sockaddr *)&s->plan->addr, s->plan->addr_len)) {
		snprintf(s->err, sizeof(s->err), "cannot connect: %s", strerror(errno));
		return SESSION_FAILED;
	}
	s->phase = NEGOTIATE;
	s->index = 0;
	s->let_go = false;
	s->in_len = s->out.len = s->own_from = s->pieces = s->piece_at = 0;
	memset(s->macros_given, 0, sizeof(s->macros_given));
	out_bytes(&s->out, 'O', offer, sizeof(offer));
	close_piece(s);
	s->awaiting = true;
	return push(s);
}

enum session_state
session_message(struct session *s, uint64_t n, bool keep)
{
	if (keep && s->sent.p == NULL) {
		out_init(&s->sent,
		    mail_room(&s->plan->shape) + s->plan->shape.body_bytes * 2 + 4096);
		out_init(&s->got, GOT_ROOM);
	}
	s->keep = keep;
	s->sent.len = s->got.len = 0;
	s->number = n;
	s->inserts = s->signatures = 0;
	s->begun_ns = session_now_ns();
	if (s->let_go)
		return over(s, SESSION_ACCEPTED);
	s->phase = MAIL;
	s->index = 0;
	return push(s);
}

enum session_state
session_go_on(struct session *s)
{
	enum session_state state;
	ssize_t n;

	for (;;) {
		state = push(s);
		if (state != SESSION_BUSY)
			return state;
		n = recv(
		    s->fd, s->in + s->in_len, s->in_size - s->in_len, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return SESSION_BUSY;
		if (n <= 0)
			return fail(s, "the filter closed the connection");
		s->in_len += (size_t)n;
		state = take_packets(s);
		if (state != SESSION_BUSY)
			return state;
	}
}

void
session_close(struct session *s)
{
	const char *none[] = { NULL };

	out_strings(&s->out, 'Q', none);
	close_piece(s);
	(void)write_some(s);
	close(s->fd);
	s->fd = -1;
}
