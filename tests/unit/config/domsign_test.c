/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domsign_test.c - who signs mail From a domain: sections, then the table.
 */
#include "config/domsign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/domtable.h"
#include "text/buf.h"

#define ARENA ((size_t)65536)

static const char table[] = "one.example o1 /k/one.pem\n"
			    "one.example o2 /k/%{domain}.pem x=86400 c=simple/relaxed\n"
			    "*.c.example w1 /k/%{domain}.pem d=esp.example users=crm\n"
			    "sub.a.org s1 /k/s\n"
			    "* any /k/%{domain}/%{domain}.pem users=*\n";

struct fixture {
	struct conf conf;
	struct arena *arena;
};

static void
no_error(void *arg, unsigned line, const char *sentence)
{
	(void)arg;
	fail_msg("line %u: %s", line, sentence);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct conf_domain *d = calloc(2, sizeof *d);

	if (f == NULL || d == NULL || conf_init(&f->conf) != 0)
		return -1;
	f->arena = arena_new(ARENA);
	d[0].name = strdup("a.org");
	d[0].subdomains = true;
	d[1].name = strdup("b.org");
	conf_list_add(&d[0].users, "shop");
	for (size_t i = 0; i < 2; i++) {
		d[i].keys = calloc(1, sizeof *d[i].keys);
		d[i].keys[0] = (struct conf_key) { strdup("s"), strdup("/k/s"), 0 };
		d[i].n_keys = 1;
	}
	conf_list_add(&d[0].also_sign, "B.org");
	f->conf.domains = d;
	f->conf.n_domains = 2;
	f->conf.table = domtable_parse(str_of(table), no_error, NULL);
	*state = f;
	return conf_finish(&f->conf, (char[256]) { 0 }, 256);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	conf_fini(&f->conf);
	arena_free(f->arena);
	free(f);
	return 0;
}

/* "d= s= file line" of each signature of a domain, ";" behind each. */
static void
add_keys(struct buf *b, const struct conf_domain *d)
{
	for (size_t k = 0; k < d->n_keys; k++)
		buf_addf(b, "%s %s %s %u;", d->name, d->keys[k].selector,
		    d->keys[k].file, d->keys[k].line);
}

static void
who_signs_for_whom(void **state)
{
	static const struct {
		const char *from, *expected;
	} cases[] = {
		{ "a.org", "a.org s /k/s 0;b.org s /k/s 0;" },
		{ "x.a.org", "a.org s /k/s 0;b.org s /k/s 0;" },
		/* A section of a parent goes before a line of the domain's own. */
		{ "sub.a.org", "a.org s /k/s 0;b.org s /k/s 0;" },
		{ "b.org", "b.org s /k/s 0;" },
		/* Not below b.org; the table has a line for all the rest. */
		{ "x.b.org", "x.b.org any /k/x.b.org/x.b.org.pem 5;" },
		{ "one.example",
		    "one.example o1 /k/one.pem 1;one.example o2 /k/one.example.pem "
		    "2;" },
		{ "x.y.c.example", "esp.example w1 /k/x.y.c.example.pem 3;" },
		{ "other.net", "other.net any /k/other.net/other.net.pem 5;" },
		{ "", "" },
	};
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct domsign s;

		buf_reset(&b);
		arena_reset(f->arena);
		assert_int_equal(domsign_find(&f->conf, str_of(cases[i].from), STR(""),
				     f->arena, &s),
		    0);
		if (s.domain != NULL) {
			add_keys(&b, s.domain);
			for (size_t k = 0; k < s.domain->n_also; k++)
				add_keys(&b, s.domain->also[k]);
		}
		assert_string_equal(b.p, cases[i].expected);
		assert_false(s.user_may);
	}
	buf_fini(&b);
}

static void
the_options_of_a_line_come_along(void **state)
{
	struct fixture *f = *state;
	const struct conf_domain *other;
	struct domsign s;

	assert_int_equal(
	    domsign_find(&f->conf, STR("one.example"), STR(""), f->arena, &s), 0);
	assert_int_equal(conf_domain_signatures(s.domain), 2);
	assert_int_equal(s.domain->id, CONF_DOMAIN_OF_TABLE);
	assert_int_equal(s.domain->header_canon, CONF_CANON_RELAXED);
	assert_int_equal(s.domain->expire_s, 0);
	other = s.domain->also[0];
	assert_int_equal(other->header_canon, CONF_CANON_SIMPLE);
	assert_int_equal(other->body_canon, CONF_CANON_RELAXED);
	assert_int_equal(other->expire_s, 86400);
}

static void
users_speak_for_the_domains_that_name_them(void **state)
{
	static const struct {
		const char *from, *user;
		bool may;
	} cases[] = {
		{ "a.org", "shop", true },
		{ "a.org", "crm", false },
		{ "a.org", "", false },
		/* a.org's user is not b.org's, though b.org signs a.org's mail. */
		{ "b.org", "shop", false },
		{ "x.c.example", "crm", true },
		{ "x.c.example", "shop", false },
		{ "one.example", "crm", false },
		{ "other.net", "anybody", true },
		{ "other.net", "", false },
	};
	struct fixture *f = *state;
	struct domsign s;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		arena_reset(f->arena);
		assert_int_equal(domsign_find(&f->conf, str_of(cases[i].from),
				     str_of(cases[i].user), f->arena, &s),
		    0);
		assert_int_equal(s.user_may, cases[i].may);
	}
}

static void
memory_that_ends_is_told(void **state)
{
	struct fixture *f = *state;
	struct domsign s;
	int failed = 0;

	for (size_t max = 1; max < 4096; max += 64) {
		struct arena *a = arena_new(max);

		assert_non_null(a);
		if (domsign_find(&f->conf, STR("one.example"), STR(""), a, &s) != 0)
			failed++;
		else
			assert_string_equal(
			    s.domain->also[0]->keys[0].file, "/k/one.example.pem");
		arena_free(a);
	}
	assert_in_range(failed, 1, 63);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_signs_for_whom),
		cmocka_unit_test(the_options_of_a_line_come_along),
		cmocka_unit_test(users_speak_for_the_domains_that_name_them),
		cmocka_unit_test(memory_that_ends_is_told),
	};

	return cmocka_run_group_tests_name("domsign", tests, setup, teardown);
}
