/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * identity.h - tells a copied state directory from the original.
 *
 * Two daemons with one producer id would mark each other's batches as applied, and a
 * copied journal would be counted twice.  The lock keeps a second daemon out of the
 * same directory, but it does not show a copy of it, made with a cloned machine or by
 * cp.  So the file `identity` says where the producer id belongs: the machine
 * (/etc/machine-id) and the inode of the file with the id, which no copy has, and
 * within one boot the device.
 *
 * A clone of a whole disk that keeps the machine's id cannot be recognised.
 * machine-id(5) asks those who clone machines to remove /etc/machine-id from the image.
 *
 * For the main thread, with the lock held.
 */
#ifndef METERMARK_DAEMON_IDENTITY_H
#define METERMARK_DAEMON_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True if dir/identity belongs to another dir/producer than the present one; then why
 * is a phrase that completes "it is a copy: ...".  False if there is no identity:
 * removing it is how an operator says that the directory was moved.
 */
bool identity_is_copied(const char *dir, char *why, size_t whylen);
/* Write the present identity if it has changed.  0, or -1 with err. */
int identity_write(const char *dir, char *err, size_t errlen);

#endif
