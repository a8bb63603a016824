/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * screen.c - the whole terminal.  See the header.
 *
 * Signals are blocked but while waiting for a key, so that none comes between drawing
 * and remembering; those of a fault cannot be blocked and put the terminal right from
 * their handler, with nothing but what a handler may call.
 */
#include "cli/stats/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "system/clock.h"
#include "system/wholefile.h"
#include "text/buf.h"

/* The second screen, no cursor, no wrapping; and back. */
#define ENTER "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J"
#define LEAVE "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l"
#define LINES_USUAL 24
#define COLUMNS_USUAL 80
#define FRAME_MAX (1024 * 1024)
#define ESCAPE '\x1b'

static const int endings[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
#define N_ENDINGS (sizeof(endings) / sizeof(endings[0]))
#define N_FAULTS (sizeof(faults) / sizeof(faults[0]))

/* One terminal, and handlers that have no argument of ours. */
static struct termios before;
static volatile sig_atomic_t taken; /* the terminal is ours now */
static volatile sig_atomic_t end_signal, resized, stopped;
static sigset_t outside; /* the mask while waiting */
/* A sequence of an arrow or function key is being passed over. */
static enum { PLAIN, ESCAPED, SEQUENCE } keys;

static void
say(const char *text, size_t len)
{
	ssize_t n = write(STDOUT_FILENO, text, len);

	(void)n; /* a terminal that has gone needs nothing any more */
}

/* Also from the handler of a fault. */
static void
give_back(void)
{
	if (!taken)
		return;
	taken = 0;
	say(LEAVE, sizeof(LEAVE) - 1);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

static int
take(void)
{
	struct termios raw = before;

	/* ISIG stays: ^C and ^Z are signals, whatever else we are doing. */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0)
		return -1;
	taken = 1;
	say(ENTER, sizeof(ENTER) - 1);
	return 0;
}

static void
on_end(int signal_number)
{
	end_signal = signal_number;
}

static void
on_resize(int signal_number)
{
	(void)signal_number;
	resized = 1;
}

static void
on_stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void
on_fault(int signal_number)
{
	give_back();
	raise(signal_number); /* the handler is gone: SA_RESETHAND */
}

static void
handle(int signal_number, void (*handler)(int), int flags)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&act.sa_mask);
	sigaction(signal_number, &act, NULL);
}

static void
set_signals(void)
{
	sigset_t ours;

	sigemptyset(&ours);
	for (size_t i = 0; i < N_ENDINGS; i++) {
		handle(endings[i], on_end, 0);
		sigaddset(&ours, endings[i]);
	}
	handle(SIGWINCH, on_resize, 0);
	handle(SIGTSTP, on_stop, 0);
	sigaddset(&ours, SIGWINCH);
	sigaddset(&ours, SIGTSTP);
	sigprocmask(SIG_BLOCK, &ours, &outside);
	for (size_t i = 0; i < N_ENDINGS; i++)
		sigdelset(&outside, endings[i]);
	sigdelset(&outside, SIGWINCH);
	sigdelset(&outside, SIGTSTP);
	for (size_t i = 0; i < N_FAULTS; i++)
		handle(faults[i], on_fault, (int)(SA_RESETHAND | SA_NODEFER));
}

int
screen_open(char *err, size_t errlen)
{
	const char *kind = getenv("TERM");

	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
		snprintf(err, errlen, "stdin and stdout must be a terminal");
		return -1;
	}
	if (kind == NULL || kind[0] == '\0' || strcmp(kind, "dumb") == 0) {
		snprintf(err, errlen,
		    "this terminal (TERM=%s) has no screen to draw on",
		    kind != NULL ? kind : "");
		return -1;
	}
	if (tcgetattr(STDIN_FILENO, &before) != 0) {
		snprintf(err, errlen, "the terminal: %s", strerror(errno));
		return -1;
	}
	set_signals();
	if (take() == 0)
		return 0;
	snprintf(err, errlen, "the terminal: %s", strerror(errno));
	return -1;
}

void
screen_close(void)
{
	give_back();
}

int
screen_signal(void)
{
	return end_signal;
}

void
screen_size(size_t *lines, size_t *columns)
{
	struct winsize size;

	*lines = LINES_USUAL;
	*columns = COLUMNS_USUAL;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return;
	if (size.ws_row > 0)
		*lines = size.ws_row;
	if (size.ws_col > 0)
		*columns = size.ws_col;
}

/* --- keys --- */

/* Is this character a key of its own?  Those of a sequence are not (ECMA-48 5.4). */
static bool
is_key(char c)
{
	switch (keys) {
	case PLAIN:
		if (c != ESCAPE)
			return true;
		keys = ESCAPED;
		return false;
	case ESCAPED:
		keys = c == '[' || c == 'O' ? SEQUENCE : PLAIN;
		return false;
	case SEQUENCE:
		if (c >= 0x40 && c <= 0x7e)
			keys = PLAIN;
		return false;
	}
	return false;
}

/* ^Z: leave the terminal to the shell, and take it again when we go on. */
static void
pause_here(void)
{
	stopped = 0;
	give_back();
	kill(getpid(), SIGSTOP);
	if (tcgetattr(STDIN_FILENO, &before) == 0)
		take();
	resized = 1;
}

static int
wait_input(int64_t deadline_ms)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left = deadline_ms - clock_mono_ms();
	struct timespec limit = { 0 };

	if (left > 0) {
		limit.tv_sec = (time_t)(left / 1000);
		limit.tv_nsec = (long)(left % 1000) * 1000000;
	}
	return ppoll(&in, 1, &limit, &outside);
}

enum screen_event
screen_wait(int64_t deadline_ms, char *key)
{
	for (;;) {
		int ready = wait_input(deadline_ms);

		if (end_signal != 0)
			return SCREEN_END;
		if (stopped)
			pause_here();
		if (resized) {
			resized = 0;
			return SCREEN_RESIZE;
		}
		if (ready == 0) {
			/* ESC alone, not the beginning of anything. */
			keys = PLAIN;
			return SCREEN_TIME;
		}
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0 || read(STDIN_FILENO, key, 1) != 1)
			return SCREEN_END;
		if (is_key(*key))
			return SCREEN_KEY;
	}
}

/* --- the picture --- */

/* A line, cut after so many places; sequences and the rest of a character take none. */
static void
add_line(struct buf *out, struct str line, size_t columns)
{
	size_t places = 0;
	bool sequence = false;

	for (size_t i = 0; i < line.len; i++) {
		char c = line.p[i];

		if (c == ESCAPE)
			sequence = true;
		else if (!sequence && ((unsigned char)c & 0xc0) != 0x80)
			places++;
		if (places <= columns)
			buf_addc(out, c);
		if (c >= '@' && c <= '~' && c != '[')
			sequence = false;
	}
}

int
screen_show(struct str frame)
{
	size_t lines, columns;
	struct buf out;
	int status;

	screen_size(&lines, &columns);
	buf_init(&out, FRAME_MAX);
	buf_adds(&out, "\x1b[H");
	/* Each line is emptied before it is written: afterwards the cursor may stand on
	 * its last place, and would take that along. */
	for (size_t i = 0; i < lines; i++) {
		size_t end = str_find(frame, '\n');

		buf_adds(&out, i > 0 ? "\r\n\x1b[0m\x1b[K" : "\x1b[0m\x1b[K");
		add_line(&out, str_make(frame.p, end), columns);
		frame = str_skip(frame, end + 1);
	}
	buf_adds(&out, "\x1b[0m");
	status = wholefile_put(STDOUT_FILENO, out.p, out.len);
	buf_fini(&out);
	return status;
}
