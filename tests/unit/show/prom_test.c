/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prom_test.c - the text that Prometheus reads, byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "show/prom.h"

static void
a_family_is_its_head_and_its_samples(void **state)
{
	struct prom_label labels[] = { { "campaign", STR("autumn") },
		{ "provider", STR("gmail") } };
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	prom_head(&out, "m_total", PROM_COUNTER, "Messages.");
	prom_sample(&out, "m_total", labels, 2, 12);
	prom_sample(&out, "m_total", labels, 1, INT64_MAX);
	prom_sample(&out, "m_total", NULL, 0, -1);
	prom_head(&out, "g", PROM_GAUGE, "");
	assert_string_equal(out.p,
	    "# HELP m_total Messages.\n"
	    "# TYPE m_total counter\n"
	    "m_total{campaign=\"autumn\",provider=\"gmail\"} 12\n"
	    "m_total{campaign=\"autumn\"} 9223372036854775807\n"
	    "m_total -1\n"
	    "# HELP g \n"
	    "# TYPE g gauge\n");
	buf_fini(&out);
}

static void
values_of_labels_cannot_end_early(void **state)
{
	struct prom_label label = { "a", STR("x\"} 1\n# \\n{}=, \xc3\xbc") };
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	prom_sample(&out, "m", &label, 1, 0);
	assert_string_equal(out.p, "m{a=\"x\\\"} 1\\n# \\\\n{}=, \xc3\xbc\"} 0\n");
	buf_fini(&out);
}

static void
help_keeps_to_its_line(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	prom_head(&out, "m", PROM_GAUGE, "a \"b\"\nc \\ d");
	assert_string_equal(out.p, "# HELP m a \"b\"\\nc \\\\ d\n# TYPE m gauge\n");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_family_is_its_head_and_its_samples),
		cmocka_unit_test(values_of_labels_cannot_end_early),
		cmocka_unit_test(help_keeps_to_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
