/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_note.c - the notes that an explanation or a report ends with.
 */
#include "cli/check/explain.h"

#include <stdarg.h>
#include <stdio.h>

void
explain_note(struct explain *e, const char *fmt, ...)
{
	va_list ap;

	if (e->n_notes == EXPLAIN_NOTES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(e->note[e->n_notes++], EXPLAIN_TEXT_MAX, fmt, ap);
	va_end(ap);
}
