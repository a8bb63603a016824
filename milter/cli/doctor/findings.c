/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * findings.c - the list of findings that the parts of `metermark doctor` fill.
 */
#include <stdarg.h>
#include <stdio.h>

#include "cli/doctor/doctor.h"

void
doctor_add(struct doctor *d, enum doctor_level level, const char *check,
    const char *fix, const char *fmt, ...)
{
	struct doctor_finding *f;
	va_list ap;

	if (level > d->worst)
		d->worst = level;
	/* The last place is written over, so that the last one is always there. */
	if (d->n < DOCTOR_FINDINGS_MAX)
		d->n++;
	f = &d->v[d->n - 1];
	*f = (struct doctor_finding) { .level = level, .check = check };
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	if (fix != NULL)
		snprintf(f->fix, sizeof(f->fix), "%s", fix);
}

void
doctor_fix(struct doctor *d, const char *fmt, ...)
{
	struct doctor_finding *f = &d->v[d->n - 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->fix, sizeof(f->fix), fmt, ap);
	va_end(ap);
}
