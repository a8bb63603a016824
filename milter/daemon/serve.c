/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve.c - libmilter in a thread of its own.  See the header.
 */
#include "daemon/serve.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/gate.h"
#include "daemon/listener.h"
#include "daemon/mfi.h"
#include "daemon/privs.h"
#include "daemon/signals.h"
#include "system/clock.h"

/* How often a drain looks up to see a second SIGTERM. */
#define DRAIN_STEP_MS 50
/*
 * From the return of a callback to libmilter's write of the answer.  A message that is
 * counted and then not answered would come again, and be counted again.
 */
#define ANSWER_MS 200

static atomic_bool ended; /* set by the thread that libmilter is in */

int
serve_open(struct listener *l, const struct mfi_settings *m, const struct privs *p,
    char *err, size_t errlen)
{
	mode_t mask;
	int r;

	if (listener_prepare(l, m->listen, err, errlen) != 0)
		return -1;
	mask = umask(LISTENER_UMASK);
	r = mfi_open(m, err, errlen);
	umask(mask);
	return r != 0 ? -1
		      : listener_own(l, p->uid, p->gid, p->socket_gid, err, errlen);
}

static void *
run_server(void *arg)
{
	(void)arg;
	mfi_run();
	atomic_store(&ended, true);
	signals_wake();
	return NULL;
}

int
serve_start(char *err, size_t errlen)
{
	pthread_t server;
	int e = pthread_create(&server, NULL, run_server, NULL);

	/* Nobody joins it: it ends with the process, or the process because of it. */
	if (e == 0 && pthread_detach(server) == 0)
		return 0;
	snprintf(err, errlen, "cannot start a thread: %s", strerror(e));
	return -1;
}

bool
serve_ended(void)
{
	return atomic_load(&ended);
}

bool
serve_drain(struct gate *gate, uint32_t drain_s)
{
	int64_t until = clock_mono_ms() + (int64_t)drain_s * 1000;

	gate_close(gate);
	while (!gate_wait_empty(gate, DRAIN_STEP_MS) && clock_mono_ms() < until)
		if (signals_wait(0) == SIGNALS_STOP)
			return true;
	/* The last message has left the gate, its answer not yet libmilter. */
	usleep(ANSWER_MS * 1000);
	return false;
}
