/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unconst.h - a pointer for a library that takes memory as mutable and does not change
 * it.  Pure.
 */
#ifndef METERMARK_TEXT_UNCONST_H
#define METERMARK_TEXT_UNCONST_H

/* The same address, without the warning that a cast gives under -Wcast-qual. */
static inline void *
unconst(const void *p)
{
	union {
		const void *constant;
		void *mutable;
	} u = { .constant = p };

	return u.mutable;
}

#endif
