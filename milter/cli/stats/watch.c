/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.c - `metermark watch`: a live screen of the busiest campaigns.
 */
#include "cli/stats/watch.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/stats/screen.h"
#include "cli/term.h"
#include "system/clock.h"

#define INTERVAL_MS 2000
#define INTERVAL_MIN_S 0.5
#define INTERVAL_MAX_S 3600.0
/* No rate is known before the second look. */
#define SECOND_LOOK_MS 1000
#define FRAME_MAX (256 * 1024)

struct options {
	struct target_options target;
	int64_t interval_ms;
	enum watch_sort sort;
};

static int
set_interval(void *into, const char *text)
{
	struct options *o = into;
	char *end;
	double s;

	errno = 0;
	s = strtod(text, &end);
	if (*end != '\0' || end == text || errno != 0 || !(s >= INTERVAL_MIN_S) ||
	    s > INTERVAL_MAX_S) {
		term_say("--interval: \"%s\" is no number of seconds from 0.5 to 3600",
		    text);
		return -1;
	}
	o->interval_ms = (int64_t)(s * 1000);
	return 0;
}

static int
set_sort(void *into, const char *text)
{
	struct options *o = into;

	for (int i = 0; i < WATCH_SORTS; i++) {
		if (strcmp(text, watch_sort_name((enum watch_sort)i)) != 0)
			continue;
		o->sort = (enum watch_sort)i;
		return 0;
	}
	term_say(
	    "--sort: \"%s\" is none of rate, messages, recipients, bytes, rejected, tempfailed, last, name",
	    text);
	return -1;
}

static const struct options_row rows[] = {
	{ "interval", 'n', "SECONDS", "look so often (2)", .take = set_interval },
	{ "sort", 's', "KEY",
	    "rate, messages, recipients, bytes, rejected, tempfailed,\n"
	    "last or name",
	    .take = set_sort },
	TARGET_OPTIONS(struct options, target),
	{ 0 },
};

const struct options_table watch_options = {
	.usage =
	    "usage: metermark watch [options]\n"
	    "\n"
	    "A live screen of the busiest campaigns: messages a second and a minute, totals,\n"
	    "refusals.  It needs a terminal; metermark stats prints counters once.\n",
	.rows = rows,
	.more =
	    "Keys: q ends, s sorts by the next column, r reverses, SPACE looks now.\n"
	    "Which Redis is asked is told by metermark stats --help.\n",
};

/* OPTIONS_NOT_DONE, or the exit status. */
static int
read_options(struct watch *w, int argc, char **argv)
{
	struct options o = { .interval_ms = INTERVAL_MS };
	int status = options_read(&watch_options, &o, argc, argv);

	if (status != OPTIONS_NOT_DONE)
		return status;
	if (optind < argc) {
		term_say("\"%s\": no names here; metermark stats shows one campaign",
		    argv[optind]);
		return EX_USAGE;
	}
	w->interval_ms = o.interval_ms;
	w->sort = o.sort;
	status = target_find(&o.target, &w->target);
	return status == EX_OK ? OPTIONS_NOT_DONE : status;
}

/* --- the screen --- */

static int
show(struct watch *w)
{
	size_t lines, columns;
	struct buf frame;
	int status;

	screen_size(&lines, &columns);
	watch_arrange(w);
	buf_init(&frame, FRAME_MAX);
	watch_draw(w, lines, columns, &frame);
	status = buf_failed(&frame) ? -1 : screen_show(buf_str(&frame));
	buf_fini(&frame);
	return status;
}

/* false: it is the end.  *look: look at once. */
static bool
on_key(struct watch *w, char key, bool *look)
{
	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case 's':
		w->sort = (enum watch_sort)((w->sort + 1) % WATCH_SORTS);
		break;
	case 'S':
		w->sort = (enum watch_sort)((w->sort + WATCH_SORTS - 1) % WATCH_SORTS);
		break;
	case 'r':
		w->reverse = !w->reverse;
		break;
	case ' ':
		*look = true;
		break;
	}
	return true;
}

static void
loop(struct watch *w)
{
	int64_t next_ms = clock_mono_ms();
	bool go_on = true, first = true;

	/* Something to see before Redis has answered. */
	if (show(w) != 0)
		return;
	while (go_on) {
		bool look = false;
		char key = '\0';

		switch (screen_wait(next_ms, &key)) {
		case SCREEN_TIME:
			look = true;
			break;
		case SCREEN_KEY:
			go_on = on_key(w, key, &look);
			break;
		case SCREEN_RESIZE:
			break;
		case SCREEN_END:
			go_on = false;
			break;
		}
		if (look) {
			watch_look(w);
			next_ms = clock_mono_ms() + w->interval_ms;
			if (first && w->interval_ms > SECOND_LOOK_MS)
				next_ms = clock_mono_ms() + SECOND_LOOK_MS;
			first = false;
		}
		if (go_on && show(w) != 0)
			go_on = false;
	}
}

/* As the signal would have ended us. */
static void
die_of(int signal_number)
{
	sigset_t one;

	signal(signal_number, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, signal_number);
	raise(signal_number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}

int
watch_main(int argc, char **argv)
{
	struct watch w = { 0 };
	struct term term;
	char err[256];
	int status = read_options(&w, argc, argv);

	if (status != OPTIONS_NOT_DONE)
		return status;
	term_probe(&term);
	w.utf8 = term.utf8;
	w.style = term.style;
	if (watch_init(&w) != 0)
		return target_no_memory();
	if (screen_open(err, sizeof(err)) != 0) {
		term_say("%s; metermark stats prints the counters once", err);
		watch_fini(&w);
		return EX_USAGE;
	}
	loop(&w);
	screen_close();
	watch_fini(&w);
	if (screen_signal() != 0)
		die_of(screen_signal());
	return EX_OK;
}
