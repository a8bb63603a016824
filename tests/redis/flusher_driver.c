/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flusher_driver.c - outbox and flusher without a milter, told what to do on stdin.
 *
 * Not a test by itself: flusher.t starts it beside a private Redis, mishandles the
 * server meanwhile, and compares what is in Redis with the ledger that is kept here.
 *
 *     add CAMPAIGN COUNT WHEN RCPT...  COUNT messages to each of the recipients
 * (numbers) kind rejected|tempfailed CAMPAIGN COUNT WHEN      COUNT refused messages
 *     storm MS          four threads count as fast as a busy relay, for so long
 *     wait MS           until nothing is pending: "drained" or "pending N"
 *     stats             the flusher's figures
 *     set URL PREFIX    other settings
 *     ledger            what must be in Redis, then "end"
 *     forget            empty the ledger
 *     sketch N          a HyperLogLog of recipients 0 to N-1, in hex
 *     stop MS           "missing N", and the end
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "edge/clock.h"
#include "edge/crypto.h"
#include "edge/flusher.h"
#include "edge/logger.h"
#include "edge/outbox.h"

#define THREADS 4
#define ROWS 512
#define RCPT_IDS 8192
#define WORDS 256

/* One campaign in one hour, as it must be. */
struct row {
	char campaign[CAMP_NAME_MAX + 1];
	int64_t hour, first, last;
	int64_t n[TALLY_COUNTERS];
	unsigned char rcpt[RCPT_IDS]; /* which recipients */
};

static pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static struct row ledger[ROWS]; /* guarded by ledger_lock */
static size_t n_rows;           /* too */
static struct outbox *outbox;
static struct tally_sink sink;

static void
die(const char *what)
{
	fprintf(stderr, "flusher_driver: %s\n", what);
	exit(2);
}

static struct row *
row_for(const char *campaign, int64_t hour, int64_t when)
{
	for (size_t i = 0; i < n_rows; i++)
		if (ledger[i].hour == hour && strcmp(ledger[i].campaign, campaign) == 0)
			return &ledger[i];
	if (n_rows == ROWS)
		die("the ledger is full");
	memset(&ledger[n_rows], 0, sizeof ledger[n_rows]);
	snprintf(ledger[n_rows].campaign, sizeof ledger[0].campaign, "%s", campaign);
	ledger[n_rows].hour = hour;
	ledger[n_rows].first = ledger[n_rows].last = when;
	return &ledger[n_rows++];
}

static void
write_down(const struct tally_delta *d, const unsigned *ids)
{
	struct row *r;

	pthread_mutex_lock(&ledger_lock);
	r = row_for(d->campaign.name, d->when / 3600, d->when);
	for (size_t i = 0; i < TALLY_COUNTERS; i++)
		r->n[i] += d->n[i];
	for (size_t i = 0; i < d->n_rcpt; i++)
		r->rcpt[ids[i]] = 1;
	if (d->when < r->first)
		r->first = d->when;
	if (d->when > r->last)
		r->last = d->when;
	pthread_mutex_unlock(&ledger_lock);
}

/* A recipient's pseudonym. */
static void
pseudonym(unsigned id, uint8_t out[HLL_ELEMENT_BYTES])
{
	uint8_t digest[32];
	char text[16];

	snprintf(text, sizeof text, "%u", id);
	crypto_sha256(text, strlen(text), digest);
	memcpy(out, digest, HLL_ELEMENT_BYTES);
}

static void
put(struct tally_delta *d, const char *campaign, const unsigned *ids)
{
	uint8_t rcpt[WORDS][HLL_ELEMENT_BYTES];

	snprintf(d->campaign.name, sizeof d->campaign.name, "%s", campaign);
	d->campaign.len = strlen(d->campaign.name);
	snprintf(d->campaign.sent, sizeof d->campaign.sent, "Sent %s", campaign);
	d->campaign.sent_len = strlen(d->campaign.sent);
	for (size_t i = 0; i < d->n_rcpt; i++)
		pseudonym(ids[i], rcpt[i]);
	d->rcpt = (const uint8_t(*)[HLL_ELEMENT_BYTES])rcpt;
	if (sink.put(sink.self, d) != 0)
		die("the outbox refused a delta");
	write_down(d, ids);
}

