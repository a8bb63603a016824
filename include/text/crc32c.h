/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc32c.h - the checksum of our records: CRC-32C (Castagnoli), RFC 3720 appendix B.4.
 * Pure.
 *
 * It detects every error burst of up to 32 bits, and of other damage all but one case
 * in four thousand million.  It does not protect against deliberate changes.
 */
#ifndef METERMARK_TEXT_CRC32C_H
#define METERMARK_TEXT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * Continue a checksum with n bytes; crc is 0 at first, then the result of the call
 * before: crc32c(crc32c(0, a), b) is the checksum of a and b together.
 */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

#endif
