/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - metermark-milter: options, the order of start and stop.
 *
 * What must be root's (state directory, socket, file limit) comes before the drop of
 * privileges; what makes threads comes after it, and after the signals are blocked.  A
 * stop goes the way mail does: no new messages, those in flight out, libmilter,
 * counters.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "config/restart.h"
#include "daemon/daemon.h"
#include "daemon/dnswatch.h"
#include "daemon/gate.h"
#include "daemon/listener.h"
#include "daemon/mfi.h"
#include "daemon/options.h"
#include "daemon/privs.h"
#include "daemon/reload.h"
#include "daemon/serve.h"
#include "daemon/signals.h"
#include "daemon/snapshot.h"
#include "daemon/statedir.h"
#include "dkim/keycache.h"
#include "flush/counters.h"
#include "system/logger.h"
#include "system/stdfd.h"
#include "text/line.h"

/* How long Redis may take at a stop, after messages have drained. */
#define FLUSH_MS 5000
/* For messages past their edits when the drain is given up. */
#define SHUT_MS 1000
#define FLUSH_URGENT_MS 1000

/* The daemon in parts, in order of start. */
struct parts {
	struct snapshot *settings; /* those of the start, until they are published */
	struct conf started;       /* of them, what a reload compares with */
	struct privs who;
	struct statedir state;
	struct counters counters;
	struct gate gate;
	struct listener listener;
};

/* What needs settings, and root where there is one.  The exit status, 0 to go on. */
static int
prepare(struct parts *p, const struct options *o, char *err, size_t errlen)
{
	char note[512];
	struct mfi_settings mfi;
	const struct conf *c;

	p->settings = snapshot_load(o->file, reload_warn, NULL, err, errlen);
	if (p->settings == NULL)
		return EX_CONFIG;
	c = &p->settings->conf;
	if (privs_resolve(c, &p->who, note, sizeof(note), err, errlen) != 0)
		return EX_CONFIG;
	if (note[0] != '\0')
		reload_warn(NULL, note);
	if (!o->foreground) {
		if (daemon_detach(err, errlen) != 0)
			return EX_OSERR;
		logger_open(OPTIONS_PROGRAM, false, LOGGER_INFO);
	}
	reload_log_level(c, o->verbose);
	umask(077);
	daemon_raise_files(note, sizeof(note));
	if (note[0] != '\0')
		reload_warn(NULL, note);
	if (signals_open(err, errlen) != 0 || gate_init(&p->gate) != 0)
		return EX_OSERR;
	if (statedir_open(&p->state, c, &p->who, err, errlen) != 0 ||
	    counters_init(&p->counters, c, p->state.producer, p->state.in_memory, err,
		errlen) != 0)
		return EX_UNAVAILABLE;
	if (p->state.note[0] != '\0')
		reload_warn(NULL, p->state.note);
	if (p->state.trouble[0] != '\0')
		log_error(LINE_NOQUEUE ": state-dir-unwritable: %s", p->state.trouble);
	mfi = (struct mfi_settings) {
		.listen = c->listen,
		.gate = &p->gate,
		.sink = counters_sink(&p->counters),
	};
	memcpy(mfi.rcpt_key, p->state.recipient_key, sizeof(mfi.rcpt_key));
	if (serve_open(&p->listener, &mfi, &p->who, err, errlen) != 0)
		return EX_UNAVAILABLE;
	return EX_OK;
}

/* As the user, and with threads. */
static int
start(struct parts *p, const struct options *o, char *err, size_t errlen)
{
	const struct conf *c;
	int status = prepare(p, o, err, errlen);

	if (status != EX_OK)
		return status;
	if (privs_drop(&p->who, err, errlen) != 0)
		return EX_NOPERM;
	c = &p->settings->conf;
	privs_check_readable(c, reload_warn, NULL);
	reload_check_table(c);
	if (restart_keep(&p->started, c) != 0) {
		snprintf(err, errlen, "out of memory");
		return EX_OSERR;
	}
	if (counters_start(&p->counters, c, err, errlen) != 0)
		return EX_UNAVAILABLE;
	/* The keys go with the last message that uses them, ours to hold no more. */
	snapshot_publish(p->settings);
	p->settings = NULL;
	if (serve_start(err, errlen) != 0 ||
	    dnswatch_start(p->started.state_dir, err, errlen) != 0)
		return EX_UNAVAILABLE;
	log_info(LINE_NOQUEUE
	    ": started version=%s listen=%s user=%s producer=%s keys=%s",
	    PACKAGE_VERSION, p->started.listen, p->who.user, p->state.producer,
	    keycache_prove(NULL) ? "decoded-once" : "decoded-for-each-message");
	daemon_notify("READY=1");
	return EX_OK;
}

/* Until a stop is asked for, or libmilter gives up.  The exit status. */
static int
run(struct parts *p, const struct options *o)
{
	uint32_t watchdog_ms = daemon_watchdog_ms();

	for (;;) {
		switch (signals_wait(watchdog_ms == 0 ? -1 : (int)watchdog_ms)) {
		case SIGNALS_RELOAD:
			reload_settings(&p->started, o->verbose, &p->counters);
			break;
		case SIGNALS_STOP:
			return EX_OK;
		case SIGNALS_WAKE:
			if (!serve_ended())
				break;
			log_error(LINE_NOQUEUE
			    ": error: libmilter gave up; its reason is in the mail log");
			return EX_SOFTWARE;
		case SIGNALS_TIMEOUT:
			break;
		}
		if (watchdog_ms != 0)
			daemon_notify("WATCHDOG=1");
	}
}

/* True when a second SIGTERM wants us gone at once. */
static bool
drain(struct parts *p)
{
	struct snapshot *now = snapshot_get();
	uint32_t drain_s = now->conf.drain_s;

	snapshot_put(now);
	daemon_notify_stopping(drain_s * 1000 + FLUSH_MS);
	log_info(LINE_NOQUEUE ": stopping in_flight=%zu", gate_inside(&p->gate));
	return serve_drain(&p->gate, drain_s);
}

/* The way out; libmilter's threads end with the process. */
static _Noreturn void
stop(struct parts *p, int status, bool urgent)
{
	uint64_t lost;

	signals_let_go();
	dnswatch_stop();
	listener_remove(&p->listener);
	gate_shut(&p->gate, SHUT_MS);
	lost = counters_stop(&p->counters, urgent ? FLUSH_URGENT_MS : FLUSH_MS);
	log_info(LINE_NOQUEUE ": stopped in_flight=%zu uncounted=%llu",
	    gate_inside(&p->gate), (unsigned long long)lost);
	daemon_exit(status);
}

static void
complain(const char *sentence)
{
	log_error(LINE_NOQUEUE ": error: %s", sentence);
	/* In the background the log is elsewhere, but stderr is still the starter's. */
	if (daemon_detached())
		fprintf(stderr, OPTIONS_PROGRAM ": %s\n", sentence);
}

int
main(int argc, char **argv)
{
	static struct parts parts; /* threads may use it to the very end */
	struct options o;
	char err[1024] = "out of memory";
	int status;

	stdfd_keep();
	status = options_read(&o, argc, argv);
	if (status >= 0)
		return status;
	logger_open(OPTIONS_PROGRAM, true, LOGGER_INFO);
	status = start(&parts, &o, err, sizeof(err));
	if (status != EX_OK) {
		complain(err);
		daemon_started(status);
		counters_stop(&parts.counters, FLUSH_URGENT_MS);
		listener_remove(&parts.listener);
		return status;
	}
	daemon_started(EX_OK);
	status = run(&parts, &o);
	stop(&parts, status, status == EX_OK && drain(&parts));
}
