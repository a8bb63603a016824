/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verifier.c - asks libopendkim's verifier in a process of its own.  See the header.
 *
 * The question is a line with the number of keys; for each key a line with the lengths
 * of its name and record, followed by both; then the message.  The answer has one line
 * for each signature, with columns separated by tabs.
 */
#include "dkim/verifier.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "system/clock.h"
#include "system/wholefile.h"
#include "text/buf.h"

#define ANSWER_MAX ((size_t)64 * 1024)
#define END_MS 1000

static int
fail_errno(char *err, size_t errlen, const char *what)
{
	snprintf(err, errlen, "%s: %s", what, strerror(errno));
	return -1;
}

/*
 * Writes the question to a file without a name, so that neither process waits for the
 * other.
 */
static int
write_question(struct str message, const struct verifier_key *keys, size_t n_keys)
{
	int fd = memfd_create("metermark-verify", MFD_CLOEXEC), e;
	struct buf head;
	bool failed;

	if (fd < 0)
		return -1;
	buf_init(&head, (size_t)1024 * 1024);
	buf_addf(&head, "%zu\n", n_keys);
	for (size_t i = 0; i < n_keys; i++) {
		buf_addf(&head, "%zu %zu\n", keys[i].name.len, keys[i].record.len);
		buf_addstr(&head, keys[i].name);
		buf_addstr(&head, keys[i].record);
	}
	failed = buf_failed(&head) || wholefile_put(fd, head.p, head.len) != 0 ||
	    wholefile_put(fd, message.p, message.len) != 0 ||
	    lseek(fd, 0, SEEK_SET) != 0;
	e = errno;
	buf_fini(&head);
	if (!failed)
		return fd;
	close(fd);
	errno = e;
	return -1;
}

/* Starts this program once more.  Returns -1 with errno on failure. */
static pid_t
spawn_self(int in, int out)
{
	static char name[] = "metermark", command[] = VERIFIER_COMMAND;
	char *argv[] = { name, command, NULL }, *env[] = { NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	int e = posix_spawn_file_actions_init(&actions);

	if (e == 0) {
		if ((e = posix_spawn_file_actions_adddup2(&actions, in, 0)) == 0 &&
		    (e = posix_spawn_file_actions_adddup2(&actions, out, 1)) == 0 &&
		    (e = posix_spawn_file_actions_addopen(
			 &actions, 2, "/dev/null", O_WRONLY, 0)) == 0)
			e = posix_spawn(
			    &pid, "/proc/self/exe", &actions, NULL, argv, env);
		posix_spawn_file_actions_destroy(&actions);
	}
	errno = e;
	return e == 0 ? pid : -1;
}

/* Reads the answer to its end.  Returns false if the time is over before. */
static bool
listen_to(int fd, struct buf *answer)
{
	int64_t until_ms = clock_mono_us() / 1000 + VERIFIER_MS;
	char chunk[4096];

	for (;;) {
		int64_t left = until_ms - clock_mono_us() / 1000;
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (left <= 0)
			return false;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		buf_add(answer, chunk, (size_t)n);
	}
}

/*
 * Waits for the process to end.  After its answer it should end within a moment; if it
 * does not, it is killed.
 */
static int
wait_for(pid_t pid, bool in_time)
{
	static const struct timespec pause = { .tv_nsec = 5000000 };
	int status = 0;

	for (int i = 0; in_time && i < END_MS / 5; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

static int
end_of(pid_t pid, bool in_time, char *err, size_t errlen)
{
	int status = wait_for(pid, in_time);

	if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (!in_time)
		snprintf(
		    err, errlen, "no answer within %d seconds", VERIFIER_MS / 1000);
	else if (WIFSIGNALED(status))
		snprintf(err, errlen, "it ended by signal %d", WTERMSIG(status));
	else
		snprintf(err, errlen, "it ended with status %d", WEXITSTATUS(status));
	return -1;
}

static void
take_column(struct str *line, char *out, size_t size)
{
	size_t n = str_find(*line, '\t'), used = 0;

	for (size_t i = 0; i < n && used + 1 < size; i++)
		out[used++] = line->p[i] >= ' ' && line->p[i] <= '~' ? line->p[i] : '?';
	out[used] = '\0';
	*line = str_skip(*line, n + 1);
}

static size_t
read_answer(struct str text, struct verifier_signature v[VERIFIER_SIGNATURES_MAX])
{
	size_t n = 0;
	char word[8];

	while (text.len > 0 && n < VERIFIER_SIGNATURES_MAX) {
		struct str line = str_make(text.p, str_find(text, '\n'));

		text = str_skip(text, line.len + 1);
		take_column(&line, word, sizeof(word));
		v[n].passed = strcmp(word, "pass") == 0;
		take_column(&line, v[n].domain, sizeof(v[n].domain));
		take_column(&line, v[n].selector, sizeof(v[n].selector));
		take_column(&line, v[n].why, sizeof(v[n].why));
		n++;
	}
	return n;
}

int
verifier_ask(struct str message, const struct verifier_key *keys, size_t n_keys,
    struct verifier_signature v[VERIFIER_SIGNATURES_MAX], size_t *n, char *err,
    size_t errlen)
{
	struct buf answer;
	int in, out[2], rc = -1;
	pid_t pid;

	*n = 0;
	if (message.len > VERIFIER_MESSAGE_MAX) {
		snprintf(err, errlen, "the message is too large for it");
		return -1;
	}
	in = write_question(message, keys, n_keys);
	if (in < 0)
		return fail_errno(err, errlen, "memory");
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in);
		return fail_errno(err, errlen, "pipe");
	}
	pid = spawn_self(in, out[1]);
	close(in);
	close(out[1]);
	buf_init(&answer, ANSWER_MAX);
	if (pid < 0)
		fail_errno(err, errlen, "/proc/self/exe");
	else
		rc = end_of(pid, listen_to(out[0], &answer), err, errlen);
	close(out[0]);
	if (rc == 0 && buf_failed(&answer)) {
		snprintf(err, errlen, "its answer is too long");
		rc = -1;
	}
	if (rc == 0)
		*n = read_answer(buf_str(&answer), v);
	buf_fini(&answer);
	return rc;
}
