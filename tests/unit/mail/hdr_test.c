/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hdr_test.c - the header list and the plan made from its marks.
 */
#include "mail/hdr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mail/plan.h"

#define ARENA_BYTES ((size_t)1024 * 1024)

struct fixture {
	struct arena *arena;
	struct hdr hdr;
};

static int
setup(void **state)
{
	static struct fixture f;

	f.arena = arena_new(ARENA_BYTES);
	hdr_init(&f.hdr, f.arena);
	*state = &f;
	return f.arena == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	hdr_fini(&f->hdr);
	arena_free(f->arena);
	return 0;
}

static void
receive(struct hdr *h, const char *name, const char *value)
{
	assert_int_equal(hdr_receive(h, str_of(name), str_of(value)), 0);
}

static void
names_are_found_in_any_case(void **state)
{
	struct hdr *h = &((struct fixture *)*state)->hdr;

	receive(h, "X-Tag", " one");
	receive(h, "x-tag", " two");
	receive(h, "X-Tagged", " other");
	assert_int_equal(hdr_count(h, STR("X-TAG")), 2);
	assert_string_equal(hdr_first(h, STR("x-Tag"))->value.p, " one");
	assert_null(hdr_first(h, STR("Subject")));
}

static void
the_list_keeps_copies(void **state)
{
	struct hdr *h = &((struct fixture *)*state)->hdr;
	char name[] = "Subject", value[] = " hello";

	receive(h, name, value);
	memset(name, 'x', sizeof name - 1);
	memset(value, 'x', sizeof value - 1);
	assert_string_equal(h->v[0].name.p, "Subject");
	assert_string_equal(h->v[0].value.p, " hello");
}

static void
bytes_are_those_of_the_wire(void **state)
{
	struct hdr *h = &((struct fixture *)*state)->hdr;

	receive(h, "A", " b");
	assert_int_equal(h->received_bytes, strlen("A: b\r\n"));
	receive(h, "C", " d\n\te");
	assert_int_equal(h->received_bytes, strlen("A: b\r\nC: d\r\n\te\r\n"));
}

static void
removed_fields_still_count_for_the_index(void **state)
{
	struct hdr *h = &((struct fixture *)*state)->hdr;

	receive(h, "X-Tag", " one");
	receive(h, "X-Tag", " two");
	receive(h, "X-Tag", " three");
	hdr_remove(&h->v[0]);
	assert_int_equal(hdr_index(h, 2), 3);
	assert_int_equal(hdr_count(h, STR("X-Tag")), 2);
}

static void
fields_beyond_the_limit_are_refused(void **state)
{
	struct hdr *h = &((struct fixture *)*state)->hdr;

	for (size_t i = 0; i < HDR_FIELDS_MAX; i++)
		receive(h, "X", " y");
	assert_int_equal(hdr_receive(h, STR("X"), STR(" y")), -1);
	assert_int_equal(h->n, HDR_FIELDS_MAX);
}

static void
a_header_larger_than_the_arena_is_refused(void **state)
{
	struct hdr *h = &((struct fixture *)*state)->hdr;
	static char big[ARENA_BYTES / 2 + 1];

	memset(big, 'x', sizeof big - 1);
	receive(h, "A", big);
	assert_int_equal(hdr_receive(h, STR("B"), str_of(big)), -1);
	assert_int_equal(h->n, 1);
}

static void
controls_make_a_value_unclean(void **state)
{
	(void)state;
	assert_true(hdr_value_clean(STR(" plain\n\tfolded \xc3\xa9")));
	assert_false(hdr_value_clean(STR(" bell\a")));
	assert_false(hdr_value_clean(STR(" vertical\v")));
	assert_false(hdr_value_clean(STR(" cr\rx")));
	assert_false(hdr_value_clean(STR(" nul\0x")));
	assert_false(hdr_value_clean(STR(" del\x7f")));
}

/* The plan as text: "-X-Tag/2 =Subject/1: new +Date: d ^DKIM-Signature: a". */
static void
show(const struct plan *p, char *out, size_t size)
{
	static const char marks[] = { '=', '-', '+', '^' };
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_edit *e = &p->v[i];

		n += (size_t)snprintf(out + n, size - n, "%s%c%s", i > 0 ? " " : "",
		    marks[e->kind], e->name.p);
		if (e->index > 0)
			n += (size_t)snprintf(out + n, size - n, "/%u", e->index);
		if (e->value.len > 0)
			n += (size_t)snprintf(out + n, size - n, ":%s", e->value.p);
	}
}

