/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - the headers by which applications tag their mail, service by service.
 * Pure.
 *
 * source_table.c has the rows, source.c an index of those in use, and sourceread.c
 * reads a message by it.
 *
 * A program that was written for a sending service tags its mail as that service wants
 * it.  Each service is a row here: which fields it reads, which of them names the
 * campaign and which only adds tags, what counts when a field is repeated, what the
 * service would refuse, and which fields are commands to it that no recipient shall
 * see.  `metermark campaigns --sources` prints this table; a test compares
 * metermark.conf(5).
 *
 * Only what identifies a message is read.  Recipients, times, pools, templates and
 * switches for suppression lists stand in the same headers and are never obeyed.
 */
#ifndef METERMARK_CAMPAIGN_SOURCE_H
#define METERMARK_CAMPAIGN_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/buf.h"
#include "text/str.h"

#define SOURCES_MAX 64        /* rows of the table */
#define SOURCE_FIELDS_MAX 160 /* fields of all rows */

/* How the value of a field is written. */
enum source_form {
	SOURCE_COMMAND,      /* it is not read */
	SOURCE_TEXT,         /* one name */
	SOURCE_LIST,         /* names, commas between them */
	SOURCE_PAIRS,        /* name=value, commas between them */
	SOURCE_JSON,         /* see campaign/sourcejson.h */
	SOURCE_JSON_OR_TEXT, /* the same where it begins with a brace, else not read */
	SOURCE_FEEDBACK,     /* a:b:c:sender, counted from the right (Gmail) */
	SOURCE_LIST_ID,      /* phrase <label.namespace> (RFC 2919) */
	SOURCE_TRIPLE        /* campaign.list.subscriber */
};

/* Which instances of a field are read.  One that has nothing in it is not counted. */
enum source_repeat {
	SOURCE_FIRST,       /* the first names the campaign, all of them tag */
	SOURCE_FIRST_ALONE, /* the others are as good as not there */
	SOURCE_LAST_ALONE,
	SOURCE_MERGED /* all are one; of two entries of one name the first counts */
};

/* The bytes that a service takes. */
enum source_charset {
	SOURCE_ANY,
	SOURCE_ASCII,    /* printable */
	SOURCE_WORD,     /* letters, digits, _ - */
	SOURCE_DASH,     /* letters, digits, - */
	SOURCE_SPACED,   /* letters, digits, blank, _ - */
	SOURCE_PLUS,     /* letters, digits, _ + */
	SOURCE_LETTERS,  /* letters, _ */
	SOURCE_KEY,      /* letters, digits, _, but no _ in front */
	SOURCE_UNMARKED, /* any, but no _ in front */
	SOURCE_CHARSETS
};

/* What a service takes in names and tags; 0: as much as there is. */
struct source_limit {
	/* The key path of what is limited, as in tags below; "" is the value of TEXT
	 * and LIST.  The first limit whose path matches is the one that holds. */
	const char *entries;
	enum source_charset charset;
	uint16_t max; /* bytes of a value */
	enum source_charset key_charset;
	uint16_t key_max;
	uint16_t count; /* values, of a message or a document of JSON */
	uint16_t total; /* bytes of them all; of JSON with what stands between them */
	bool cut;       /* the service leaves out what is too much; else it refuses */
};
#define SOURCE_LIMITS_MAX 4 /* with a count or a total, of one source */

struct source_field {
	/* As the service writes it.  "X-Metadata-*" is any field that begins so, and
	 * its rest is a key; the longest name that fits is meant. */
	const char *name;
	enum source_form form;
	/*
	 * Where this field holds the campaign's name; NULL: it does not.  For TEXT,
	 * LIST, FEEDBACK, LIST_ID and TRIPLE write "".  For the other forms write key
	 * paths, preferred first, with a blank between: "category unique_args.@".  The
	 * last key of a path may be @, any of SOURCE_CAMPAIGN_KEYS; a path that is []
	 * is an element of an array that is the whole value.
	 */
	const char *campaign;
	/*
	 * Where this field holds tags; NULL: it holds none.  For TEXT and LIST write
	 * the key that the tag gets, or "".  For the other forms, and where name ends
	 * in *, write key paths as above; their last key may be *, any key.
	 */
	const char *tags;
	enum source_repeat repeat;
	bool removed; /* not sent on: all instances */
	/* NULL: none.  Two fields with the same ones have them together. */
	const struct source_limit *limits;
	uint8_t n_limits;
};

