/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flusher_driver.c - outbox, journal and flusher without a milter, told what to do on
 * stdin.
 *
 * Not a test by itself: the scripts start it beside a private Redis, mishandle the
 * server, the disk or this very process meanwhile, and compare what is in Redis with
 * the book that is kept here.  The book may be a file: then it outlives a kill, and
 * tells which messages were being counted at that moment.
 *
 *     flusher_driver URL PREFIX PRODUCER [KEY=VALUE]...
 *     state=DIR        journal in DIR/journal, status in DIR; without it: memory only
 *     book=FILE  sync=none|interval|always  interval=MS  retain=MS  retain_bytes=N
 *     max_bytes=N  names=N  entries=N
 *     when=SECONDS     storm, burst and flood count from then on
 *
 *     add CAMPAIGN COUNT WHEN RCPT...
 *                       COUNT messages to each of the recipients (numbers)
 *     kind rejected|tempfailed CAMPAIGN COUNT WHEN
 *                       COUNT refused messages
 *     storm MS          four threads count as fast as a busy relay, for so long
 *     wait MS           until nothing is pending: "drained" or "pending N"
 *     stats             the flusher's figures
 *     set URL PREFIX    other settings
 *     burst N K         N messages of K campaigns, as fast as it goes
 *     flood N K         N messages of K campaigns, which the book knows nothing of
 *     clock MS          the wall clock is that much off from now on
 *     reload KEY=VALUE  another setting
 *     unsure            messages that were under way when the book was closed,
 *                       forgotten after this; then "end"
 *     ledger            what must be in Redis, then "end"
 *     forget            empty the ledger
 *     sketch N          a HyperLogLog of recipients 0 to N-1, in hex
 *     stop MS           "missing N", and the end
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "flush/flusher.h"
#include "journal/outbox.h"
#include "system/clock.h"
#include "system/crypto.h"
#include "system/logger.h"

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

/* A message that is being counted: it may be found counted, or not. */
struct under_way {
	char campaign[CAMP_NAME_MAX + 1]; /* "": none */
};

/* In a file, when there is one. */
struct book {
	size_t n_rows;
	struct under_way way[THREADS + 1];
	struct row rows[ROWS];
};

static pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static struct book *book;           /* guarded by ledger_lock, but for way */
static _Thread_local size_t my_way; /* which is this thread's */
static int64_t base;                /* of storms, bursts and floods */
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
	struct row *r = book->rows;

	for (size_t i = 0; i < book->n_rows; i++, r++)
		if (r->hour == hour && strcmp(r->campaign, campaign) == 0)
			return r;
	if (book->n_rows == ROWS)
		die("the ledger is full");
	memset(r, 0, sizeof *r);
	snprintf(r->campaign, sizeof r->campaign, "%s", campaign);
	r->hour = hour;
	r->first = r->last = when;
	book->n_rows++;
	return r;
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
	snprintf(
	    book->way[my_way].campaign, sizeof book->way[0].campaign, "%s", campaign);
	if (sink.put(sink.self, d) != 0)
		die("the outbox refused a delta");
	write_down(d, ids);
	book->way[my_way].campaign[0] = '\0';
}

static void
accept_one(const char *campaign, int64_t when, const unsigned *ids, size_t n)
{
	struct tally_delta d = { .when = when, .n_rcpt = n };

	d.n[TALLY_MESSAGES] = 1;
	d.n[TALLY_RECIPIENTS] = (int64_t)n;
	d.n[TALLY_BYTES] = 2000 + when % 100;
	d.n[when % 7 == 0 ? TALLY_UNSIGNED : TALLY_SIGNED] = 1;
	d.n[TALLY_PROVIDER((size_t)when % PROVIDERS)] = (int64_t)n;
	put(&d, campaign, ids);
}

struct storm {
	int ms;
	size_t way;
};