static void
accept_one(const char *campaign, int64_t when, const unsigned *ids, size_t n)
{
	struct tally_delta d = { .when = when, .n_rcpt = n };

	d.n[TALLY_MESSAGES] = 1;
	d.n[TALLY_RECIPIENTS] = (int64_t)n;
	d.n[TALLY_BYTES] = 2000 + when % 100;
	d.n[when % 7 == 0 ? TALLY_UNSIGNED : TALLY_SIGNED] = 1;
	d.n[TALLY_FIXED + (size_t)when % PROVIDERS] = (int64_t)n;
	put(&d, campaign, ids);
}

static void *
storm(void *arg)
{
	static const char *const names[] = { "big", "alpha", "beta", "none", "_other" };
	int64_t end = clock_mono_ms() + *(const int *)arg;
	int64_t base = 1795000000;
	uint64_t x = (uint64_t)clock_mono_us() | 1;
	char name[32];

	while (clock_mono_ms() < end) {
		unsigned ids[3];
		size_t n = 1 + x % 3, which = x / 3 % 6;

		for (size_t i = 0; i < 3; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			ids[i] = (unsigned)(x % (which == 0 ? RCPT_IDS : 40));
		}
		if (which == 5)
			snprintf(name, sizeof name, "many-%u", (unsigned)(x / 7 % 30));
		else
			snprintf(name, sizeof name, "%s", names[which]);
		accept_one(name, base + (int64_t)(x / 11 % 20) * 1200, ids, n);
		if (x % 64 == 0)
			nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
	}
	return NULL;
}

static void
run_storm(int ms)
{
	pthread_t t[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, storm, &ms) != 0)
			die("no thread");
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	printf("calm\n");
}

static void
show_ledger(void)
{
	for (size_t r = 0; r < n_rows; r++) {
		const struct row *row = &ledger[r];

		printf("times %s %" PRId64 " %" PRId64 " %" PRId64 "\n", row->campaign,
		    row->hour, row->first, row->last);
		for (size_t i = 0; i < TALLY_COUNTERS; i++)
			if (row->n[i] != 0)
				printf("count %s %" PRId64 " %s %" PRId64 "\n",
				    row->campaign, row->hour, tally_counter_name(i),
				    row->n[i]);
		printf("rcpt %s", row->campaign);
		for (size_t i = 0; i < RCPT_IDS; i++)
			if (row->rcpt[i])
				printf(" %zu", i);
		printf("\n");
	}
	printf("end\n");
}

static void
show_sketch(unsigned n)
{
	struct hll *h = hll_new();
	uint8_t e[HLL_ELEMENT_BYTES];

	for (unsigned i = 0; i < n; i++) {
		pseudonym(i, e);
		if (h == NULL || hll_add(h, e) == -1)
			die("out of memory");
	}
	for (size_t i = 0; i < HLL_DENSE_BYTES; i++)
		printf("%02x", hll_dense(h)[i]);
	printf("\n");
	hll_free(h);
}

static void
add(char **word, size_t n)
{
	unsigned ids[WORDS];

	for (size_t i = 4; i < n; i++)
		ids[i - 4] = (unsigned)strtoul(word[i], NULL, 10) % RCPT_IDS;
	for (long i = strtol(word[2], NULL, 10); i > 0; i--)
		accept_one(word[1], strtoll(word[3], NULL, 10), ids, n - 4);
}

static void
refuse(char **word)
{
	struct tally_delta d = { .when = strtoll(word[4], NULL, 10) };

	d.n[strcmp(word[1], "rejected") == 0 ? TALLY_REJECTED : TALLY_TEMPFAILED] =
	    strtoll(word[3], NULL, 10);
	put(&d, word[2], NULL);
}

/*
 * Until a round that began after this call has left nothing over: such a round has
 * taken all there was.  Two rounds later by the clock would do as well, but not under
 * load.
 */
