/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnswatch.c - the daemon's own look at DNS.  See the header.
 */
#include "daemon/dnswatch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/snapshot.h"
#include "dkim/keyring.h"
#include "dns/dnsreport.h"
#include "dns/domlook.h"
#include "system/clock.h"
#include "system/logger.h"
#include "text/line.h"

#define FIRST_S 2         /* after the start or a reload */
#define AGAIN_S (15 * 60) /* where DNS could not tell something */
#define EVERY_S (24 * 3600)
#define DOMAINS_MAX 1000                  /* of one round */
#define PAUSE_MS 200                      /* between domains, where there are many */
#define FEW 20                            /* domains: no pause */
#define LONG_MS (INT64_C(10) * 60 * 1000) /* of a round, while other settings wait */
#define FORGET_MS (INT64_C(30) * 24 * 3600 * 1000)

/* One for the process. */
static struct {
	pthread_mutex_t lock; /* guards wake and stop */
	pthread_cond_t changed;
	bool wake, stop;
	char dir[4096];
	/* The thread's own. */
	struct dnsreport report;
	size_t next; /* first domain of the next round, where there are more */
} watch = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* What a round needs at hand. */
struct round {
	struct snapshot *settings;
	struct keyring_key table_key; /* the one being looked at */
	int64_t now_ms;
};

static bool
stopping(void)
{
	bool stop;

	pthread_mutex_lock(&watch.lock);
	stop = watch.stop;
	pthread_mutex_unlock(&watch.lock);
	return stop;
}

/* A round over many domains and a deaf name server takes hours, with old settings. */
static bool
enough(void *arg)
{
	const struct round *r = arg;
	bool out;

	pthread_mutex_lock(&watch.lock);
	out = watch.stop || (watch.wake && clock_wall_ms() - r->now_ms > LONG_MS);
	pthread_mutex_unlock(&watch.lock);
	return out;
}

/* ==== A round ==== */

/* Keys of sections are at hand; files of the table are read by whom mail makes do so.
 */
static void *
own_key(void *arg, const char *file, char *err, size_t errlen)
{
	struct round *r = arg;
	void *pkey = snapshot_pkey(r->settings, file);
	char warn[256];

	if (pkey != NULL)
		return pkey;
	if (keyring_decode(file, r->settings->conf.user, &r->table_key, err, errlen,
		warn, sizeof(warn)) != 0)
		return NULL;
	return r->table_key.pkey;
}

static void
done_with(void *arg, void *own)
{
	struct round *r = arg;

	if (own == r->table_key.pkey)
		keyring_key_fini(&r->table_key);
}

static void
found(void *arg, const struct domlook_result *d)
{
	const struct round *r = arg;

	switch (
	    dnsnews_take(&watch.report.news, d->domain, d->check, d->f, r->now_ms)) {
	case DNSNEWS_SAME:
		break;
	case DNSNEWS_BAD:
		log_warn("%s: warning: dns %.*s %s: %s: %s", LINE_NOQUEUE,
		    (int)d->domain.len, d->domain.p, d->check, dnslook_word(d->f->word),
		    d->f->text);
		break;
	case DNSNEWS_WELL:
		log_info("%s: dns %.*s %s: well again: %s", LINE_NOQUEUE,
		    (int)d->domain.len, d->domain.p, d->check, d->f->text);
		break;
	}
}

