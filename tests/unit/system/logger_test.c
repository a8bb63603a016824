/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logger_test.c - what arrives on stderr, for a file and for journald.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/logger.h"

#define THREADS 4
#define LINES 2000

static int real_stderr;
static FILE *log_file;

/* stderr becomes an empty file. */
static int
catch_stderr(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	real_stderr = dup(STDERR_FILENO);
	log_file = tmpfile();
	if (log_file == NULL || real_stderr < 0)
		return -1;
	return dup2(fileno(log_file), STDERR_FILENO) < 0 ? -1 : 0;
}

static int
release_stderr(void **state)
{
	(void)state;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	fclose(log_file);
	return 0;
}

/* The next line of what was logged, without its newline. */
static const char *
next_line(void)
{
	static char line[8192];

	if (fgets(line, sizeof(line), log_file) == NULL)
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static void
a_line_in_a_file_begins_with_the_time(void **state)
{
	int y, mo, d, h, mi, s, ms, end = 0;
	const char *line;

	(void)state;
	logger_open("test", true, LOGGER_INFO);
	log_info("%s: accepted n=%d", "4X1", 7);
	rewind(log_file);
	line = next_line();
	assert_non_null(line);
	assert_int_equal(sscanf(line, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &y, &mo, &d,
			     &h, &mi, &s, &ms, &end),
	    7);
	assert_int_equal(end, 25);
	assert_string_equal(line + end, "4X1: accepted n=7");
	assert_null(next_line());
}

static void
name_this_stream(bool right)
{
	char text[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino + (right ? 0 : 1));
	setenv("JOURNAL_STREAM", text, 1);
}

static void
journald_gets_the_severity_in_front(void **state)
{
	(void)state;
	name_this_stream(true);
	logger_open("test", true, LOGGER_DEBUG);
	log_error("e");
	log_warn("w");
	log_info("i");
	log_debug("d");
	rewind(log_file);
	assert_string_equal(next_line(), "<3>e");
	assert_string_equal(next_line(), "<4>w");
	assert_string_equal(next_line(), "<6>i");
	assert_string_equal(next_line(), "<7>d");
}

static void
journal_stream_of_another_stream_does_not_count(void **state)
{
	(void)state;
	name_this_stream(false);
	logger_open("test", true, LOGGER_DEBUG);
	log_error("e");
	rewind(log_file);
	assert_int_equal(next_line()[0], '2');
}

static void
the_level_holds_back_the_rest(void **state)
{
	(void)state;
	name_this_stream(true);
	logger_open("test", true, LOGGER_WARN);
	assert_true(logger_wants(LOGGER_ERROR));
	assert_false(logger_wants(LOGGER_INFO));
	log_info("no");
	log_warn("yes");
	logger_set_level(LOGGER_INFO);
	log_info("now");
	rewind(log_file);
	assert_string_equal(next_line(), "<4>yes");
	assert_string_equal(next_line(), "<6>now");
	assert_null(next_line());
}

static void
controls_never_reach_the_log(void **state)
{
	(void)state;
	name_this_stream(true);
	logger_open("test", true, LOGGER_INFO);
	log_info("a%sb", "\r\n<0>forged\x1b[2J\t\x7f");
	rewind(log_file);
	assert_string_equal(next_line(),
	    "<6>a?"
	    "?<0>forged?[2J??b");
	assert_null(next_line());
}

static void
a_line_too_long_is_cut_with_a_mark(void **state)
{
	char text[5000];
	const char *line;

	(void)state;
	name_this_stream(true);
	logger_open("test", true, LOGGER_INFO);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	rewind(log_file);
	line = next_line();
	assert_in_range(strlen(line), 2000, 2051);
	assert_string_equal(line + strlen(line) - 4, "x...");
	assert_null(next_line());
}

static void
errno_survives(void **state)
{
	(void)state;
	logger_open("test", true, LOGGER_INFO);
	errno = EXDEV;
	log_info("x");
	assert_int_equal(errno, EXDEV);
}

static void *
chatter(void *arg)
{
	const char *word = arg;

	for (int i = 0; i < LINES; i++)
		log_info("%s%s%s%s%s", word, word, word, word, word);
	return NULL;
}

static void
lines_of_threads_never_mix(void **state)
{
	static char words[THREADS][64];
	pthread_t t[THREADS];
	const char *line;
	size_t lines = 0;

	(void)state;
	name_this_stream(true);
	logger_open("test", true, LOGGER_INFO);
	for (size_t i = 0; i < THREADS; i++) {
		memset(words[i], (int)('a' + i), sizeof(words[i]) - 1);
		assert_int_equal(pthread_create(&t[i], NULL, chatter, words[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	rewind(log_file);
	while ((line = next_line()) != NULL) {
		assert_int_equal(strlen(line), 3 + 5 * 63);
		assert_int_equal(strspn(line + 3, (char[]) { line[3], '\0' }), 5 * 63);
		lines++;
	}
	assert_int_equal(lines, THREADS * LINES);
}

#define ON_STDERR(test)                                                                \
 cmocka_unit_test_setup_teardown(test, catch_stderr, release_stderr)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STDERR(a_line_in_a_file_begins_with_the_time),
		ON_STDERR(journald_gets_the_severity_in_front),
		ON_STDERR(journal_stream_of_another_stream_does_not_count),
		ON_STDERR(the_level_holds_back_the_rest),
		ON_STDERR(controls_never_reach_the_log),
		ON_STDERR(a_line_too_long_is_cut_with_a_mark),
		ON_STDERR(errno_survives),
		ON_STDERR(lines_of_threads_never_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
