/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.h - the state of counting, for other programs: STATE_DIR/status.json.
 *
 * The daemon writes it every two seconds and at its end, as a whole (another file, then
 * rename); `metermark doctor` reads it.  It is one JSON object whose members have the
 * names of struct status; times are unix milliseconds, 0 for never.  If the file is
 * older than ten seconds, its daemon has ended or hangs.  Thread-safe.
 */
#ifndef METERMARK_FLUSH_STATUS_H
#define METERMARK_FLUSH_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATUS_FILE "status.json"

struct status {
	int64_t written_ms;
	int64_t started_ms;
	int64_t pid;
	bool stopped; /* the daemon ended in good order after writing this */
	char producer[33];

	char redis[256];       /* URL without secrets */
	bool redis_there;      /* the last try to count there went well */
	int64_t redis_away_ms; /* since when it has not */
	int64_t redis_ok_ms;   /* when it went well last */
	char redis_error[256]; /* its last error, or what failed last; "": nothing */
	int64_t redis_error_ms;

	int64_t backlog_messages;  /* counted, and not in Redis yet */
	int64_t backlog_oldest_ms; /* when the oldest of them was counted */
	bool on_disk;              /* the backlog survives a crash */
	bool held; /* the disk does not take it: it stays in memory and is not sent */
	int64_t journal_segments, journal_bytes, ledger_bytes;
	bool journal_down;        /* new counts are in memory only */
	int64_t journal_left_out; /* messages since the start that were not journaled */
	int64_t journal_sync_failures;
	int64_t retained_batches, retained_bytes;

	int64_t lost_deltas;     /* for lack of memory, since the start */
	int64_t damaged_records; /* of the journal, found at the start */
	int64_t other_names;     /* counted as "_other" beyond campaign.max */
	int64_t crowded;         /* ... because too many campaigns waited for Redis */
	/* Batches since the start: sent; applied; refused as repetitions; refused for
	 * an operator to look at; found lost by Redis and sent again; campaigns of
	 * which more was lost than was retained. */
	int64_t sent, applied, duplicates, refused, restored, not_whole;
};

/* Write it into the directory.  0, or -1 with err. */
int status_write(const char *dir, const struct status *, char *err, size_t errlen);
/*
 * Read it.  0, or -1 with err: no daemon has written one, or it is damaged.  Members
 * that are missing are zero.
 */
int status_read(const char *dir, struct status *, char *err, size_t errlen);

#endif
