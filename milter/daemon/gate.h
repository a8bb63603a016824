/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate.h - counts messages in flight, for a stop that waits for them.
 *
 * When libmilter stops it drops sessions in the middle of a message, without telling
 * the callbacks.  So a stop closes the gate first: a new message is refused for now
 * (451), those inside go on to their end, and only then does the process end.
 * Thread-safe; callers hold its mutex for a few instructions only.
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
/* No message may be inside, and no thread waiting. */
void gate_fini(struct gate *);

/*
 * A message begins (MAIL).  False when the gate is closed: refuse it for now, and do
 * not call gate_leave() for it.
 */
bool gate_enter(struct gate *);
/* The message has ended: end of message, abort or close. */
void gate_leave(struct gate *);

/* From now on gate_enter() returns false.  The gate cannot be opened again. */
void gate_close(struct gate *);
/* Wait at most timeout_ms for the last message; true if none is inside. */
bool gate_wait_empty(struct gate *, uint32_t timeout_ms);
size_t gate_inside(struct gate *);

/*
 * To be called around the end of a message, from before its edits until after its
 * count. False after gate_shut(): the message would no longer be counted, so it must be
 * refused for now.
 */
bool gate_ending(struct gate *);
void gate_ended(struct gate *);
/*
 * From now on no message is accepted.  Wait at most timeout_ms for those that are
 * ending; true if there are none: then nothing more will be counted.
 */
bool gate_shut(struct gate *, uint32_t timeout_ms);

#endif
