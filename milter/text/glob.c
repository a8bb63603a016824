/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * glob.c - patterns with * and ?.  See the header.
 */
#include "text/glob.h"

#include <stddef.h>

/*
 * On a mismatch only the last star needs another try: a later star can match whatever
 * an earlier one could have given up.  That bounds the work by the product of the
 * lengths.
 */
bool
glob_match(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = pattern.len, mark = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern.len &&
		    (pattern.p[p] == '?' ||
			ascii_lower(pattern.p[p]) == ascii_lower(text.p[t]))) {
			p++;
			t++;
		} else if (star < pattern.len) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}
