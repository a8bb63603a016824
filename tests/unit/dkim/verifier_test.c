/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verifier_test.c - whatever becomes of the process that is asked, there is an answer
 * or a sentence, soon.  This program plays that process itself: what it does then is
 * the message.
 */
#include "dkim/verifier.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "system/clock.h"

/* ==== The process ==== */

static void
play(const char *part)
{
	static const char *const lines = "pass\texample.com\tr1\t\n"
					 "fail\te\033x\tr2\tbody\001\n\nfail";

	if (strstr(part, "killed") != NULL)
		raise(SIGKILL);
	if (strstr(part, "status") != NULL)
		_exit(3);
	if (strstr(part, "flood") != NULL)
		for (int i = 0; i < 100000; i++)
			dprintf(STDOUT_FILENO, "pass\td\ts\t\n");
	if (strstr(part, "deaf") != NULL) {
		close(STDOUT_FILENO);
		sleep(60);
	}
	if (strstr(part, "environ") != NULL)
		dprintf(STDOUT_FILENO, "fail\td\ts\t%s\n",
		    getenv("VERIFIER_TEST") != NULL ? "environment" : "");
	if (strstr(part, "lines") != NULL)
		dprintf(STDOUT_FILENO, "%s", lines);
	_exit(EXIT_SUCCESS);
}

static void
serve(void)
{
	char text[4096];
	ssize_t n = read(STDIN_FILENO, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	play(text);
}

/* ==== Who asks ==== */

static int
ask(const char *message, struct verifier_signature v[VERIFIER_SIGNATURES_MAX],
    size_t *n, char err[128])
{
	const struct verifier_key key = { STR("s._domainkey.d"), STR("p=") };
	int64_t begin = clock_mono_us();
	int rc = verifier_ask(str_of(message), &key, 1, v, n, err, 128);

	assert_true(clock_mono_us() - begin < 5000000);
	return rc;
}

static void
test_answer(void **state)
{
	struct verifier_signature v[VERIFIER_SIGNATURES_MAX];
	char err[128] = "";
	size_t n;

	(void)state;
	assert_int_equal(ask("lines", v, &n, err), 0);
	assert_int_equal(n, 4);
	assert_true(v[0].passed);
	assert_string_equal(v[0].domain, "example.com");
	assert_string_equal(v[0].selector, "r1");
	assert_false(v[1].passed);
	assert_string_equal(v[1].domain, "e?x");
	assert_string_equal(v[1].why, "body?");
	assert_false(v[3].passed);
	assert_string_equal(v[3].domain, "");
}

static void
test_no_answer(void **state)
{
	static const struct {
		const char *message, *err;
	} cases[] = { { "killed", "it ended by signal 9" },
		{ "status", "it ended with status 3" },
		{ "flood", "its answer is too long" },
		{ "deaf", "it ended by signal 9" } };
	struct verifier_signature v[VERIFIER_SIGNATURES_MAX];
	char err[128];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ask(cases[i].message, v, &n, err), -1);
		assert_string_equal(err, cases[i].err);
		assert_int_equal(n, 0);
	}
}

static void
test_nothing_is_inherited(void **state)
{
	struct verifier_signature v[VERIFIER_SIGNATURES_MAX];
	char err[128] = "";
	size_t n;

	(void)state;
	setenv("VERIFIER_TEST", "x", 1);
	assert_int_equal(ask("environ", v, &n, err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(v[0].why, "");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_answer),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_nothing_is_inherited) };

	if (argc > 1 && strcmp(argv[1], VERIFIER_COMMAND) == 0)
		serve();
	return cmocka_run_group_tests_name("verifier", tests, NULL, NULL);
}