static void *
storm(void *arg)
{
	static const char *const names[] = { "big", "alpha", "beta", "none", "_other" };
	const struct storm *s = arg;
	int64_t end = clock_mono_ms() + s->ms;
	uint64_t x = (uint64_t)clock_mono_us() | 1;
	char name[32];

	my_way = s->way;
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
	struct storm s[THREADS];
	pthread_t t[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		s[i] = (struct storm) { .ms = ms, .way = i + 1 };
		if (pthread_create(&t[i], NULL, storm, &s[i]) != 0)
			die("no thread");
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	printf("calm\n");
}

/* How long one takes, too. */
static void
burst(long n, long campaigns)
{
	int64_t began = clock_mono_us(), took;
	char name[32];

	for (long i = 0; i < n; i++) {
		unsigned id = (unsigned)(i * 7919 % RCPT_IDS);

		snprintf(name, sizeof name, "burst-%ld", i % campaigns);
		accept_one(name, base + i % 3 * 3600, &id, 1);
	}
	took = clock_mono_us() - began;
	printf("burst us=%" PRId64 "\n", took);
}

/* More campaigns than the book has rows. */
static void
flood(long n, long campaigns)
{
	struct tally_delta d = { .when = base };

	d.n[TALLY_MESSAGES] = 1;
	for (long i = 0; i < n; i++) {
		d.campaign.len = (size_t)snprintf(d.campaign.name,
		    sizeof d.campaign.name, "flood-%ld", i % campaigns);
		memcpy(d.campaign.sent, d.campaign.name, d.campaign.len);
		d.campaign.sent_len = d.campaign.len;
		if (sink.put(sink.self, &d) != 0)
			die("flood");
	}
	printf("done\n");
}

static void
show_unsure(void)
{
	for (size_t i = 0; i <= THREADS; i++) {
		if (book->way[i].campaign[0] != '\0')
			printf("%s\n", book->way[i].campaign);
		book->way[i].campaign[0] = '\0';
	}
	printf("end\n");
}

static void
show_ledger(void)
{
	for (size_t r = 0; r < book->n_rows; r++) {
		const struct row *row = &book->rows[r];

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
	int64_t round_ms = -1;
	int calm = 0;

	/* One that ended before this call, one that was under way, one of after it. */
	do {
		nanosleep(
		    &(struct timespec) { .tv_nsec = interval_ms * 1000000 }, NULL);
		flusher_stats(f, &s);
		if (s.pending > 0 || !outbox_is_empty(outbox))
			calm = 0;
		else if (s.ok_ms != round_ms)
			calm++;
		round_ms = s.ok_ms;
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
	       " connects=%" PRIu64 " restored=%" PRIu64 " beyond=%" PRIu64
	       " overtaken=%" PRIu64,
	    s.sent, s.applied, s.duplicates, s.lost, s.ahead, s.refused, s.connects,
	    s.restored, s.beyond, s.overtaken);
	printf(" segments=%" PRIu64 " journal=%" PRIu64 " ledger=%" PRIu64
	       " left_out=%" PRIu64 " down=%d on_disk=%d held=%d retained=%zu"
	       " retained_bytes=%zu damaged=%" PRIu64 " renamed=%" PRIu64
	       " crowded=%" PRIu64 " pending=%" PRIu64 "\n",
	    s.store.journal.segments, s.store.journal.bytes, s.store.ledger_bytes,
	    s.store.journal.left_out, s.store.journal.down, s.store.on_disk,
	    s.store.held, s.store.retained, s.store.retained_bytes, s.store.damaged,
	    outbox_renamed(outbox), s.store.crowded, s.pending);
}

static void
set_place(struct flusher_settings *s, const char *url, const char *prefix)
{
	char err[256];

	if (rurl_parse(url, &s->redis, err, sizeof err) == -1)
		die(err);
	snprintf(s->key_prefix, sizeof s->key_prefix, "%s", prefix);
}

static long names = 1000, entries = 1000; /* options that are no settings */
static const char *book_file;

static void
set_option(struct flusher_settings *s, const char *option)
{
	const char *v = strchr(option, '=');
	size_t len = v != NULL ? (size_t)(v++ - option) : 0;
	long long n = len > 0 ? strtoll(v, NULL, 10) : 0;

	if (len == 5 && strncmp(option, "state", len) == 0 && *v != '\0') {
		snprintf(s->store.dir, sizeof s->store.dir, "%s/journal", v);
		snprintf(s->status_dir, sizeof s->status_dir, "%s", v);
	} else if (strcmp(option, "state=") == 0) {
		s->store.dir[0] = '\0'; /* memory only */
	} else if (len == 4 && strncmp(option, "sync", len) == 0) {
		s->store.sync = strcmp(v, "none") == 0 ? CONF_SYNC_NONE
		    : strcmp(v, "always") == 0         ? CONF_SYNC_ALWAYS
						       : CONF_SYNC_INTERVAL;
	} else if (len == 8 && strncmp(option, "interval", len) == 0) {
		s->interval_ms = s->store.sync_ms = (uint32_t)n;
	} else if (len == 6 && strncmp(option, "retain", len) == 0) {
		s->store.retain_ms = n;
	} else if (len == 12 && strncmp(option, "retain_bytes", len) == 0) {
		s->store.retain_bytes = (size_t)n;
	} else if (len == 9 && strncmp(option, "max_bytes", len) == 0) {
		s->store.max_bytes = (uint64_t)n;
	} else if (len == 5 && strncmp(option, "names", len) == 0) {
		names = (long)n;
	} else if (len == 7 && strncmp(option, "entries", len) == 0) {
		entries = (long)n;
	} else if (len == 4 && strncmp(option, "when", len) == 0) {
		base = n;
	} else if (len == 4 && strncmp(option, "book", len) == 0) {
		book_file = v;
	} else {
		die(option);
	}
}

static void
open_book(void)
{
	int flags = MAP_SHARED | (book_file == NULL ? MAP_ANONYMOUS : 0), fd = -1;

	if (book_file != NULL) {
		fd = open(book_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || ftruncate(fd, sizeof *book) != 0)
			die(book_file);
	}
	book = mmap(NULL, sizeof *book, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (book == MAP_FAILED)
		die("no memory for the book");
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
	} else if (strcmp(word[0], "burst") == 0 && n == 3) {
		burst(arg, strtol(word[2], NULL, 10));
	} else if (strcmp(word[0], "flood") == 0 && n == 3) {
		flood(arg, strtol(word[2], NULL, 10));
	} else if (strcmp(word[0], "clock") == 0 && n == 2) {
		clock_shift(strtoll(word[1], NULL, 10));
	} else if (strcmp(word[0], "reload") == 0 && n == 2) {
		set_option(s, word[1]);
		flusher_reconfigure(f, s);
	} else if (strcmp(word[0], "unsure") == 0) {
		show_unsure();
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
		book->n_rows = 0;
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
	static struct flusher_settings s = { .interval_ms = 10,
		.store = { .sync = CONF_SYNC_INTERVAL,
		    .sync_ms = 10,
		    .max_bytes = 256 << 20,
		    .retain_ms = 900000,
		    .retain_bytes = 16 << 20 } };
	struct flusher *f;
	char err[256], *line = NULL, *word[WORDS];
	size_t size = 0;
	bool go_on = true;

	if (argc < 4)
		die("usage: flusher_driver URL PREFIX PRODUCER [KEY=VALUE]...");
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* A thread that a stop left behind may still be at work when this ends. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
	logger_open("flusher_driver", true, LOGGER_DEBUG);
	set_place(&s, argv[1], argv[2]);
	snprintf(s.producer, sizeof s.producer, "%s", argv[3]);
	snprintf(s.store.producer, sizeof s.store.producer, "%s", argv[3]);
	for (int i = 4; i < argc; i++)
		set_option(&s, argv[i]);
	open_book();
	signal(SIGXFSZ, SIG_IGN);
	outbox = outbox_new((size_t)entries, 72, (uint32_t)names);
	if (outbox == NULL)
		die("no outbox");
	sink = outbox_sink(outbox);
	f = flusher_start(&s, outbox, err, sizeof err);
	if (f == NULL)
		die(err);
	printf("ready\n");
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
