/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmem.h - malloc and free for libopendkim: memory that it takes for a message is
 * freed with the message.  Pure.
 *
 * The library leaks 64 bytes with every Ed25519 signature.  If these two functions are
 * given to dkim_init(), and an arena as the closure to dkim_sign(), nothing remains.
 * The library frees its extra tags with plain free(), so they must not be used together
 * with this.  Like the arena, for one thread at a time.
 */
#ifndef METERMARK_DKIM_LIBMEM_H
#define METERMARK_DKIM_LIBMEM_H

#include <stddef.h>

/* arena is a struct arena, or NULL for memory that belongs to no message. */
void *libmem_take(void *arena, size_t n);
void libmem_give(void *arena, void *p);

#endif
