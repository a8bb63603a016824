/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate.h - how many messages are in flight, and the stop that waits for them.
 *
 * libmilter drops sessions in the middle of a message when it stops, without a word to
 * the callbacks.  So a stop closes the gate first: a message that has not begun is
 * refused for now (451), those inside go on to their end, and only then the process
 * ends.  Thread-safe; callers hold its mutex for a few instructions only.
 */
#ifndef METERMARK_DAEMON_GATE_H
#define METERMARK_DAEMON_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t emptied; /* signalled when inside becomes 0 */
	/* All guarded by lock. */
	size_t inside;
	bool closed;
	bool shut;
	size_t ending; /* between gate_ending() and gate_ended() */
};

/* 0, or -1 when the system has no mutex or condition left. */
int gate_init(struct gate *);
/* Nobody may be inside or waiting. */
void gate_fini(struct gate *);

/*
 * A message begins (MAIL).  False when the gate is closed: refuse it for now, and do
 * not call gate_leave() for it.
 */
bool gate_enter(struct gate *);
/* Its end, whichever: end of message, abort, close. */
void gate_leave(struct gate *);

/* From now on gate_enter() answers false.  There is no opening again. */
void gate_close(struct gate *);
/* Waits at most timeout_ms for the last one to leave; true when nobody is inside. */
bool gate_wait_empty(struct gate *, uint32_t timeout_ms);
size_t gate_inside(struct gate *);

/*
 * Around the end of a message, from before its edits to after its count.  False once
 * gate_shut(): it would no more be counted, so it must be refused for now.
 */
bool gate_ending(struct gate *);
void gate_ended(struct gate *);
/*
 * No message ends well from now on.  Waits at most timeout_ms for those that are at it;
 * true when there are none: what is counted now is all there will be.
 */
bool gate_shut(struct gate *, uint32_t timeout_ms);

#endif
