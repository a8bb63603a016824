/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domtable.h - the lines of domain_table: many domains and the keys that sign for them.
 * Pure.
 *
 * Each line is
 *
 *     PATTERN SELECTOR KEYFILE [OPTION ...]
 *
 * with blanks or tabs between the words; # where a word could begin starts a comment.
 *
 * PATTERN, without regard to case:
 *     example.com       mail From that domain and no other
 *     .example.com      mail From any domain below it, not from itself
 *     *.example.com     the same
 *     *                 mail From any domain
 * The longest pattern wins: the domain itself, then the nearest parent, * at last.  A
 * pattern may stand in several lines, not necessarily neighbours; each is a key, and
 * all of them sign.  The keys of shorter patterns are not added to them.
 *
 * KEYFILE is an absolute path without blanks.  %{domain} in it becomes the domain of
 * From; that holds nothing a path could be led astray with, see mail/addr.h.
 *
 * OPTION:
 *     d=DOMAIN     what signs.  d=%{domain} is the domain of From.  Without d= it is
 *                  example.com for the pattern example.com; for .example.com it is
 *                  example.com as well, unless KEYFILE has %{domain}: a key of each
 *                  domain's own signs as that domain; for * it is the domain of From.
 *     users=LIST   authenticated identities, commas between them, that may send as the
 *                  domains of the pattern, * being any.  Those of all its lines count.
 *     c=CANON      canonicalization, as in metermark.conf; relaxed/relaxed
 *     x=SECONDS    the signature expires, as `expire` in metermark.conf
 *
 * The table is compact and never changes: about 70 bytes a line where key files are
 * named after their domains, whatever the length of their path.  It knows nothing of
 * files; who holds keys may tell them apart by the path that domtable_file() makes.
 * What is handed out lives as long as the table.  May be shared by threads.
 */
#ifndef METERMARK_CONFIG_DOMTABLE_H
#define METERMARK_CONFIG_DOMTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "text/buf.h"
#include "text/str.h"

#define DOMTABLE_KEYS_MAX CONF_KEYS_MAX /* of one pattern */
#define DOMTABLE_LINES_MAX ((size_t)1 << 24)
#define DOMTABLE_LINE_MAX ((size_t)2048) /* bytes */
#define DOMTABLE_ERRORS_MAX 20           /* then the rest is not looked at */

struct domtable;

struct domtable_key {
	size_t id;           /* its place in the table, below domtable_size() */
	unsigned line;       /* in the text */
	const char *pattern; /* example.com, .example.com or * */
	const char *selector;
	const char
	    *file; /* with %{domain} for the domain of From; see domtable_file() */
	const char *domain; /* that signs; NULL: that of From */
	const char *users;  /* a,b,c; "": nobody */
	enum conf_canon header_canon;
	enum conf_canon body_canon;
	uint32_t expire_s; /* 0: no x= */
};

/* One error.  sentence says what was found and what was expected. */
typedef void domtable_error_fn(void *arg, unsigned line, const char *sentence);

/*
 * Read all of the text, which may go away afterwards.  NULL after at least one call of
 * error(); line is 0 when memory ran out.
 */
struct domtable *domtable_parse(struct str text, domtable_error_fn *error, void *arg);
void domtable_free(struct domtable *);

/* How many keys there are. */
size_t domtable_size(const struct domtable *);
/* Tests: the memory they take. */
size_t domtable_bytes(const struct domtable *);
/* One of them, in the order of the text, to check them all. */
void domtable_at(const struct domtable *, size_t id, struct domtable_key *out);

/*
 * The keys that sign for a From domain, lower case, without a last dot; their number,
 * 0 when no pattern matches.  A domain that is no name in ASCII (mail/addr.h lets UTF-8
 * pass) matches nothing: no signature could name it.
 */
size_t domtable_find(const struct domtable *, struct str from,
    struct domtable_key out[DOMTABLE_KEYS_MAX]);

/* Keys as domtable_find() gave them: may that identity send as the domain? */
bool domtable_allows(const struct domtable_key *, size_t n, struct str user);

/* The same of any of all lines: asked where no From domain tells which ones count. */
bool domtable_names(const struct domtable *, struct str user);
/* Some line names identities. */
bool domtable_has_users(const struct domtable *);
/* Its file is another one for each From domain, so that no check can know them all. */
bool domtable_is_template(const struct domtable_key *);
/* Append the path of the key file.  For keys of one domain, from may be the pattern. */
void domtable_file(const struct domtable_key *, struct str from, struct buf *out);
/* What goes into d=. */
struct str domtable_domain(const struct domtable_key *, struct str from);

#endif
