/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate.c - a counter, a door and a condition.  See the header.
 */
#include "daemon/gate.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

/* The mutex is a plain one and never left locked: locking cannot fail. */
static void
lock(struct gate *g)
{
	int e = pthread_mutex_lock(&g->lock);

	assert(e == 0);
	(void)e;
}

static void
unlock(struct gate *g)
{
	pthread_mutex_unlock(&g->lock);
}

int
gate_init(struct gate *g)
{
	pthread_condattr_t attr;
	int e;

	*g = (struct gate) { 0 };
	if (pthread_mutex_init(&g->lock, NULL) != 0)
		return -1;
	if (pthread_condattr_init(&attr) != 0)
		goto fail;
	/* A deadline must not move when the clock is set. */
	e = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (e == 0)
		e = pthread_cond_init(&g->emptied, &attr);
	pthread_condattr_destroy(&attr);
	if (e == 0)
		return 0;
fail:
	pthread_mutex_destroy(&g->lock);
	return -1;
}

void
gate_fini(struct gate *g)
{
	pthread_cond_destroy(&g->emptied);
	pthread_mutex_destroy(&g->lock);
}

bool
gate_enter(struct gate *g)
{
	bool open;

	lock(g);
	open = !g->closed;
	if (open)
		g->inside++;
	unlock(g);
	return open;
}

void
gate_leave(struct gate *g)
{
	lock(g);
	assert(g->inside > 0);
	g->inside--;
	if (g->inside == 0)
		pthread_cond_broadcast(&g->emptied);
	unlock(g);
}

void
gate_close(struct gate *g)
{
	lock(g);
	g->closed = true;
	unlock(g);
}

/* With the lock held: until the count is 0 or the time is up. */
static bool
wait_for_none(struct gate *g, const size_t *count, uint32_t timeout_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (*count > 0)
		if (pthread_cond_timedwait(&g->emptied, &g->lock, &until) == ETIMEDOUT)
			break;
	return *count == 0;
}

bool
gate_wait_empty(struct gate *g, uint32_t timeout_ms)
{
	bool empty;

	lock(g);
	empty = wait_for_none(g, &g->inside, timeout_ms);
	unlock(g);
	return empty;
}

bool
gate_ending(struct gate *g)
{
	bool open;

	lock(g);
	open = !g->shut;
	if (open)
		g->ending++;
	unlock(g);
	return open;
}

void
gate_ended(struct gate *g)
{
	lock(g);
	assert(g->ending > 0);
	g->ending--;
	if (g->ending == 0)
		pthread_cond_broadcast(&g->emptied);
	unlock(g);
}

bool
gate_shut(struct gate *g, uint32_t timeout_ms)
{
	bool none;

	lock(g);
	g->shut = true;
	none = wait_for_none(g, &g->ending, timeout_ms);
	unlock(g);
	return none;
}

size_t
gate_inside(struct gate *g)
{
	size_t n;

	lock(g);
	n = g->inside;
	unlock(g);
	return n;
}
