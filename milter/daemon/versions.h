/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * versions.h - what the daemon is made of, for -V and bug reports.  Main thread.
 */
#ifndef METERMARK_DAEMON_VERSIONS_H
#define METERMARK_DAEMON_VERSIONS_H

#include <stdio.h>

/* One line for the program, then one for each library in use. */
void versions_print(FILE *, const char *program);

#endif
