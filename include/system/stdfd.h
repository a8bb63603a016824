/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stdfd.h - the descriptors 0 to 2 belong to stdin, stdout and stderr, or to nobody.
 *
 * Who starts us with one of them closed would have the next file or socket take its
 * number, and what is printed would go there: campaigns' names to Redis as commands,
 * the log into the journal.  For the start, before the first thread.
 */
#ifndef METERMARK_SYSTEM_STDFD_H
#define METERMARK_SYSTEM_STDFD_H

/* Put /dev/null where one is closed: nothing to read, and writing fails.  To be called
 * first of all. */
void stdfd_keep(void);

#endif
