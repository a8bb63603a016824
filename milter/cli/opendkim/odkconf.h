/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * odkconf.h - opendkim.conf(5) as a language: its lines, its settings, its data sets.
 * Pure.
 *
 * Reads what opendkim 2.11 reads, and the names that other versions know.  What becomes
 * of each setting stands in one table, so that none is dropped without a word.  It
 * knows nothing of files.
 */
#ifndef METERMARK_CLI_OPENDKIM_ODKCONF_H
#define METERMARK_CLI_OPENDKIM_ODKCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "text/str.h"

#define ODKCONF_INCLUDE_DEPTH 5 /* files within files */

enum odkconf_type {
	ODKCONF_BOOL,
	ODKCONF_INT,
	ODKCONF_TEXT,
	ODKCONF_SET,
	ODKCONF_INCLUDE
};

/* What becomes of a setting. */
enum odkconf_fate {
	ODKCONF_CARRIED,   /* there is code that looks at its value */
	ODKCONF_NEEDLESS,  /* nothing is lost without it */
	ODKCONF_VERIFY,    /* about verifying, which metermark leaves to others */
	ODKCONF_LOST,      /* whatever its value */
	ODKCONF_LOST_TRUE, /* when it is true; false, it is needless */
	ODKCONF_LOST_FALSE,
	ODKCONF_LOST_NONZERO,
};

struct odkconf_setting {
	const char *name;
	enum odkconf_type type;
	enum odkconf_fate fate;
	const char *reason; /* why; NULL where CARRIED */
};

/* Without regard to case; NULL: there is no such. */
const struct odkconf_setting *odkconf_find(struct str name);
/* Tests: the whole table. */
const struct odkconf_setting *odkconf_settings(size_t *n);

/*
 * One line of the file, without its LF.  1: name and value are set; 0: it is blank; -1:
 * there is no value, with a sentence in err.
 */
int odkconf_line(
    struct str line, struct str *name, struct str *value, char *err, size_t errlen);

/* Values as opendkim takes them: the first letter; strtol() with base 0.  -1: wrong. */
int odkconf_bool(struct str, bool *);
int odkconf_int(struct str, long *);

/*
 * A data set is a list in place or names a file.  type is what stands before the colon
 * where it is of a kind that is kept elsewhere: db, ldap, lua, ....
 */
enum odkconf_kind { ODKCONF_LIST, ODKCONF_FILE, ODKCONF_REFILE, ODKCONF_ELSEWHERE };

struct odkconf_set {
	enum odkconf_kind kind;
	struct str type;
	struct str rest; /* the list, or the path */
};

void odkconf_set(struct str value, struct odkconf_set *out);

/* One entry; value is empty where there is none, line 0 in a list.  Not 0: stop. */
typedef int odkconf_entry_fn(
    void *arg, unsigned line, struct str key, struct str value);

/* The entries of a list (a, b=c), or of a file's text.  What the function returned. */
int odkconf_entries_list(struct str list, odkconf_entry_fn *, void *arg);
int odkconf_entries_file(struct str text, odkconf_entry_fn *, void *arg);

#endif
