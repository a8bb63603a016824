/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * identity.h - is the state directory the one it was, or a copy of it?
 *
 * Two daemons with one producer id would mark each other's batches as applied, and a
 * copy of a journal would be counted twice.  The lock keeps a second daemon from the
 * same directory; a copy of it, with a cloned machine or by cp, it does not see.  So
 * the file `identity` holds where the producer id belongs: the machine
 * (/etc/machine-id), and the inode of the file it is in, which no copy shares; and
 * within one boot the device.
 *
 * What this cannot see is a clone of a whole disk that keeps the machine's id.  Who
 * clones machines removes /etc/machine-id from the image, as machine-id(5) asks.
 *
 * For the main thread, with the lock held.
 */
#ifndef METERMARK_DAEMON_IDENTITY_H
#define METERMARK_DAEMON_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does dir/identity belong to another dir/producer than the one that is there?  Then
 * why is a phrase that completes "it is a copy: ...".  false when there is no identity:
 * that is how somebody who has moved the directory says so.
 */
bool identity_is_copied(const char *dir, char *why, size_t whylen);
/* Write down what is now, where that is news.  0, or -1 with err. */
int identity_write(const char *dir, char *err, size_t errlen);

#endif