static void
a_plan_goes_from_the_highest_index_down(void **state)
{
	struct fixture *f = *state;
	struct plan plan;
	char text[256];
	const struct plan_edit inserts[] = {
		{ .name = STR("Sig"), .value = STR(" top") },
		{ .name = STR("Sig"), .value = STR(" below") },
	};

	receive(&f->hdr, "X-Tag", " one");
	receive(&f->hdr, "Subject", " old");
	receive(&f->hdr, "X-Tag", " two");
	receive(&f->hdr, "To", " kept");
	receive(&f->hdr, "x-tag", " three");
	hdr_remove_all(&f->hdr, STR("X-Tag"));
	hdr_change(&f->hdr.v[1], STR(" new"));
	assert_int_equal(hdr_append(&f->hdr, STR("Date"), STR(" d")), 0);
	assert_int_equal(plan_make(&plan, &f->hdr, inserts, 2, f->arena), 0);
	show(&plan, text, sizeof text);
	assert_string_equal(text,
	    "-x-tag/3 -X-Tag/2 =Subject/1: new -X-Tag/1 +Date: d ^Sig: below ^Sig: "
	    "top");
}

static void
a_field_added_and_removed_leaves_no_edit(void **state)
{
	struct fixture *f = *state;
	struct plan plan;

	receive(&f->hdr, "To", " kept");
	assert_int_equal(hdr_append(&f->hdr, STR("X-New"), STR(" v")), 0);
	assert_int_equal(hdr_remove_all(&f->hdr, STR("X-New")), 1);
	assert_int_equal(plan_make(&plan, &f->hdr, NULL, 0, f->arena), 0);
	assert_int_equal(plan.n, 0);
}

static void
a_changed_new_field_is_added_once_with_its_last_value(void **state)
{
	struct fixture *f = *state;
	struct plan plan;
	char text[64];

	assert_int_equal(hdr_append(&f->hdr, STR("X-New"), STR(" a")), 0);
	hdr_change(hdr_first(&f->hdr, STR("X-New")), STR(" b"));
	assert_int_equal(plan_make(&plan, &f->hdr, NULL, 0, f->arena), 0);
	show(&plan, text, sizeof text);
	assert_string_equal(text, "+X-New: b");
}

static void
what_is_reverted_reads_as_it_came(void **state)
{
	struct fixture *f = *state;
	struct plan plan;

	receive(&f->hdr, "Subject", " old");
	receive(&f->hdr, "X-Tag", " one");
	hdr_change(&f->hdr.v[0], STR(" new"));
	hdr_change(&f->hdr.v[1], STR(" two"));
	hdr_remove(&f->hdr.v[1]);
	f->hdr.v[1].no_sign = true;
	assert_int_equal(hdr_append(&f->hdr, STR("X-New"), STR(" v")), 0);
	hdr_revert(&f->hdr);
	assert_int_equal(plan_make(&plan, &f->hdr, NULL, 0, f->arena), 0);
	assert_int_equal(plan.n, 0);
	assert_null(hdr_first(&f->hdr, STR("X-New")));
	assert_string_equal(hdr_first(&f->hdr, STR("Subject"))->value.p, " old");
	assert_string_equal(hdr_first(&f->hdr, STR("X-Tag"))->value.p, " one");
	assert_false(f->hdr.v[1].no_sign);
}

#define FIXED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXED(names_are_found_in_any_case),
		FIXED(the_list_keeps_copies),
		FIXED(bytes_are_those_of_the_wire),
		FIXED(removed_fields_still_count_for_the_index),
		FIXED(fields_beyond_the_limit_are_refused),
		FIXED(a_header_larger_than_the_arena_is_refused),
		cmocka_unit_test(controls_make_a_value_unclean),
		FIXED(a_plan_goes_from_the_highest_index_down),
		FIXED(a_field_added_and_removed_leaves_no_edit),
		FIXED(a_changed_new_field_is_added_once_with_its_last_value),
		FIXED(what_is_reverted_reads_as_it_came),
	};

	return cmocka_run_group_tests_name("hdr", tests, NULL, NULL);
}
