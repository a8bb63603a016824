/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * busguard.c - SIGBUS as a return value.  See the header.
 */
#include "system/busguard.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

/* Where this thread goes on; NULL outside of busguard_run(). */
static _Thread_local sigjmp_buf *volatile way_out;

static void
on_bus_error(int number)
{
	sigjmp_buf *out = way_out;

	/* The fault is the thread's own, so longjmp interrupts nothing half done. */
	if (out != NULL)
		siglongjmp(*out, 1);
	/* On return the store is tried again, and ends the process. */
	signal(number, SIG_DFL);
}

int
busguard_install(void)
{
	/* Not blocked while it is handled: it is left by a jump. */
	struct sigaction a = { .sa_handler = on_bus_error, .sa_flags = SA_NODEFER };

	sigemptyset(&a.sa_mask);
	return sigaction(SIGBUS, &a, NULL);
}

bool
busguard_run(void (*work)(void *), void *arg)
{
	sigjmp_buf here;

	if (sigsetjmp(here, 0) != 0) {
		way_out = NULL;
		return false;
	}
	way_out = &here;
	work(arg);
	way_out = NULL;
	return true;
}
