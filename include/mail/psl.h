/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psl.h - the organisational domain of a host name, by the list of public suffixes that
 * libpsl carries in itself (RFC 7489 3.2).  Any thread.  Pure.
 */
#ifndef METERMARK_MAIL_PSL_H
#define METERMARK_MAIL_PSL_H

/*
 * Where in the name its organisational domain begins: "example.co.uk" of
 * "a.example.co.uk".  NULL for a public suffix itself.  Lower case, no last dot.
 */
const char *psl_org(const char *domain);

#endif
