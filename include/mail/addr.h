/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addr.h - the addresses in header fields and on envelopes, taken apart.  Pure.
 *
 * Reads what RFC 5322 3.4 and its obsolete form (4.4) allow and what MTAs let pass
 * besides: dots and @ in an unquoted display name, doubled dots in a local part, ; as a
 * separator, a group without its end, raw 8-bit bytes.  Text that could be read in two
 * ways (two addresses without a comma, unbalanced quotes, comments or brackets, control
 * characters) is malformed, never guessed.  No recursion, work linear in the length.
 * All state is the caller's.
 */
#ifndef METERMARK_MAIL_ADDR_H
#define METERMARK_MAIL_ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "text/arena.h"
#include "text/str.h"

/* Longer field values are malformed, whatever is in them; bytes. */
#define ADDR_VALUE_MAX ((size_t)65536)
/* RFC 1035 2.3.4, without the last dot; RFC 5321 4.5.3.1; bytes. */
#define ADDR_DOMAIN_MAX ((size_t)253)
#define ADDR_LOCAL_MAX ((size_t)64)
#define ADDR_SPEC_MAX ((size_t)254)

enum addr_result {
	ADDR_OK,
	ADDR_EMPTY,      /* no mailbox at all: blank, "<>", a group without members */
	ADDR_SEVERAL,    /* mailboxes that do not share one domain */
	ADDR_NO_DOMAIN,  /* a mailbox without @domain */
	ADDR_LITERAL,    /* user@[192.0.2.1] */
	ADDR_BAD_DOMAIN, /* what follows the @ cannot be a domain name */
	ADDR_MALFORMED,  /* cannot be read in one certain way */
	ADDR_NO_MEMORY,
};

/*
 * One mailbox.  name, local and domain are decoded: comments, folds and quoting are
 * gone, words of the name are joined by one blank where white space stood.  Encoded
 * words (RFC 2047) stay as they are.  They live as long as the arena, group and raw as
 * long as the value.
 */
struct addr_box {
	struct str name;  /* display name, "" when there is none */
	struct str local; /* "" only for <> */
	struct str
	    domain; /* as written, a last dot included; "[...]" for a literal; or "" */
	struct str
	    group;      /* name of the group around it, as written; "" outside groups */
	struct str raw; /* the mailbox as written, without the comma */
	bool angle;     /* the address stood in <> */
};

/* An iterator over the value of one header field; for the caller to place. */
struct addr_list {
	const char *at;
	const char *end;
	char *out; /* where the next decoded byte goes */
	struct str group;
	bool in_group;
	enum addr_result state;
};

/*
 * Begin with the value of From, To, … .  Takes value.len bytes from the arena, once;
 * value must live as long as the list is used.  Errors show at the first
 * addr_list_next().
 */
void addr_list_init(struct addr_list *, struct str value, struct arena *);

/*
 * The next mailbox.  ADDR_OK and box is filled; ADDR_EMPTY: there is no further one;
 * ADDR_MALFORMED or ADDR_NO_MEMORY: over, and those already given are not to be trusted
 * as the whole list.  Once over, it answers the same again.
 */
enum addr_result addr_list_next(struct addr_list *, struct addr_box *box);

/*
 * The one domain that a From value speaks for, ASCII letters in lower case, no last
 * dot, copied into the arena.  Several mailboxes (RFC 5322 3.6.2) speak for a domain
 * only if all share it; of mailboxes at fault the first says why.  *domain is "" unless
 * ADDR_OK.
 */
enum addr_result addr_from_domain(struct str value, struct arena *, struct str *domain);

/* An envelope path taken apart; slices of the argument, quoting kept. */
struct addr_path {
	struct str local;
	struct str domain; /* "" when there is none; a last dot is left out */
};

/*
 * A path as a milter gets it: "<a@b>", "a@b" or, for the null sender, "<>" and "".
 * A source route (RFC 5321 C) is dropped.  ADDR_OK, ADDR_EMPTY for the null sender,
 * ADDR_NO_DOMAIN (local is set), ADDR_LITERAL (both are set), ADDR_MALFORMED.
 */
enum addr_result addr_path(struct str arg, struct addr_path *out);

/*
 * Can this be a domain name?  Labels of letters, digits, - and _ (A-labels among them),
 * 1 to 63 bytes, or of UTF-8 (U-labels, RFC 5890), at most 253 bytes, the last label
 * not a number.  No last dot.
 */
bool addr_domain_ok(struct str domain);

/*
 * Is local@domain safe to hand to an MTA as an envelope address?  ASCII only; local is
 * a dot-atom or a quoted string without blanks and angle brackets, at most 64 bytes;
 * 254 bytes in all.  Stricter than RFC 5321 on purpose: smfi_chgfrom answers success
 * for anything, and MTAs then send what they make of it.
 */
bool addr_spec_ok(struct str spec);

#endif
