/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sourceread.h - the campaign and the tags of one message, from the sources in use.
 * Pure.
 *
 * source_scan() goes over the header once and keeps which fields matter; source_read()
 * reads them, source_strip() removes those that are commands.  What a service would
 * have refused is a fault: it is told and costs nothing else, unless the settings want
 * such mail rejected.
 */
#ifndef METERMARK_CAMPAIGN_SOURCEREAD_H
#define METERMARK_CAMPAIGN_SOURCEREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "campaign/camp.h"
#include "campaign/source.h"
#include "campaign/sourcejson.h"
#include "mail/hdr.h"
#include "text/arena.h"

#define SOURCE_TAGS_MAX 64      /* of a message; further ones are not kept */
#define SOURCE_TAG_BYTES 256    /* of a tag as text; the rest is cut */
#define SOURCE_DOCUMENTS_MAX 16 /* JSON values read in one message */

/* The fields of a message that are a source's.  8 KiB: on a stack. */
struct source_hits {
	size_t n;
	struct {
		uint16_t field; /* place in the header list */
		uint8_t entry;  /* place in the index */
		bool ignored;   /* another instance counts */
	} v[HDR_FIELDS_MAX];
};

void source_scan(
    const struct source_index *, const struct hdr *, struct source_hits *out);
/* Remove the fields that are commands to us or to a service, all instances. */
void source_strip(
    const struct source_index *, const struct source_hits *, struct hdr *);

struct source_found {
	/* What named the campaign; NULL: nothing did, and *name is untouched. */
	const struct source *source;
	const struct source_field *field;
	/* "key=value", or "value"; decoded, without controls. */
	const struct str *tags;
	size_t n_tags;
	struct str customer; /* canonical as a campaign is; "" when none */
	/* The first thing found wrong, and in which field; "" where nothing is. */
	enum source_fault fault;
	const char *fault_field;
};

/*
 * customers: keys of tags, best one first, whose value is the customer.  Memory is the
 * arena's; where there is none, tags are missing.
 */
void source_read(const struct source_index *, const struct source_hits *,
    const struct hdr *, char *const *customers, size_t n_customers, struct arena *,
    struct camp_name *name, struct source_found *out);

#endif
