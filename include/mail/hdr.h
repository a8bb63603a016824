/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hdr.h - the header of one message: the fields as received, and what becomes of each.
 * Pure.
 *
 * There is one list and no second copy: an edit marks its field, so that the list read
 * from top to bottom is the header as it will leave (what the signer is fed), and the
 * marks are the edits to be carried out at end of message (mail/plan.h).  The two
 * cannot disagree.
 *
 * Values carry everything after the colon, the usual leading space included
 * (SMFIP_HDR_LEADSPC), with LF before folds.  Names and values live in the arena given
 * at the start.
 */
#ifndef METERMARK_MAIL_HDR_H
#define METERMARK_MAIL_HDR_H

#include <stdbool.h>
#include <stddef.h>

#include "text/arena.h"
#include "text/str.h"

#define HDR_FIELDS_MAX 1000

enum hdr_state { HDR_KEPT, HDR_CHANGED, HDR_REMOVED, HDR_ADDED };

struct hdr_field {
	struct str name;
	struct str value;    /* as it will leave */
	struct str received; /* as it came, for hdr_revert() */
	enum hdr_state state;
	bool no_sign;   /* the MTA will spoil it: leave it out of the signature */
	bool if_signed; /* ours, and only for mail that leaves signed */
};

struct hdr {
	struct hdr_field *v; /* received ones first, top to bottom; then added ones */
	size_t n;
	size_t n_received; /* v[0] to v[n_received - 1] came from the MTA */
	size_t cap;
	size_t received_bytes; /* on the wire: names, colons, values, CRLFs */
	bool incomplete;       /* a field was received that the list could not take */
	bool no_memory;        /* and no limit of ours was the reason */
	struct arena *arena;   /* borrowed */
};

void hdr_init(struct hdr *, struct arena *);
void hdr_fini(struct hdr *);
/* Empty again; the arena is the caller's to reset. */
void hdr_reset(struct hdr *);

/* A field as received, copied.  -1 when a limit or memory is reached, now or before. */
int hdr_receive(struct hdr *, struct str name, struct str value);
/* A new field at the end.  -1 as above. */
int hdr_append(struct hdr *, struct str name, struct str value);
/* A new value for a field that stands in the list; value must live as long as the
 * arena. */
void hdr_change(struct hdr_field *, struct str value);
void hdr_remove(struct hdr_field *);
/* Forget all edits: what was received will leave as it came, with nothing added. */
void hdr_revert(struct hdr *);
/* No signature will be on it: what is only for signed mail goes. */
void hdr_unsigned(struct hdr *);
/* Remove every instance; how many there were. */
size_t hdr_remove_all(struct hdr *, struct str name);

/* Fields of that name still there, ASCII case folded. */
size_t hdr_count(const struct hdr *, struct str name);
/* The first of them; NULL when there is none. */
struct hdr_field *hdr_first(const struct hdr *, struct str name);
/* The value of that one; "" when there is none.  Borrowed. */
struct str hdr_value(const struct hdr *, struct str name);

/*
 * The instance number that the milter protocol wants for field i: its place from 1
 * among the fields of its name as received, removed ones included.  0 for an added
 * field.
 */
unsigned hdr_index(const struct hdr *, size_t i);

/* No byte in it that could break a header or a signature: controls but tab and LF, or
 * DEL. */
bool hdr_value_clean(struct str value);

#endif
