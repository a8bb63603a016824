/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_place_test.c - where the password of Redis comes from, and where it must not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "redis/redis_place.h"

static char dir[] = "/tmp/mm-place.XXXXXX";
static char path[64];

static int
make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/pw", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static int
no_environment(void **state)
{
	(void)state;
	return unsetenv("METERMARK_REDIS_PASSWORD");
}

static void
write_file(const void *text, size_t n, mode_t mode)
{
	FILE *f;

	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void
assert_found(const struct redis_place *p, const char *user, const char *password)
{
	char err[600] = "";
	struct rurl u;

	if (redis_place_find(p, &u, err, sizeof err) != 0)
		fail_msg("%s: %s", p->url, err);
	assert_string_equal(u.user, user);
	assert_string_equal(u.password, password);
}

static void
assert_refused(const struct redis_place *p, const char *word)
{
	char err[600] = "";
	struct rurl u, none = { .kind = RURL_TCP };

	if (redis_place_find(p, &u, err, sizeof err) != -1)
		fail_msg("%s was taken", p->url);
	if (strstr(err, word) == NULL)
		fail_msg("%s: \"%s\" lacks \"%s\"", p->url, err, word);
	assert_null(strstr(err, "S3CRET"));
	assert_memory_equal(u.password, none.password, sizeof none.password);
}

static void
the_url_alone_is_enough(void **state)
{
	(void)state;
	assert_found(&(struct redis_place) { .url = "redis://h" }, "", "");
	assert_found(
	    &(struct redis_place) { .url = "redis://u:p@h", .user = "" }, "u", "p");
	assert_found(&(struct redis_place) { .url = "redis://u:@h" }, "u", "");
}

static void
a_file_holds_the_password_in_its_first_line(void **state)
{
	char url[128];

	(void)state;
	snprintf(url, sizeof url, "redis://me@h?password_file=%s", path);
	write_file("p w\r\nnote\n", 10, 0600);
	assert_found(&(struct redis_place) { .url = url }, "me", "p w");
	write_file("bare", 4, 0400);
	assert_found(
	    &(struct redis_place) {
		.url = "redis://h", .user = "conf", .password_file = path },
	    "conf", "bare");
}

static void
a_file_that_others_may_read_or_that_holds_no_password_is_refused(void **state)
{
	const struct redis_place p = { .url = "redis://h", .password_file = path };
	char big[300];

	(void)state;
	write_file("S3CRET\n", 7, 0644);
	assert_refused(&p, "chmod 600");
	write_file("\nS3CRET\n", 8, 0600);
	assert_refused(&p, "first line");
	write_file("S3\0CRET\n", 8, 0600);
	assert_refused(&p, "first line");
	memset(big, 'x', sizeof big);
	write_file(big, sizeof big, 0600);
	assert_refused(&p, "255 bytes");
	unlink(path);
	assert_refused(&p, path);
}

static void
the_environment_is_asked_last(void **state)
{
	(void)state;
	write_file("file\n", 5, 0600);
	assert_int_equal(setenv("METERMARK_REDIS_PASSWORD", "env", 1), 0);
	assert_found(&(struct redis_place) { .url = "redis://h" }, "", "env");
	assert_found(&(struct redis_place) { .url = "redis://me@h" }, "me", "env");
	assert_found(&(struct redis_place) { .url = "redis://:url@h" }, "", "url");
	assert_found(
	    &(struct redis_place) { .url = "redis://h", .password_file = path }, "",
	    "file");
}

static void
two_that_disagree_are_refused(void **state)
{
	(void)state;
	assert_refused(
	    &(struct redis_place) { .url = "redis://u:S3CRET@h", .user = "v" },
	    "redis_user");
	assert_refused(
	    &(struct redis_place) { .url = "redis://:S3CRET@h", .password_file = path },
	    "redis_password_file");
	assert_refused(
	    &(struct redis_place) { .url = "redis://S3CRET@h" }, "without a password");
	assert_refused(&(struct redis_place) { .url = "redis://h", .user = "u" },
	    "without a password");
	assert_refused(&(struct redis_place) { .url = "S3CRET" }, "not a Redis URL");
}

static void
a_sentinel_has_a_password_of_its_own(void **state)
{
	char url[200], err[300];
	struct rurl u, one;

	(void)state;
	write_file("watch\n", 6, 0600);
	snprintf(url, sizeof url,
	    "redis+sentinel://u:p@s/m?sentinel_user=w&sentinel_password_file=%s", path);
	assert_int_equal(
	    redis_place_find(&(struct redis_place) { .url = url }, &u, err, sizeof err),
	    0);
	assert_string_equal(u.password, "p");
	assert_true(rurl_at(&u, 0, &one));
	assert_string_equal(one.user, "w");
	assert_string_equal(one.password, "watch");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_url_alone_is_enough, no_environment),
		cmocka_unit_test_setup(
		    a_file_holds_the_password_in_its_first_line, no_environment),
		cmocka_unit_test_setup(
		    a_file_that_others_may_read_or_that_holds_no_password_is_refused,
		    no_environment),
		cmocka_unit_test_setup(the_environment_is_asked_last, no_environment),
		cmocka_unit_test_setup(two_that_disagree_are_refused, no_environment),
		cmocka_unit_test_setup(
		    a_sentinel_has_a_password_of_its_own, no_environment),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
