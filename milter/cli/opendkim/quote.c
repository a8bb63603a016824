/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quote.c - strings of metermark.conf.
 */
#include "cli/opendkim/import.h"

bool
import_can_quote(struct str s)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.p[i] == '$' && s.p[i + 1] == '{')
			return false;
	return true;
}

void
import_quote(struct buf *out, struct str s)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, s.p[i]);
	}
	buf_addc(out, '"');
}
