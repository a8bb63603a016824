/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import.h - what the files of `metermark import-opendkim` share.
 *
 * import_opendkim.c has the order of work.  import_read.c reads opendkim.conf and the
 * files it names, import_sign.c finds out which domains sign with which keys,
 * import_signature.c how, import_carry.c takes the other settings, import_write.c
 * writes metermark.conf and the domain_table.  All of them look settings up in
 * settings.c and report through said.c, which also puts each report into a comment of
 * the new file.
 */
#ifndef METERMARK_CLI_OPENDKIM_IMPORT_H
#define METERMARK_CLI_OPENDKIM_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/opendkim/odkconf.h"
#include "cli/opendkim/odktable.h"
#include "config/conf.h"
#include "text/buf.h"
#include "text/str.h"

#define IMPORT_SECTIONS_MAX 200 /* more domains are better kept in a domain_table */
#define IMPORT_PATH_MAX 4096

/* One line of opendkim.conf. */
struct import_setting {
	const struct odkconf_setting *known; /* NULL: no version knows that name */
	struct str name, value;
	const char *file;
	unsigned line;
	bool overridden; /* a later line says it again */
};

struct import {
	const char *file;             /* as it was given */
	const char *output;           /* folder, or NULL for stdout */
	char base[IMPORT_PATH_MAX];   /* where relative paths begin */
	char chroot[IMPORT_PATH_MAX]; /* ChangeRootDirectory, or "" */
	struct import_setting *v;
	size_t n, cap;
	char **texts; /* of files; the strs point into them */
	size_t n_texts;
	struct odktable *table;
	const char *keys_file, *rules_file; /* where the rows of the table are from */
	unsigned keys_line, rules_line;     /* ... where they are from a list */
	bool signs;                         /* Mode has an s */
	bool lost;
	bool no_memory;
	/* What is not in the settings of the new file, as comments. */
	struct buf lost_text, unready_text, needless_text, note_text;
	/* Of every domain. */
	enum conf_canon header_canon, body_canon;
	long expire_s; /* 0: never */
};

/* --- settings.c --- */

/* The line that counts, or NULL. */
const struct import_setting *import_get(const struct import *, const char *name);
/* A value that import_read() has checked, or what holds without a line. */
bool import_true(const struct import *, const char *name, bool otherwise);
long import_number(const struct import *, const char *name, long otherwise);
/* Relative to BaseDirectory.  False: too long. */
bool import_path(const struct import *, struct str path, char out[IMPORT_PATH_MAX]);

/* --- import_read.c --- */

/* opendkim.conf and what it includes.  EX_OK, or a status after saying why. */
int import_read(struct import *);
/*
 * The entries of a data set; of one that is kept elsewhere, 0 after saying that it is
 * lost.  *file is set before they are read to where they stand: the setting's own for a
 * list.  EX_OK, or a status after saying why; what fn returned.
 */
int import_entries(struct import *, const struct import_setting *, const char **file,
    odkconf_entry_fn *, void *arg);

/* --- said.c --- */

/* "FILE:LINE: NAME: not carried over: SENTENCE"; line 0 is left out. */
void import_lost(struct import *, const char *file, unsigned line, const char *name,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The same of what is carried over, but will not do as it is. */
void import_unready(struct import *, const char *file, unsigned line, const char *name,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The same of what is carried over, and still should be known. */
void import_note(struct import *, const char *file, unsigned line, const char *name,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* A comment in the new file on a setting, if it is there, that it can do without. */
void import_needless(struct import *, const char *name, const char *reason);
void import_needless_line(
    struct import *, const struct import_setting *, const char *reason);
/* An error in the old settings; EX_CONFIG. */
int import_broken(const char *file, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int import_no_memory(void);

/* --- quote.c --- */

/* False: libconfuse would look for an environment variable in it. */
bool import_can_quote(struct str);
/* The value as a string of metermark.conf, quotes and all. */
void import_quote(struct buf *, struct str);

/* --- import_sign.c --- */

/* Fill the table.  EX_OK, or a status after saying why. */
int import_sign(struct import *);
/* The path of a key in a rule, % replaced by the domain, or by mark where that is known
 * to each message only.  False: too long. */
bool import_key_file(const struct import *, const struct odktable_rule *,
    const struct odktable_key *, const char *mark, char out[IMPORT_PATH_MAX]);
/* Try the keys as metermark-milter will; an Ed25519 key makes headers relaxed. */
void import_check_keys(struct import *);

/* --- import_carry.c --- */

/* Append the settings that are not about domains. */
int import_carry(struct import *, struct buf *out);

/* --- import_signature.c --- */

/* What holds for all signatures: Mode, Canonicalization, lists of fields, ....  EX_OK,
 * or a status after saying why. */
int import_carry_signature(struct import *);

/* --- import_write.c --- */

/* Append domain sections, or make the text of a domain_table; *use_table says which. */
int import_domains(
    struct import *, struct buf *sections, struct buf *table, bool *use_table);
/* Into files of the folder, which is made. */
int import_save(struct import *, const struct buf *conf, const struct buf *table);

#endif
