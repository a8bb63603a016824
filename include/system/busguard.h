/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * busguard.h - to go on where a mapped file cannot be had: SIGBUS as a return value.
 *
 * A store into a mapping whose page is gone (the file was cut by somebody, the disk
 * gave an error when the page was to be read) raises SIGBUS in the thread that did it.
 * That is a disk fault, no reason to end a process that has mail in its hands.  A
 * SIGBUS outside of busguard_run() ends the process as ever.
 */
#ifndef METERMARK_SYSTEM_BUSGUARD_H
#define METERMARK_SYSTEM_BUSGUARD_H

#include <stdbool.h>

/* Once, before threads that store into mappings.  0 or -1. */
int busguard_install(void);

/*
 * work(arg); false when it was cut short by SIGBUS.  It must hold nothing that it would
 * have to give back.  Any thread, with SIGBUS not blocked; not nested.
 */
bool busguard_run(void (*work)(void *), void *arg);

#endif
