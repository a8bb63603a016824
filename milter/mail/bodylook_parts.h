/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bodylook_parts.h - what bodylook.c asks of bodylook_text.c.  Pure.
 */
#ifndef METERMARK_MAIL_BODYLOOK_PARTS_H
#define METERMARK_MAIL_BODYLOOK_PARTS_H

#include "mail/bodylook.h"

/* The next text of a line that a reader sees, as far as that can be told. */
void bodylook_visible(struct bodylook *, struct str text);
/*
 * The next HTML of a line.  Its comments are skipped, Outlook's conditional ones too:
 * no other program shows what is in them.
 */
void bodylook_html(struct bodylook *, struct str text);
/* The text ends here, and with it the name of a host. */
void bodylook_end_host(struct bodylook *);

#endif
