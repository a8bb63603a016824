/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h - one milter connection of the load generator, as an MTA's side of it.
 *
 * A session is a state machine on a socket that does not block.  It does what Postfix
 * does: steps that the filter does not want go unsent, steps that it does not answer
 * (SMFIP_NR_*) are followed at once by the next ones in the same write, an answer is
 * waited for only where one is due, macros are those that the filter asked for.
 * Everything the filter may not do ends the session with a sentence in err.
 */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include "mail.h"

/* Stages for which a filter may name the macros it wants, as libmilter counts them. */
#define SESSION_STAGES 7
#define SESSION_PIECES 4

/* What all sessions share; borrowed by each. */
struct session_plan {
	struct sockaddr_storage addr;
	socklen_t addr_len;
	struct mail_shape shape;
	struct mail_body body;
	size_t write_bytes; /* most in one write, 0: no limit */
};

enum session_state {
	SESSION_BUSY,  /* wait for the socket, see session_wants_write() */
	SESSION_READY, /* negotiated, or a message is over: start one, or quit */
	SESSION_FAILED /* err says why */
};

/* The filter's last word on a message. */
enum session_verdict {
	SESSION_ACCEPTED,
	SESSION_REJECTED,
	SESSION_TEMPFAILED,
	SESSION_DISCARDED
};

struct session {
	const struct session_plan *plan;
	int fd; /* -1: not connected */
	char err[192];

	uint32_t steps;                    /* as negotiated */
	char macros[SESSION_STAGES][256];  /* wanted, "" by default */
	bool macros_given[SESSION_STAGES]; /* else the MTA's own list */

	/* Where we are. */
	uint64_t number; /* of the message */
	int phase;
	unsigned index;   /* recipient, field or body packet within the phase */
	bool awaiting;    /* an answer is due */
	bool let_go;      /* accepted at connect: the filter sees no more */
	bool early;       /* this message was decided before its end */
	int64_t begun_ns; /* MAIL of this message */

	/* On its way out: pieces of our own buffer and of the shared body. */
	struct out out;
	struct {
		const char *p;
		size_t n;
	} piece[SESSION_PIECES];
	size_t pieces, piece_at, own_from;

	/* Come in and not yet used. */
	char *in;
	size_t in_len, in_size;

	/* Of the message that has just ended. */
	enum session_verdict verdict;
	unsigned inserts, signatures; /* header fields added; of them DKIM-Signature */
	int64_t latency_ns;

	/* Keeps what was sent and got of one message, when asked. */
	bool keep;
	struct out sent, got;
};

/* No connection yet.  plan must outlive the session. */
void session_init(struct session *, const struct session_plan *);
void session_fini(struct session *);

/* Connect (waits for that) and send the negotiation. */
enum session_state session_open(struct session *);
/* Send message number n; with keep, a copy of packets is in sent and got at its end. */
enum session_state session_message(struct session *, uint64_t n, bool keep);
/* The socket can be read or written: go on. */
enum session_state session_go_on(struct session *);
/* Something is left to be written. */
bool session_wants_write(const struct session *);
/* Say goodbye, as an MTA does, and close. */
void session_close(struct session *);

/* Monotonic nanoseconds. */
int64_t session_now_ns(void);

#endif
