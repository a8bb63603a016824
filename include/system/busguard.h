/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * busguard.h - SIGBUS as a return value, to go on without a mapped file.
 *
 * A store into a mapping whose page is gone (the file was cut, or the disk gave an
 * error when the page was read) raises SIGBUS in the thread that did it.  That is a
 * disk fault, and no reason to end a process that has mail in its hands.  A SIGBUS
 * outside of busguard_run() ends the process, as without the guard.
 */
#ifndef METERMARK_SYSTEM_BUSGUARD_H
#define METERMARK_SYSTEM_BUSGUARD_H

#include <stdbool.h>

/* To be called once, before there are threads that store into mappings.  0 or -1. */
int busguard_install(void);

/*
 * Call work(arg).  False: SIGBUS cut it short.  work() must not hold anything that it
 * would have to release.  Any thread, with SIGBUS not blocked; not nested.
 */
bool busguard_run(void (*work)(void *), void *arg);

#endif