static void
wait_drained(struct flusher *f, int ms, uint32_t interval_ms)
{
	int64_t end = clock_mono_ms() + ms;
	struct flusher_stats s;
	int calm = 0;

	do {
		nanosleep(
		    &(struct timespec) { .tv_nsec = interval_ms * 1000000 }, NULL);
		flusher_stats(f, &s);
		calm = s.pending == 0 && outbox_is_empty(outbox) ? calm + 1 : 0;
	} while (calm < 3 && clock_mono_ms() < end);
	if (calm >= 3)
		printf("drained\n");
	else
		printf("pending %" PRIu64 "\n", s.pending);
}

static void
show_stats(struct flusher *f)
{
	struct flusher_stats s;

	flusher_stats(f, &s);
	printf("sent=%" PRIu64 " applied=%" PRIu64 " duplicates=%" PRIu64
	       " lost=%" PRIu64 " ahead=%" PRIu64 " refused=%" PRIu64
	       " connects=%" PRIu64 " pending=%" PRIu64 "\n",
	    s.sent, s.applied, s.duplicates, s.lost, s.ahead, s.refused, s.connects,
	    s.pending);
}

static void
set_place(struct flusher_settings *s, const char *url, const char *prefix)
{
	char err[256];

	if (rurl_parse(url, &s->redis, err, sizeof err) == -1)
		die(err);
	snprintf(s->key_prefix, sizeof s->key_prefix, "%s", prefix);
}

static size_t
split(char *line, char **word)
{
	size_t n = 0;

	for (char *at = line + strspn(line, " \n"); *at != '\0' && n < WORDS;) {
		char *end = at + strcspn(at, " \n");

		word[n++] = at;
		at = end + strspn(end, " \n");
		*end = '\0';
	}
	return n;
}

/* false: that was the last one. */
static bool
obey(struct flusher *f, struct flusher_settings *s, char **word, size_t n)
{
	int arg = n > 1 ? (int)strtol(word[1], NULL, 10) : 0;

	if (strcmp(word[0], "add") == 0 && n >= 4) {
		add(word, n);
	} else if (strcmp(word[0], "kind") == 0 && n == 5) {
		refuse(word);
	} else if (strcmp(word[0], "storm") == 0) {
		run_storm(arg);
	} else if (strcmp(word[0], "wait") == 0) {
		wait_drained(f, arg, s->interval_ms);
	} else if (strcmp(word[0], "stats") == 0) {
		show_stats(f);
	} else if (strcmp(word[0], "set") == 0 && n == 3) {
		set_place(s, word[1], word[2]);
		flusher_reconfigure(f, s);
	} else if (strcmp(word[0], "ledger") == 0) {
		show_ledger();
	} else if (strcmp(word[0], "forget") == 0) {
		n_rows = 0;
	} else if (strcmp(word[0], "sketch") == 0 && arg > HLL_FEW) {
		show_sketch((unsigned)arg);
	} else if (strcmp(word[0], "stop") == 0) {
		printf("missing %" PRIu64 "\n", flusher_stop(f, (uint32_t)arg));
		return false;
	} else {
		die(word[0]);
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct flusher_settings s = { .interval_ms = 10 };
	struct flusher *f;
	char err[256], *line = NULL, *word[WORDS];
	size_t size = 0;
	bool go_on = true;

	if (argc != 4)
		die("usage: flusher_driver URL PREFIX PRODUCER");
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* A thread that a stop left behind may still be at work when this ends. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
	logger_open("flusher_driver", true, LOGGER_DEBUG);
	set_place(&s, argv[1], argv[2]);
	snprintf(s.producer, sizeof s.producer, "%s", argv[3]);
	outbox = outbox_new(1000, 72, 1000);
	if (outbox == NULL)
		die("no outbox");
	sink = outbox_sink(outbox);
	f = flusher_start(&s, outbox, err, sizeof err);
	if (f == NULL)
		die(err);
	while (go_on && getline(&line, &size, stdin) > 0) {
		size_t n = split(line, word);

		if (n > 0)
			go_on = obey(f, &s, word, n);
	}
	if (go_on)
		flusher_stop(f, 1000);
	free(line);
	outbox_free(outbox);
	return 0;
}
