/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc32c.h - the checksum of our records: CRC-32C (Castagnoli), RFC 3720 appendix B.4.
 *
 * It finds each error burst of up to 32 bits and all but one in four thousand million
 * other damages.  It is no protection against somebody who wants to deceive.  Pure.
 */
#ifndef METERMARK_TEXT_CRC32C_H
#define METERMARK_TEXT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * Of n more bytes; crc is 0 at first, then what the call before returned:
 * crc32c(crc32c(0, a), b) is that of a and b together.
 */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

#endif