struct source {
	const char *id;    /* as in campaign.sources */
	const char *title; /* who writes it, for people */
	const struct source_field *fields;
	size_t n_fields;
};

/* The table, in the order of precedence that is the default. */
const struct source *source_table(size_t *n);
/* NULL when there is none of that id. */
const struct source *source_by_id(struct str id);

/*
 * A key path of the table, parsed.  It matches a value below exactly these keys; one
 * of depth 0 matches the value itself, or an element of an array that is the whole.
 */
#define SOURCE_PATH_MAX 2
struct source_rule {
	uint8_t depth;
	bool any_key;      /* the last key may be any */
	bool campaign_key; /* the last key is compared as source_key() does */
	struct str path[SOURCE_PATH_MAX];
};
#define SOURCE_RULES_MAX 256 /* rules of all rows */

/* A field of the sources that are in use. */
struct source_entry {
	struct str name; /* without the * */
	const struct source_field *field;
	const struct source *source;
	uint8_t rank; /* place of the source in the settings */
	/*
	 * Places of its rules in source_index.rules: first those for the campaign's
	 * name, then those for tags, then one for each limit of the field.
	 */
	uint16_t rules;
	uint8_t n_names, n_tags, n_limits;
};

/*
 * The fields of the sources in use, made for look-up by name.  Immutable once made; may
 * be shared by threads.
 */
struct source_index {
	size_t n, n_prefixes, n_rules;
	/* Of the letter that a name begins with: bit n, a name of n bytes; bit 63, any
	 * name of 63 or more, or one with that letter and a * at its end. */
	uint64_t lengths[26];
	struct source_entry v[SOURCE_FIELDS_MAX]; /* by name */
	uint8_t prefixes[SOURCE_FIELDS_MAX]; /* those that end in *, longest first */
	/*
	 * In the order of the table: of two rules of one source that find a name, the
	 * earlier one counts.  A path that ends in @ is one rule for each key it stands
	 * for.
	 */
	struct source_rule rules[SOURCE_RULES_MAX];
};

/* For the sources of these ids, in that order; unknown ids are ignored. */
void source_index_make(struct source_index *, char *const *ids, size_t n);
/* Place in v of what a field of that name is to us, or -1. */
int source_index_find(const struct source_index *, struct str name);

/* True if the value below these keys is what the rule means. */
bool source_rule_matches(const struct source_rule *, const struct str *keys, size_t n);

/*
 * The place, from 0, of a key in a list with a blank between; -1 if it is not there.
 * Case, - and _ are of no meaning: "campaignId" is "campaign_id".
 */
int source_key(struct str key, const char *list);
/* The keys that @ stands for, preferred first. */
#define SOURCE_CAMPAIGN_KEYS "campaign campaign_id campaign_name"

/* The first word of a list with a blank between, taken off it; "" at the end. */
struct str source_word(struct str *list);

/*
 * How a service names its campaigns, and what else, for people: append "X-SMTPAPI:
 * category, unique_args.campaign", with ", or " between fields.
 */
void source_show_campaign(const struct source *, struct buf *);
void source_show_tags(const struct source *, struct buf *);
/* Names of the fields that are removed, or else kept, with ", " between. */
void source_show_fields(const struct source *, bool removed, struct buf *);
/* What counts when the field that names the campaign is repeated. */
const char *source_show_repeat(const struct source *);
/* What the service takes, field by field. */
void source_show_limits(const struct source *, struct buf *);

#endif
