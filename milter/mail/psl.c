/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psl.c - libpsl, asked of its built-in list: no file is read and nothing is kept.
 */
#include "mail/psl.h"

#include <libpsl.h>

const char *
psl_org(const char *domain)
{
	return psl_registrable_domain(psl_builtin(), domain);
}
