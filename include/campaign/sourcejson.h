/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sourcejson.h - JSON in a header value, within bounds.  Pure.
 *
 * The header is a stranger's: the value has been unfolded, decoded and measured before
 * it reaches the parser (jansson), so that the sender can choose neither its size nor
 * its nesting.
 */
#ifndef METERMARK_CAMPAIGN_SOURCEJSON_H
#define METERMARK_CAMPAIGN_SOURCEJSON_H

#include <stddef.h>

#include "text/str.h"

#define SOURCE_JSON_BYTES ((size_t)16 * 1024)
#define SOURCE_JSON_DEPTH 4
#define SOURCE_JSON_KEYS 64

/* Why a value is not what its service takes. */
enum source_fault {
	SOURCE_FINE,
	SOURCE_TOO_LONG, /* the value */
	SOURCE_TOO_DEEP,
	SOURCE_TOO_MANY, /* keys, or values of JSON in one message */
	SOURCE_NO_JSON,
	SOURCE_NAME_LONG, /* the campaign's name */
	SOURCE_NAME_CHARS,
	SOURCE_TAG_LONG, /* a tag beside it, or a key */
	SOURCE_TAG_CHARS,
	SOURCE_TAGS_MANY,
	SOURCE_TAGS_LONG, /* all of them together */
	SOURCE_FAULTS
};
/* A word for the log, a sentence for the sender that follows the field's name. */
const char *source_fault_word(enum source_fault);
const char *source_fault_text(enum source_fault);

/*
 * A leaf of a document: text, numbers and truths as text; null is none.  keys: those on
 * the way to it, n of them; an array has none, its elements come one after another.
 * Borrowed.
 */
typedef void (*source_leaf_fn)(
    void *arg, const struct str *keys, size_t n, struct str value);
/*
 * Read the decoded value of a field, and call leaf for each leaf, top to bottom. Blanks
 * at its ends do not matter; an array whose quotes have backslashes before them, as
 * PHP's addslashes() leaves it, is read without them.
 */
enum source_fault source_json(struct str text, source_leaf_fn, void *arg);

#endif
