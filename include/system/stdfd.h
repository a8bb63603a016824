/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stdfd.h - keeps the descriptors 0 to 2 for stdin, stdout and stderr.
 *
 * If the program is started with one of them closed, the next file or socket would take
 * its number, and what is printed would go there: names of campaigns to Redis as
 * commands, the log into the journal.  For the start, before the first thread.
 */
#ifndef METERMARK_SYSTEM_STDFD_H
#define METERMARK_SYSTEM_STDFD_H

/*
 * Open /dev/null for each one that is closed: reading finds nothing, and writing fails.
 * To be called before anything else.
 */
void stdfd_keep(void);

#endif
