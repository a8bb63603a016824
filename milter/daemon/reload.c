/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload.c - SIGHUP's and SIGUSR1's work.
 */
#include "daemon/reload.h"

#include "config/domtable.h"
#include "config/restart.h"
#include "daemon/daemon.h"
#include "daemon/dnswatch.h"
#include "daemon/snapshot.h"
#include "dkim/keycheck.h"
#include "system/logger.h"
#include "text/line.h"

void
reload_warn(void *unused, const char *sentence)
{
	(void)unused;
	log_warn("%s: warning: %s", LINE_NOQUEUE, sentence);
}

void
reload_log_level(const struct conf *c, bool verbose)
{
	enum logger_level level = LOGGER_INFO;

	switch (c->log_level) {
	case CONF_LOG_ERROR:
		level = LOGGER_ERROR;
		break;
	case CONF_LOG_WARN:
		level = LOGGER_WARN;
		break;
	case CONF_LOG_INFO:
		level = LOGGER_INFO;
		break;
	case CONF_LOG_DEBUG:
		level = LOGGER_DEBUG;
		break;
	}
	logger_set_level(verbose ? LOGGER_DEBUG : level);
}

void
reload_check_table(const struct conf *c)
{
	const struct keycheck_job job = { .wrong = reload_warn };
	struct keycheck_result r;

	if (c->table == NULL)
		return;
	if (keycheck_run(c, &job, &r) != 0)
		log_warn(
		    "%s: warning: %s: out of memory while its key files were looked at",
		    LINE_NOQUEUE, c->domain_table);
	log_info("%s: domain-table file=%s lines=%zu key_files=%zu unreadable=%zu",
	    LINE_NOQUEUE, c->domain_table, domtable_size(c->table), r.files, r.wrong);
}

static void
say_restart(const struct conf *started, const struct conf *next)
{
	struct buf names;

	buf_init(&names, LINE_VALUE_MAX);
	if (restart_needed(started, next, &names) > 0)
		log_warn("%s: warning: a restart is needed for changes of: %s",
		    LINE_NOQUEUE, names.p);
	buf_fini(&names);
}

static int
load_and_publish(const struct conf *started, bool verbose, struct counters *counters,
    char *err, size_t errlen)
{
	struct snapshot *next;

	next = snapshot_load(started->file, reload_warn, NULL, err, errlen);
	if (next == NULL)
		return -1;
	if (counters_apply(counters, &next->conf, err, errlen) != 0) {
		snapshot_put(next);
		return -1;
	}
	say_restart(started, &next->conf);
	reload_log_level(&next->conf, verbose);
	reload_check_table(&next->conf);
	snapshot_publish(next);
	dnswatch_wake();
	return 0;
}

int
reload_settings(const struct conf *started, bool verbose, struct counters *counters)
{
	char err[1024] = "";
	int r;

	daemon_notify_reloading();
	r = load_and_publish(started, verbose, counters, err, sizeof(err));
	if (r == 0)
		log_info("%s: reloaded file=%s", LINE_NOQUEUE, started->file);
	else
		log_error("%s: reload failed, the old settings stay in force: %s",
		    LINE_NOQUEUE, err);
	daemon_notify("READY=1");
	return r;
}
