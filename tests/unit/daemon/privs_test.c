/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs_test.c - who to be, and that there is no way back.  Needs root for the most of
 * it; each drop happens in a child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/privs.h"

/* Every Debian has it, with uid 1, unprivileged. */
#define SOMEBODY "daemon"

static char empty[] = "";
static char conf_file[] = "/etc/metermark/metermark.conf";

static int
resolve(
    const char *user, const char *group, struct privs *out, char *err, size_t errlen)
{
	char u[64], g[64], note[128];
	struct conf c = { .file = conf_file, .user = u, .group = g };

	snprintf(u, sizeof(u), "%s", user);
	snprintf(g, sizeof(g), "%s", group);
	err[0] = '\0';
	return privs_resolve(&c, out, note, sizeof(note), err, errlen);
}

static void
root_becomes_the_user_that_is_named(void **state)
{
	struct privs p;
	char err[512];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(resolve(SOMEBODY, "", &p, err, sizeof(err)), 0);
	assert_true(p.drop);
	assert_int_equal(p.uid, getpwnam(SOMEBODY)->pw_uid);
	assert_int_equal(p.socket_gid, (gid_t)-1);
	assert_int_equal(resolve(SOMEBODY, "mail", &p, err, sizeof(err)), 0);
	assert_int_equal(p.socket_gid, getgrnam("mail")->gr_gid);
	assert_int_equal(p.gid, getpwnam(SOMEBODY)->pw_gid);
}

static void
root_stays_root_only_when_told(void **state)
{
	struct privs p;
	char err[512];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(resolve("root", "", &p, err, sizeof(err)), 0);
	assert_false(p.drop);
	assert_int_equal(p.uid, 0);
	assert_int_equal(privs_drop(&p, err, sizeof(err)), 0);
}

static void
who_does_not_exist_is_said_with_the_cure(void **state)
{
	struct privs p;
	char err[512];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(resolve("no-such-user", "", &p, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "useradd --system"));
	assert_non_null(strstr(err, "no-such-user"));
	assert_int_equal(resolve(SOMEBODY, "no-such-group", &p, err, sizeof(err)), -1);
	assert_non_null(
	    strstr(err, "group: found \"no-such-group\", expected a group"));
	assert_int_equal(resolve("", "", &p, err, sizeof(err)), -1);
}

/* In a child: 0 when what() says so. */
static void
check_in_child(int (*what)(const struct privs *))
{
	struct privs p;
	char err[512];
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(resolve(SOMEBODY, "", &p, err, sizeof(err)), 0);
	pid = fork();
	if (pid == 0)
		_exit(what(&p));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int
drop_and_try(const struct privs *p)
{
	gid_t groups[64];
	char err[512];
	int n;

	if (privs_drop(p, err, sizeof(err)) != 0)
		return 1;
	if (getuid() != p->uid || geteuid() != p->uid || getgid() != p->gid)
		return 2;
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
		return 3;
	n = getgroups(64, groups);
	for (int i = 0; i < n; i++)
		if (groups[i] == 0)
			return 4;
	return access("/etc/shadow", R_OK) == 0 ? 5 : 0;
}

static void
a_drop_cannot_be_undone(void **state)
{
	(void)state;
	check_in_child(drop_and_try);
}

static int
assume_and_resume(const struct privs *p)
{
	char err[512];

	if (privs_assume(p, err, sizeof(err)) != 0 || geteuid() != p->uid ||
	    getegid() != p->gid)
		return 1;
	if (fopen("/etc/shadow", "r") != NULL)
		return 2;
	if (privs_resume(p, err, sizeof(err)) != 0 || geteuid() != 0 || getegid() != 0)
		return 3;
	return drop_and_try(p);
}

static void
the_user_s_part_can_be_played_for_a_while(void **state)
{
	(void)state;
	check_in_child(assume_and_resume);
}

static int
start_as_other(const struct privs *p)
{
	char user[] = "metermark", note[128] = "", err[512];
	struct conf c = { .file = conf_file, .user = user, .group = empty };
	struct privs q;

	if (setgid(p->gid) != 0 || setuid(p->uid) != 0)
		return 1;
	if (privs_resolve(&c, &q, note, sizeof(note), err, sizeof(err)) != 0)
		return 2;
	if (q.drop || q.uid != p->uid || strcmp(q.user, SOMEBODY) != 0)
		return 3;
	return strcmp(note,
		   "running as daemon; user = \"metermark\" is for a start as root") ==
		0
	    ? 0
	    : 4;
}

static void
who_is_not_root_stays_what_he_is(void **state)
{
	(void)state;
	check_in_child(start_as_other);
}

static void
count(void *arg, const char *sentence)
{
	int *n = arg;

	if (strstr(sentence, "/readable.pem") == NULL &&
	    strstr(sentence, "Permission denied for user daemon") != NULL)
		++*n;
	else
		*n += 100;
}

static char keys_dir[] = "/tmp/privs_test.XXXXXX";

static int
look_at_keys(const struct privs *p)
{
	char secret[64], readable[64], user[] = SOMEBODY, err[512];
	struct conf_key keys[] = { { .file = secret }, { .file = readable } };
	struct conf_domain domain = { .keys = keys, .n_keys = 2 };
	struct conf c = {
		.file = readable,
		.user = user,
		.group = empty,
		.recipient_key_file = empty,
		.domains = &domain,
		.n_domains = 1,
	};
	int n = 0;

	snprintf(secret, sizeof(secret), "%s/secret.pem", keys_dir);
	snprintf(readable, sizeof(readable), "%s/readable.pem", keys_dir);
	if (privs_drop(p, err, sizeof(err)) != 0)
		return 1;
	privs_check_readable(&c, count, &n);
	return n == 1 ? 0 : 2;
}

static void
a_key_that_a_reload_could_not_read_is_told(void **state)
{
	char path[64];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(keys_dir));
	assert_int_equal(chmod(keys_dir, 0755), 0);
	snprintf(path, sizeof(path), "%s/secret.pem", keys_dir);
	fclose(fopen(path, "w"));
	chmod(path, 0600);
	snprintf(path, sizeof(path), "%s/readable.pem", keys_dir);
	fclose(fopen(path, "w"));
	chmod(path, 0644);
	check_in_child(look_at_keys);
	unlink(path);
	snprintf(path, sizeof(path), "%s/secret.pem", keys_dir);
	unlink(path);
	rmdir(keys_dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_becomes_the_user_that_is_named),
		cmocka_unit_test(root_stays_root_only_when_told),
		cmocka_unit_test(who_does_not_exist_is_said_with_the_cure),
		cmocka_unit_test(a_drop_cannot_be_undone),
		cmocka_unit_test(the_user_s_part_can_be_played_for_a_while),
		cmocka_unit_test(who_is_not_root_stays_what_he_is),
		cmocka_unit_test(a_key_that_a_reload_could_not_read_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