static void
keep(const struct round *r, const struct domlook_sum *sum)
{
	struct dnsreport *p = &watch.report;
	bool all = sum->looked == sum->domains;
	char err[512];

	dnsnews_forget(&p->news, all ? r->now_ms : r->now_ms - FORGET_MS);
	p->checked_ms = clock_wall_ms();
	p->domains = (int64_t)sum->domains;
	p->looked = (int64_t)sum->looked;
	p->well = (int64_t)(sum->n[DNSLOOK_PASS] + sum->n[DNSLOOK_NOTHING]);
	if (dnsreport_write(watch.dir, p, err, sizeof(err)) != 0)
		log_warn("%s: warning: dns: %s", LINE_NOQUEUE, err);
	log_debug(
	    "%s: dns looked=%zu domains=%zu pass=%zu warn=%zu fail=%zu unknown=%zu",
	    LINE_NOQUEUE, sum->looked, sum->domains,
	    sum->n[DNSLOOK_PASS] + sum->n[DNSLOOK_NOTHING], sum->n[DNSLOOK_WARN],
	    sum->n[DNSLOOK_FAIL], sum->n[DNSLOOK_UNKNOWN]);
}

/* How long to sleep after it. */
static long
look(struct snapshot *settings)
{
	struct round r = { .settings = settings, .now_ms = clock_wall_ms() };
	const struct conf *c = &settings->conf;
	const struct domlook_job job = { .resolver = c->resolver,
		.skip = watch.next,
		.max = DOMAINS_MAX,
		.pause_ms = c->n_domains > FEW || c->table != NULL ? PAUSE_MS : 0,
		.own = own_key,
		.done = done_with,
		.found = found,
		.stop = enough,
		.arg = &r };
	struct domlook_sum sum;
	char err[512];

	if (domlook_run(c, &job, &sum, err, sizeof(err)) != 0) {
		log_warn("%s: warning: dns: %s", LINE_NOQUEUE, err);
		return AGAIN_S;
	}
	if (stopping())
		return EVERY_S;
	watch.next += sum.looked;
	if (watch.next >= sum.domains)
		watch.next = 0;
	keep(&r, &sum);
	return sum.n[DNSLOOK_UNKNOWN] > 0 ? AGAIN_S : EVERY_S;
}

static long
look_if_wanted(void)
{
	struct snapshot *s = snapshot_get();
	long sleep_s = EVERY_S;

	if (s != NULL && s->conf.dns_check)
		sleep_s = look(s);
	snapshot_put(s);
	return sleep_s;
}

/* ==== The thread ==== */

/* True when the time is over or somebody wakes, false at a stop. */
static bool
sleep_for(long seconds)
{
	struct timespec until;
	bool stop;
	int e = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&watch.lock);
	while (!watch.stop && !watch.wake && e == 0)
		e = pthread_cond_timedwait(&watch.changed, &watch.lock, &until);
	watch.wake = false;
	stop = watch.stop;
	pthread_mutex_unlock(&watch.lock);
	return !stop;
}

static void *
run(void *unused)
{
	char err[512];

	(void)unused;
	if (dnsreport_read(watch.dir, &watch.report, err, sizeof(err)) != 0)
		watch.report = (struct dnsreport) { .checked_ms = 0 };
	for (long s = FIRST_S; sleep_for(s);)
		s = look_if_wanted();
	return NULL;
}

int
dnswatch_start(const char *state_dir, char *err, size_t errlen)
{
	pthread_condattr_t attr;
	pthread_t thread;
	int e;

	snprintf(watch.dir, sizeof(watch.dir), "%s", state_dir);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	e = pthread_cond_init(&watch.changed, &attr);
	pthread_condattr_destroy(&attr);
	if (e == 0)
		e = pthread_create(&thread, NULL, run, NULL);
	if (e == 0)
		e = pthread_detach(thread);
	if (e == 0)
		return 0;
	snprintf(err, errlen, "no thread for DNS: %s", strerror(e));
	return -1;
}

void
dnswatch_wake(void)
{
	pthread_mutex_lock(&watch.lock);
	watch.wake = true;
	pthread_cond_signal(&watch.changed);
	pthread_mutex_unlock(&watch.lock);
}

void
dnswatch_stop(void)
{
	pthread_mutex_lock(&watch.lock);
	watch.stop = true;
	pthread_cond_signal(&watch.changed);
	pthread_mutex_unlock(&watch.lock);
}
