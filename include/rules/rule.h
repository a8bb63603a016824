/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule.h - will Gmail, Yahoo, Outlook and Apple take this message?  The rules that the
 * message alone can tell.  Pure.
 *
 * A rule is a row of a table: id, title, where it is written, who demands it and how
 * much, a cure, and a check, which is a pure function over the facts of one message:
 * its header as it will leave, what was seen of its body, its signatures.  The daemon
 * runs the checks whose action is not off on every message and counts what failed;
 * `metermark check` runs all of them and asks for reasons.  To add a rule: a line in
 * RULE_LIST; a row in rule.c; a check in rule_header.c, _list, _auth or _body, declared
 * in rule_check.h (for a field that no rule reads yet also RULE_F_ and rule_facts.c;
 * for something that bodylook finds also rule_looks()); a message in tests/data/rules,
 * with a line each in its `expected` and `demands`; and metermark.conf(5).
 *
 * The facts are one message's and belong to one thread; the table is constant.
 */
#ifndef METERMARK_RULES_RULE_H
#define METERMARK_RULES_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/addr.h"
#include "mail/bodylook.h"
#include "mail/bodyscan.h"
#include "mail/envelope.h"
#include "mail/hdr.h"
#include "text/arena.h"
#include "text/buf.h"
#include "text/str.h"

/*
 * Name and id.  The id is what settings, logs, reports and the counters rule:ID:fail
 * call the rule: never change one.
 */
#define RULE_LIST(X)                                                                   \
 X(FROM, "from")                                                                       \
 X(FREEMAIL, "freemail-from")                                                          \
 X(DATE, "date")                                                                       \
 X(MESSAGE_ID, "message-id")                                                           \
 X(DUPLICATE, "duplicate-field")                                                       \
 X(TO, "to")                                                                           \
 X(ONE_RECIPIENT, "one-recipient")                                                     \
 X(NOREPLY, "noreply")                                                                 \
 X(LIST_ID, "list-id")                                                                 \
 X(FEEDBACK_ID, "feedback-id")                                                         \
 X(LIST_UNSUBSCRIBE, "list-unsubscribe")                                               \
 X(ONE_CLICK, "one-click")                                                             \
 X(ONE_CLICK_SIGNED, "one-click-signed")                                               \
 X(LINK, "unsubscribe-link")                                                           \
 X(DKIM, "dkim")                                                                       \
 X(ALIGNED, "dkim-aligned")                                                            \
 X(ENVELOPE, "envelope-aligned")                                                       \
 X(LONG_HEADER, "long-header")                                                         \
 X(HEADER_SIZE, "header-size")                                                         \
 X(HEADER_8BIT, "8bit-header")                                                         \
 X(CONTROL, "control-header")                                                          \
 X(MIME, "mime-version")                                                               \
 X(LONG_LINE, "long-line")                                                             \
 X(LINE_END, "bare-line-end")                                                          \
 X(NUL, "nul")                                                                         \
 X(BODY_8BIT, "8bit-body")                                                             \
 X(HTML_ONLY, "html-only")                                                             \
 X(CLIP, "clip")

#define RULE_ENUM(name, id) RULE_##name,
enum rule_index { RULE_LIST(RULE_ENUM) RULES /* how many there are */ };
#undef RULE_ENUM
_Static_assert(RULES <= 64, "a set of rules is a uint64_t");

/* Who demands. */
enum rule_provider {
	RULE_GMAIL,
	RULE_YAHOO,
	RULE_OUTLOOK,
	RULE_APPLE,
	RULE_RFC,
	RULE_PROVIDERS
};
/* "gmail", and "Gmail". */
const char *rule_provider_id(enum rule_provider);
const char *rule_provider_title(enum rule_provider);

/* How much. */
enum rule_demand {
	RULE_NOT_ASKED,
	RULE_WANTED,  /* advised, or held against the sender: a warning */
	RULE_DEMANDED /* mail is refused, or sorted out, without it */
};

enum rule_verdict { RULE_OK, RULE_BAD, RULE_NOT_APPLICABLE };

/* What the milter does about a message that fails. */
enum rule_action {
	RULE_UNSET, /* in a stream: as at the top level; there: count */
	RULE_OFF,
	RULE_COUNT,
	RULE_WARN, /* and a line in the log at level warn */
	RULE_HOLD, /* put it into quarantine */
	RULE_TEMPFAIL,
	RULE_REJECT
};

struct rule_actions {
	uint8_t of[RULES]; /* enum rule_action */
};

/* ==== Facts ==== */

