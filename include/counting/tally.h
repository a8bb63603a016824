/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally.h - what is counted: the deltas of one message, and their sums until Redis has
 * them.  Pure.
 *
 * A message ends in one struct tally_delta, plain values that a journal can write down
 * as they are.  A tally sums deltas per campaign and hour: its size goes with distinct
 * campaigns and hours, not with messages.  Each delta is added twice, under its
 * campaign and under "_all".  Not thread-safe; journal/outbox.c puts a lock around one.
 */
#ifndef METERMARK_COUNTING_TALLY_H
#define METERMARK_COUNTING_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "campaign/camp.h"
#include "counting/hll.h"
#include "rules/provider.h"
#include "rules/rule.h"
#include "text/namemap.h"
#include "text/str.h"

/*
 * The counters, as metermark(1) has them below OUTPUT.  Those of providers and of rules
 * follow after these.
 *
 * To add a counter: a name here before TALLY_FIXED, its field name in tally.c, a line
 * in count() of message/txn.c, its help in cli/stats/stats_prom.c, and metermark(1).
 * The order is free: journals hold names (counting/jpack.h).
 */
enum tally_counter {
	TALLY_MESSAGES,      /* accepted; = signed + unsigned */
	TALLY_RECIPIENTS,    /* of accepted messages */
	TALLY_BYTES,         /* of accepted messages: header and body as received */
	TALLY_SIGNED,        /* accepted with every signature asked for */
	TALLY_UNSIGNED,      /* accepted without */
	TALLY_SIGN_FAILED,   /* attempts to sign that failed, whatever became of the
	                        message */
	TALLY_PARTLY_SIGNED, /* signed, but a field Sendmail would cut had to be left
	                        out */
	TALLY_REJECTED,      /* attempts we refused for good */
	TALLY_TEMPFAILED,    /* attempts we refused for now */
	TALLY_BAD_SOURCE, /* with a tag header that its service would refuse, whatever
	                     became of the message */
	TALLY_FIXED       /* how many there are */
};
/* Recipients of that enum provider. */
#define TALLY_PROVIDER(provider) ((unsigned)TALLY_FIXED + (unsigned)(provider))
/* Messages that the rules were run on, and how many of them failed each rule. */
#define TALLY_INSPECTED TALLY_PROVIDER(PROVIDERS)
#define TALLY_RULES (TALLY_INSPECTED + 1)
#define TALLY_COUNTERS (TALLY_RULES + RULES)

/* Field name in Redis of counter i, 0 <= i < TALLY_COUNTERS: "messages",
 * "p:gmail:recipients". */
const char *tally_counter_name(size_t i);
/* The index of a field name; TALLY_COUNTERS when it is none. */
size_t tally_counter_find(struct str name);

/* One message's contribution. */
struct tally_delta {
	struct camp_name campaign;
	int64_t when; /* unix seconds, the message's time */
	int64_t n[TALLY_COUNTERS];
	size_t n_rcpt; /* hashed recipients, HLL_ELEMENT_BYTES each, borrowed */
	const uint8_t (*rcpt)[HLL_ELEMENT_BYTES];
};

/* Sums of one campaign in one UTC hour. */
struct tally_hour {
	int64_t hour;        /* unix seconds / 3600 */
	int64_t first, last; /* unix seconds of the earliest and latest message */
	int64_t n[TALLY_COUNTERS];
	struct tally_hour *next;
};

/*
 * Sums of one campaign: hours oldest first.  An entry without hours, or with an empty
 * rcpt, is what memory running out in tally_add() leaves: it means nothing.
 */
struct tally_entry {
	struct camp_name campaign;
	struct tally_hour *hours;
	struct hll *rcpt;         /* NULL when no recipients were added */
	struct tally_entry *next; /* in no particular order */
};

struct tally;

/*
 * An empty tally that holds at most max_entries campaigns, `_all` and `_other` not
 * counted, and at most max_hours (1 or more) hours a campaign; NULL when out of memory.
 * seed: random bytes, so that nobody can choose names that make it slow.
 */
struct tally *tally_new(
    size_t max_entries, size_t max_hours, const uint8_t seed[NAMEMAP_SEED_BYTES]);
void tally_free(struct tally *);

/*
 * Add a delta under its campaign and under "_all".  Where the tally is full a new
 * campaign counts as "_other", an hour too many goes to the newest hour kept: sums stay
 * right. 0, or -1 when out of memory: then nothing was added at all (all or nothing),
 * for the caller to count as lost.
 */
int tally_add(struct tally *, const struct tally_delta *);

/* Put everything of src into dst; src is empty after.  0 or -1: what did not fit stays
 * in src. */
int tally_merge(struct tally *dst, struct tally *src);

/*
 * Messages in a heap of entries, refused ones included.  A message is in its campaign's
 * entry and in _all's, which may part ways: the greater sum is how many are not whole.
 */
struct tally_weight {
	uint64_t campaigns, all;
};
void tally_weigh_entry(struct tally_weight *, const struct tally_entry *);
void tally_weigh(struct tally_weight *, const struct tally *);
uint64_t tally_weight_messages(const struct tally_weight *);

/* Take out one entry, any; NULL when empty.  Free with tally_entry_free(). */
struct tally_entry *tally_take(struct tally *);
/* Take out that campaign's; NULL when it has none. */
struct tally_entry *tally_take_one(struct tally *, struct str campaign);
void tally_entry_free(struct tally_entry *);
/*
 * Put an entry that tally_take() gave, of this tally or another, back in, summing with
 * what is there.  Takes ownership on 0; -1 when out of memory, nothing has changed.
 */
int tally_give(struct tally *, struct tally_entry *);

/*
 * An entry from parts, for tally_give(): empty, then hours put in, each once, in any
 * order.  NULL when out of memory.  The hour's sums are zero, first and last those of
 * its begin.
 */
struct tally_entry *tally_entry_new(const struct camp_name *);
struct tally_hour *tally_entry_hour(struct tally_entry *, int64_t hour);
/*
 * As tally_give() does it for a campaign too many: an entry that would become "_other"
 * there is renamed.  So its name can be written down before it is given.
 */
void tally_rename(struct tally *, struct tally_entry *);
/* Another max_entries; what is there stays. */
void tally_limit(struct tally *, size_t max_entries);
/* Messages that count as "_other" because the tally was full, since it was made. */
uint64_t tally_crowded(const struct tally *);

/* First entry, then along ->next, to look at without taking; NULL when empty. */
const struct tally_entry *tally_first(const struct tally *);
size_t tally_entries(const struct tally *);

/*
 * Where deltas go.  put() is called from the milter callbacks: it must not block on
 * network, disk or a lock that is held over either.  0, or -1 when the delta is lost
 * (the sink has logged or counted that).
 */
struct tally_sink {
	int (*put)(void *self, const struct tally_delta *);
	void *self;
};

#endif
