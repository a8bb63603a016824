/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_load.c - what an earlier life left on disk, read back.  See journal/store.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/store_parts.h"
#include "system/clock.h"
#include "system/logger.h"
#include "text/line.h"

struct load {
	struct store *store;
	struct jpack_schema schema;
	struct lanes_time now;
	uint64_t covers;
	uint64_t number;  /* of the next record; 0: there was none yet */
	uint64_t refused; /* records that could not be read, messages left out */
};

/* A damaged entry is a lost record; -1: out of memory. */
static int
no_entry(struct load *l, const struct jpack *j)
{
	if (!j->bad)
		return -1;
	l->refused++;
	return 0;
}

static void
raise_covers(struct load *l, uint64_t covers)
{
	if (covers > l->covers)
		l->covers = covers;
}

static int
load_open(struct load *l, struct jpack *j)
{
	uint64_t covers = jpack_get_u(j);
	struct tally_entry *e = jpack_get_entry(j, &l->schema);

	if (e == NULL)
		return no_entry(l, j);
	raise_covers(l, covers);
	if (tally_give(l->store->open, e) == 0)
		return 0;
	tally_entry_free(e);
	return -1;
}

static int
load_batch(struct load *l, struct jpack *j)
{
	struct lanes *lanes = l->store->lanes;
	uint64_t covers = jpack_get_u(j), seq = jpack_get_u(j), prev = jpack_get_u(j);
	int64_t sealed_ms = jpack_get_s(j);
	uint64_t flags = jpack_get_u(j);
	struct tally_entry *e = jpack_get_entry(j, &l->schema);
	struct lanes_time when = { .wall_ms = sealed_ms };
	struct str name;
	int r;

	if (e == NULL)
		return no_entry(l, j);
	raise_covers(l, covers);
	name = str_make(e->campaign.name, e->campaign.len);
	/*
	 * The time of the acknowledgement is not written, but it is not before the
	 * sealing.
	 */
	when.mono_ms = l->now.mono_ms;
	if (sealed_ms < l->now.wall_ms)
		when.mono_ms -= l->now.wall_ms - sealed_ms;
	if ((flags & STORE_RENUMBERED) != 0)
		lanes_drop_last(lanes, name);
	else if ((flags & (STORE_ACKED | STORE_PENDING)) == 0)
		lanes_acknowledge_one(lanes, name, when.mono_ms);
	tally_entry_free(tally_take_one(l->store->open, name));
	r = lanes_restore(lanes, e, seq, prev, (flags & STORE_ACKED) != 0, when) == NULL
	    ? -1
	    : 0;
	tally_entry_free(e);
	return r;
}

static int
load_ack(struct load *l, struct jpack *j)
{
	int64_t at_ms = jpack_get_s(j), mono_ms = l->now.mono_ms;
	uint64_t seq = jpack_get_u(j), n = jpack_get_u(j);
	uint64_t *but = n > j->n ? NULL : calloc((size_t)n + 1, sizeof *but);

	if (but == NULL && n <= j->n)
		return -1;
	for (uint64_t i = 0; but != NULL && i < n; i++)
		but[i] = jpack_get_u(j);
	if (at_ms < l->now.wall_ms)
		mono_ms -= l->now.wall_ms - at_ms;
	if (but != NULL && !j->bad)
		lanes_acknowledge(l->store->lanes, seq, but, (size_t)n, mono_ms);
	else
		l->refused++;
	free(but);
	return 0;
}

static int
load_name(struct load *l, struct jpack *j)
{
	int64_t first = jpack_get_s(j), last = jpack_get_s(j);
	struct str name = jpack_get_text(j);

	if (j->bad || name.len == 0 || name.len > CAMP_NAME_MAX) {
		l->refused++;
		return 0;
	}
	if (names_learn(l->store->names, name, first, last) != 0)
		return -1;
	return outbox_learn(l->store->outbox, name, first, last);
}

static void
load_place(struct load *l, struct jpack *j)
{
	struct str place = jpack_get_text(j);
	struct store *s = l->store;

	/* Another one than before: see store_moved(). */
	if (s->place[0] != '\0' && !str_eq(str_of(s->place), place))
		lanes_moved(s->lanes);
	snprintf(s->place, sizeof s->place, "%.*s", (int)place.len, place.p);
}

static void
load_forget(struct load *l, struct jpack *j)
{
	struct str campaign = jpack_get_text(j);
	uint64_t upto = jpack_get_u(j);

	if (j->bad)
		l->refused++;
	else
		lanes_drop(l->store->lanes, campaign, upto);
}

/*
 * Records are missing.  One of them may be the batch that these sums went into, and
 * Redis may have that: what is lost is known, what is counted twice would not be.
 */
