/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffile_parts.h - what the files of conffile share: the options that libconfuse is
 * told of, the way errors take, the copy from its tree into a struct conf.  For
 * conffile*.c only.
 */
#ifndef METERMARK_CONFIG_CONFFILE_PARTS_H
#define METERMARK_CONFIG_CONFFILE_PARTS_H

#include <confuse.h>
#include <stdarg.h>

#include "config/conf.h"

/* The top level, for cfg_init(); libconfuse copies it. */
cfg_opt_t *conffile_options(void);

/*
 * Begins a read of that file, of which there is one at a time: libconfuse hands no
 * argument to its callbacks, so the functions below refer to the read in progress.
 */
void conffile_begin(const char *file, char *err, size_t errlen);

/*
 * Fail the read in progress with "FILE:LINE: sentence".  Only the first failure is
 * kept: later ones follow from it.  Always -1.
 */
int conffile_fail(unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same about one value: "NAME: found "VALUE", expected PHRASE". */
int conffile_refuse(
    unsigned line, const char *name, const char *value, const char *phrase);

/* conffile_fail() with "out of memory". */
int conffile_no_memory(void);
/* The error function of libconfuse: conffile_fail() in this program's words. */
void conffile_on_error(cfg_t *, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));

/* Keeps the line where that setting of type text was met. */
void conffile_met(const char *name, unsigned line);
/* The lines kept in the read in progress. */
struct conf_lines conffile_lines(void);

/* The line where a section begins. */
unsigned conffile_line_of(cfg_t *section);

/* The section inspect of cfg, if it has one.  0 or -1. */
int conffile_inspect(cfg_t *cfg, struct rule_actions *out);

/* Copy into c, which holds the defaults.  0, or -1 with the failure kept. */
int conffile_build(cfg_t *, struct conf *c);

#endif
