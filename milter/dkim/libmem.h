/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmem.h - malloc and free for libopendkim: what it takes for a message goes with the
 * message.  Pure.
 *
 * The library forgets 64 bytes with every Ed25519 signature.  With these two given to
 * dkim_init() and an arena as the closure of dkim_sign(), nothing is left behind.  Its
 * extra tags are freed by plain free() and must not be used with this.  For one thread
 * at a time, as the arena.
 */
#ifndef METERMARK_DKIM_LIBMEM_H
#define METERMARK_DKIM_LIBMEM_H

#include <stddef.h>

/* arena: a struct arena, or NULL for what belongs to no message. */
void *libmem_take(void *arena, size_t n);
void libmem_give(void *arena, void *p);

#endif