static void
drop_open(struct load *l)
{
	struct tally_weight w = { 0, 0 };
	struct tally_entry *e;

	tally_weigh(&w, l->store->open);
	l->refused += tally_weight_messages(&w);
	while ((e = tally_take(l->store->open)) != NULL)
		tally_entry_free(e);
}

static int
load_record(void *arg, const struct jrec *r)
{
	struct load *l = arg;
	struct jpack j = { .p = r->p, .n = r->n };
	uint64_t next;

	if (l->number != 0 && r->number != l->number)
		drop_open(l);
	l->number = r->number + 1;
	switch ((enum jrec_type)r->type) {
	case JREC_SCHEMA:
		l->refused += jpack_get_schema(&j, &l->schema) != 0;
		return 0;
	case JREC_OPEN:
		return load_open(l, &j);
	case JREC_BATCH:
		return load_batch(l, &j);
	case JREC_ACK:
		return load_ack(l, &j);
	case JREC_NAME:
		return load_name(l, &j);
	case JREC_PLACE:
		load_place(l, &j);
		return 0;
	case JREC_FORGET:
		load_forget(l, &j);
		return 0;
	case JREC_COMMIT:
		raise_covers(l, jpack_get_u(&j));
		next = jpack_get_u(&j);
		if (!j.bad && next > 0)
			lanes_raise(l->store->lanes, next - 1);
		return 0;
	case JREC_DELTA:
		break;
	}
	l->refused++;
	return 0;
}

static int
take_delta(void *arg, const struct tally_delta *d)
{
	return outbox_replay(arg, d);
}

static int
count_delta(void *arg, const struct tally_delta *d)
{
	*(uint64_t *)arg += (uint64_t)(d->n[TALLY_MESSAGES] + d->n[TALLY_REJECTED] +
	    d->n[TALLY_TEMPFAILED]);
	return 0;
}

/*
 * For a journal without its ledger nobody knows how much of it Redis has.  It is set
 * aside: a known loss is better than counting twice unnoticed.
 */
static int
refuse_journal(struct store *s, uint64_t *next, char *err, size_t errlen)
{
	uint64_t messages = 0;

	if (journal_replay(s->set.dir, s->set.producer, 1, count_delta, &messages,
		&s->found, err, errlen) != 0)
		return -1;
	*next = s->found.next;
	if (s->found.files == NULL)
		return 0;
	journal_spoil(&s->found);
	s->damaged += messages;
	log_error(LINE_NOQUEUE
	    ": journal-without-ledger messages=%llu: they may be in Redis or not; they are not counted, the files are set aside",
	    (unsigned long long)messages);
	return 0;
}

static void
say_found(const struct store *s, const struct load *l, const struct ledger_found *lf)
{
	const struct journal_found *jf = &s->found;
	struct tally_weight w = { 0, 0 };

	lanes_weigh(s->lanes, &w);
	tally_weigh(&w, s->open);
	log_info(LINE_NOQUEUE
	    ": journal-read segments=%zu records=%llu torn=%zu in_ledger=%llu names=%zu",
	    jf->segments, (unsigned long long)jf->records, jf->torn,
	    (unsigned long long)tally_weight_messages(&w), names_count(s->names));
	if (jf->missing + lf->missing + l->refused + jf->bad == 0)
		return;
	log_error(LINE_NOQUEUE
	    ": journal-damaged records_lost=%llu ledger_records_lost=%llu files_set_aside=%zu: the disk, or somebody, has changed them",
	    (unsigned long long)jf->missing,
	    (unsigned long long)(lf->missing + l->refused), jf->bad);
}

int
store_load(struct store *s, uint64_t *next, char *err, size_t errlen)
{
	struct load l = { .store = s,
		.now = { .mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms() },
		.covers = 1 };
	struct ledger_found lf;

	jpack_schema_init(&l.schema);
	/*
	 * If a limit changed a name now, its sums would be open under another name than
	 * that of their batch, and would count again.
	 */
	tally_limit(s->open, SIZE_MAX);
	if (ledger_read(
		s->set.dir, s->set.producer, load_record, &l, &lf, err, errlen) != 0)
		return -1;
	tally_limit(s->open, outbox_max_entries(s->outbox));
	if (!lf.there) {
		if (lf.aside)
			ledger_set_aside(s->set.dir);
		return refuse_journal(s, next, err, errlen);
	}
	if (journal_replay(s->set.dir, s->set.producer, l.covers, take_delta, s->outbox,
		&s->found, err, errlen) != 0)
		return -1;
	if (s->found.out_of_memory) {
		snprintf(err, errlen, "out of memory");
		return -1;
	}
	if (lf.damages > 0 || l.refused > 0)
		ledger_set_aside(s->set.dir);
	s->damaged += s->found.missing + lf.missing + l.refused;
	*next = s->found.next;
	say_found(s, &l, &lf);
	return 0;
}