/* Fields that rules ask for by name. */
enum rule_field {
	RULE_F_FROM,
	RULE_F_SENDER,
	RULE_F_REPLY_TO,
	RULE_F_TO,
	RULE_F_CC,
	RULE_F_BCC,
	RULE_F_SUBJECT,
	RULE_F_DATE,
	RULE_F_MESSAGE_ID,
	RULE_F_IN_REPLY_TO,
	RULE_F_REFERENCES,
	RULE_F_MIME_VERSION,
	RULE_F_CONTENT_TYPE,
	RULE_F_ENCODING,
	RULE_F_LIST_ID,
	RULE_F_LIST_UNSUBSCRIBE,
	RULE_F_LIST_POST,
	RULE_F_LIST_HELP,
	RULE_F_LIST_OWNER,
	RULE_F_LIST_SUBSCRIBE,
	RULE_F_LIST_ARCHIVE,
	RULE_F_LIST_UNSUBSCRIBE_POST,
	RULE_F_FEEDBACK_ID,
	RULE_F_DKIM_SIGNATURE,
	RULE_FIELDS
};
/* "List-Unsubscribe". */
const char *rule_field_name(enum rule_field);

#define RULE_SIGNATURES_MAX 16

/* A signature that the message has, or will have. */
struct rule_signature {
	struct str domain;   /* d= */
	struct str selector; /* s=; "" where it is not known */
	struct str names;    /* h=, colons between; unused if ours */
	bool ours;           /* it covers what mail/signset.h says */
	bool ed25519;        /* by its a=; if ours, each of the domain's */
};

struct rule_facts {
	/* Given.  Borrowed, all of it. */
	const struct hdr *hdr;
	const struct bodyscan *scan;
	const struct bodylook *look;
	struct arena *arena;             /* for the work of the checks */
	const struct envelope *envelope; /* as received */
	struct str sender_domain; /* of the sender that leaves; "": null, unknown */
	bool transactional;       /* nobody can unsubscribe from it */

	/* Made by rule_facts_finish(), which adds the header's signatures to sig. */
	size_t count[RULE_FIELDS];
	const struct hdr_field *first[RULE_FIELDS];
	struct rule_signature sig[RULE_SIGNATURES_MAX]; /* give ours here */
	size_t n_sig;
	size_t header_bytes;
	bool long_header; /* a line over 998 bytes */
	/* One each with 8-bit bytes, a NUL, a CR that no LF follows, another control
	 * character; NULL: none. */
	const struct hdr_field *raw, *nul, *bare_cr, *control;
	enum addr_result from;    /* of its only From */
	struct addr_box from_box; /* its first mailbox; when from is ADDR_OK */
	size_t from_boxes;
};

/*
 * The host of the first https address of List-Unsubscribe, for bodylook_init(); ""
 * where there is none.  Points into the header.
 */
struct str rule_unsubscribe_host(const struct hdr *);

/* After what is given is set, and before any check. */
void rule_facts_finish(struct rule_facts *);

/* ==== Rules ==== */

struct rule {
	const char *id;
	const char
	    *title; /* what a message that passes does; a sentence without its period */
	const char *reference;          /* section of an RFC, or whose page */
	const char *cure;               /* one sentence */
	uint8_t demand[RULE_PROVIDERS]; /* enum rule_demand */
	/* why: NULL, or gets half a sentence about what was found. */
	enum rule_verdict (*check)(const struct rule_facts *, struct buf *why);
};

const struct rule *rule_at(size_t i);
/* The index of an id; RULES when it is none. */
size_t rule_find(struct str id);
/* Its counter in Redis: "rule:one-click:fail". */
const char *rule_counter(size_t i);

/* What is to be done where stream may be NULL. */
enum rule_action rule_action(
    const struct rule_actions *top, const struct rule_actions *stream, size_t i);

/* The set of the rules that are not off, bit i for rule i. */
uint64_t rule_on(const struct rule_actions *top, const struct rule_actions *stream);
/* Whether a rule of the set asks what mail/bodylook.h saw. */
bool rule_looks(uint64_t on);

/* Run all checks that are not off; the set of those that failed, bit i for rule i. */
uint64_t rule_run(const struct rule_facts *, const struct rule_actions *top,
    const struct rule_actions *stream);
/*
 * The rule of a set that decides, by its action (reject before tempfail before hold
 * before warn), RULES when none asks for more than counting.
 */
size_t rule_worst(
    uint64_t failed, const struct rule_actions *top, const struct rule_actions *stream);

#endif
