/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mark_test.c - the handled-mark: the values of tests/data/token-vectors.json, and all
 * that must make one void.
 */
#include "token/mark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define NOW ((int64_t)1795508579)
#define SENDER STR("<bounce@example.com>")

struct fixture {
	struct arena *arena;
	struct hdr hdr;
	struct token_ring *tokens, *local;
	struct mark_keys keys;
};

static struct token_ring *
ring(const char *ids, const char *secret)
{
	struct token_ring *r = token_ring_new();
	char text[64];

	assert_non_null(r);
	for (; *ids != '\0'; ids++) {
		int n = snprintf(text, sizeof(text), "%s, %c, long enough for 32 bytes",
		    secret, *ids);

		assert_int_equal(token_ring_add(r, *ids, text, (size_t)n), 0);
	}
	return r;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new(1024 * 1024);
	hdr_init(&f->hdr, f->arena);
	f->tokens = ring("ab", "tokens");
	f->local = ring("a", "local");
	f->keys = (struct mark_keys) { f->tokens, f->local };
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	hdr_fini(&f->hdr);
	arena_free(f->arena);
	token_ring_free(f->tokens);
	token_ring_free(f->local);
	free(f);
	return 0;
}

static void
field(struct fixture *f, const char *name, const char *value)
{
	assert_int_equal(hdr_receive(&f->hdr, str_of(name), str_of(value)), 0);
}

static void
usual(struct fixture *f)
{
	hdr_reset(&f->hdr);
	field(f, "Received", " from here by there; today");
	field(f, "From", " Jane <jane@example.com>");
	field(f, "To", " x@example.net");
	field(f, "Date", " Tue, 24 Nov 2026 08:00:00 +0000");
	field(f, "Message-ID", " <1@example.com>");
}

static void
make(const struct fixture *f, int64_t now, char out[MARK_VALUE_MAX + 1])
{
	struct buf b;

	buf_init(&b, MARK_VALUE_MAX);
	assert_int_equal(mark_make(&f->keys, &f->hdr, SENDER, now, &b), 0);
	snprintf(out, MARK_VALUE_MAX + 1, "%s", b.p);
	buf_fini(&b);
}

/* The usual message with its mark on it. */
static void
marked(struct fixture *f)
{
	char value[MARK_VALUE_MAX + 1];

	usual(f);
	make(f, NOW, value);
	field(f, MARK_FIELD, value);
}

static bool
is_held(const struct fixture *f)
{
	return mark_holds(&f->keys, &f->hdr, SENDER, NOW);
}

static void
marks_are_those_of_the_vectors(void **state)
{
	struct fixture *f = *state;
	const char *src = getenv("MM_SRC");
	char path[4096];
	json_t *doc, *v, *pair, *key;
	size_t i, k;

	snprintf(path, sizeof(path), "%s/tests/data/token-vectors.json",
	    src != NULL ? src : ".");
	doc = json_load_file(path, 0, NULL);
	if (doc == NULL)
		fail_msg("%s: MM_SRC must name the source tree", path);
	json_array_foreach(json_object_get(doc, "marks"), i, v)
	{
		const char *id = json_string_value(json_object_get(v, "key"));
		struct token_ring *r = token_ring_new();
		const struct mark_keys keys = { r, NULL };
		struct buf b;

		json_array_foreach(json_object_get(doc, "keys"), k, key)
		{
			const char *secret =
			    json_string_value(json_object_get(key, "secret"));

			if (strcmp(json_string_value(json_object_get(key, "id")), id) ==
			    0)
				assert_int_equal(
				    token_ring_add(r, id[0], secret, strlen(secret)),
				    0);
		}
		hdr_reset(&f->hdr);
		json_array_foreach(json_object_get(v, "header"), k, pair)
		{
			field(f, json_string_value(json_array_get(pair, 0)),
			    json_string_value(json_array_get(pair, 1)));
		}
		buf_init(&b, MARK_VALUE_MAX);
		assert_int_equal(
		    mark_make(&keys, &f->hdr,
			str_of(json_string_value(json_object_get(v, "sender"))),
			json_integer_value(json_object_get(v, "time")), &b),
		    0);
		assert_string_equal(
		    b.p, json_string_value(json_object_get(v, "value")));
		buf_fini(&b);
		token_ring_free(r);
	}
	assert_int_equal(i, 2);
	json_decref(doc);
}

static void
a_mark_holds_on_the_message_it_was_made_for(void **state)
{
	struct fixture *f = *state;

	usual(f);
	assert_false(is_held(f));
	marked(f);
	assert_true(is_held(f));
	/* What an MTA adds on the way back, and what it may do to white space. */
	field(f, "Received", " by here again");
	assert_true(is_held(f));
	hdr_change(
	    hdr_first(&f->hdr, STR("From")), STR("\n\tJane   <jane@example.com>  "));
	assert_true(is_held(f));
	assert_true(mark_holds(&f->keys, &f->hdr, STR("bounce@EXAMPLE.com"), NOW));
}

static void
a_change_of_what_it_is_about_voids_it(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "From", "Date", "Message-ID" };

	for (size_t i = 0; i < 3; i++) {
		marked(f);
		hdr_change(hdr_first(&f->hdr, str_of(names[i])), STR(" other"));
		assert_false(is_held(f));
		marked(f);
		hdr_remove(hdr_first(&f->hdr, str_of(names[i])));
		assert_false(is_held(f));
		marked(f);
		field(f, names[i], "");
		assert_false(is_held(f));
	}
	marked(f);
	assert_false(mark_holds(&f->keys, &f->hdr, STR("<list@example.com>"), NOW));
	assert_false(mark_holds(&f->keys, &f->hdr, STR("<Bounce@example.com>"), NOW));
	assert_false(mark_holds(&f->keys, &f->hdr, STR("<>"), NOW));
}

/* A client's "news" is news@example.com when it comes back; nothing else changes so. */
static void
a_sender_without_a_domain_may_get_one(void **state)
{
	struct fixture *f = *state;
	char value[MARK_VALUE_MAX + 1];
	struct buf b;

	usual(f);
	buf_init(&b, MARK_VALUE_MAX);
	assert_int_equal(mark_make(&f->keys, &f->hdr, STR("<news>"), NOW, &b), 0);
	snprintf(value, sizeof(value), "%s", b.p);
	buf_fini(&b);
	field(f, MARK_FIELD, value);
	assert_true(mark_holds(&f->keys, &f->hdr, STR("news"), NOW));
	assert_true(mark_holds(&f->keys, &f->hdr, STR("<news@example.com>"), NOW));
	assert_true(mark_holds(&f->keys, &f->hdr, STR("news@host.example.com"), NOW));
	assert_false(mark_holds(&f->keys, &f->hdr, STR("<list@example.com>"), NOW));
	assert_false(mark_holds(&f->keys, &f->hdr, STR("<>"), NOW));
	assert_false(mark_holds(&f->keys, &f->hdr, STR("<@example.com>"), NOW));
	/* A domain is not lost, and the null sender is none without a domain. */
	marked(f);
	assert_false(mark_holds(&f->keys, &f->hdr, STR("<bounce>"), NOW));
	usual(f);
	buf_init(&b, MARK_VALUE_MAX);
	assert_int_equal(mark_make(&f->keys, &f->hdr, STR("<>"), NOW, &b), 0);
	field(f, MARK_FIELD, b.p);
	buf_fini(&b);
	assert_true(mark_holds(&f->keys, &f->hdr, STR(""), NOW));
	assert_false(mark_holds(&f->keys, &f->hdr, STR("<@example.com>"), NOW));
}

/* One field's text cannot pass for another's. */
static void
text_does_not_move_from_field_to_field(void **state)
{
	struct fixture *f = *state;
	char value[MARK_VALUE_MAX + 1];

	hdr_reset(&f->hdr);
	field(f, "From", " a");
	field(f, "Date", " b");
	make(f, NOW, value);
	hdr_reset(&f->hdr);
	field(f, "From", " a\ndate:b");
	field(f, MARK_FIELD, value);
	assert_false(is_held(f));
	hdr_reset(&f->hdr);
	field(f, "From", " b");
	field(f, "Date", " a");
	field(f, MARK_FIELD, value);
	assert_false(is_held(f));
}

static void
a_mark_lives_six_days(void **state)
{
	struct fixture *f = *state;
	const struct {
		int64_t after;
		bool holds;
	} cases[] = { { 0, true }, { 6 * 86400 - 1, true }, { 6 * 86400, false },
		{ -MARK_SKEW_S, true }, { -MARK_SKEW_S - 1, false },
		{ INT32_MAX, false }, { -NOW, false } };

	marked(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    mark_holds(&f->keys, &f->hdr, SENDER, NOW + cases[i].after),
		    cases[i].holds);
}

static void
any_key_verifies_and_the_newest_signs(void **state)
{
	struct fixture *f = *state;
	struct mark_keys all = f->keys;
	char value[MARK_VALUE_MAX + 1];

	marked(f);
	make(f, NOW, value);
	assert_non_null(strstr(value, "; k=b; "));
	/* Before there were token keys. */
	f->keys.tokens = NULL;
	assert_false(is_held(f));
	marked(f);
	make(f, NOW, value);
	assert_non_null(strstr(value, "; k=-; "));
	assert_true(is_held(f));
	/* They come with a reload: what is in the queue stays known. */
	f->keys = all;
	assert_true(is_held(f));
	/* Another host, with the same token keys and a key of its own. */
	f->keys.local = NULL;
	assert_false(is_held(f));
	marked(f);
	assert_true(is_held(f));
}

static void
without_a_key_there_is_no_mark(void **state)
{
	struct fixture *f = *state;
	const struct mark_keys none = { NULL, NULL };
	struct buf b;

	marked(f);
	buf_init(&b, MARK_VALUE_MAX);
	assert_int_equal(mark_make(&none, &f->hdr, SENDER, NOW, &b), -1);
	assert_int_equal(b.len, 0);
	assert_false(mark_holds(&none, &f->hdr, SENDER, NOW));
	buf_fini(&b);
}

static void
only_what_we_write_is_read(void **state)
{
	static const char *const wrong[] = { "", " ", " v=1", " v=2; k=b; t=%s; m=%s",
		" v=1; k=b; t=%s; m=%s=", " v=1; k=b; t=%s; m=%s; x",
		" v=1; k=; t=%s; m=%s", " v=1; k=bb; t=%s; m=%s",
		" v=1; k=a; t=%s; m=%s", " v=1; k=-; t=%s; m=%s",
		" v=1; k=c; t=%s; m=%s", " V=1; k=b; t=%s; m=%s",
		" v=1;  k=b; t=%s; m=%s", " v=1; k=b; t=0%s; m=%s",
		" v=1; k=b; t=-%s; m=%s", " v=1; k=b; t=+%s; m=%s",
		" v=1; k=b; t=99999999999999999999%s; m=%s", " v=1; k=b; t=; m=%s%s",
		" v=1; k=b; t=%s; m=A%s", " v=1; k=b; t=%s;\n m=%s" };
	struct fixture *f = *state;
	char value[MARK_VALUE_MAX + 1], text[256], time[16] = "1795508579";

	marked(f);
	make(f, NOW, value);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *first = strstr(wrong[i], "%s");
		char before[64] = "";

		usual(f);
		if (first != NULL)
			snprintf(before, sizeof(before), "%.*s",
			    (int)(first - wrong[i]), wrong[i]);
		/* The two %s, by hand: a format must be a literal. */
		if (first != NULL && strstr(first + 2, "%s") != NULL) {
			const char *second = strstr(first + 2, "%s");

			snprintf(text, sizeof(text), "%s%s%.*s%s%s", before, time,
			    (int)(second - first - 2), first + 2,
			    strstr(value, "m=") + 2, second + 2);
		} else {
			snprintf(text, sizeof(text), "%s", wrong[i]);
		}
		field(f, MARK_FIELD, text);
		if (is_held(f))
			fail_msg("\"%s\" holds", text);
	}
}

/* A forgery in front does not hide the true one, but does not cost without end. */
static void
the_true_one_is_found_among_a_few(void **state)
{
	struct fixture *f = *state;
	char value[MARK_VALUE_MAX + 1];

	usual(f);
	make(f, NOW, value);
	for (size_t i = 0; i + 1 < MARK_FIELDS_MAX; i++)
		field(f, "x-metermark",
		    " v=1; k=a; t=1795508579; m=AAAAAAAAAAAAAAAAAAAAAA");
	field(f, MARK_FIELD, value);
	assert_true(is_held(f));
	usual(f);
	for (size_t i = 0; i < MARK_FIELDS_MAX; i++)
		field(f, "x-metermark",
		    " v=1; k=a; t=1795508579; m=AAAAAAAAAAAAAAAAAAAAAA");
	field(f, MARK_FIELD, value);
	assert_false(is_held(f));
}

static void
a_message_with_too_much_text_gets_none(void **state)
{
	struct fixture *f = *state;
	char *big = malloc(MARK_TEXT_MAX + 1);
	struct buf b;

	memset(big, 'x', MARK_TEXT_MAX);
	big[MARK_TEXT_MAX] = '\0';
	usual(f);
	field(f, "From", big);
	buf_init(&b, MARK_VALUE_MAX);
	assert_int_equal(mark_make(&f->keys, &f->hdr, SENDER, NOW, &b), -1);
	assert_int_equal(b.len, 0);
	buf_fini(&b);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    marks_are_those_of_the_vectors, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_mark_holds_on_the_message_it_was_made_for, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_sender_without_a_domain_may_get_one, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_change_of_what_it_is_about_voids_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    text_does_not_move_from_field_to_field, setup, teardown),
		cmocka_unit_test_setup_teardown(a_mark_lives_six_days, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    any_key_verifies_and_the_newest_signs, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    without_a_key_there_is_no_mark, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    only_what_we_write_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    the_true_one_is_found_among_a_few, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_message_with_too_much_text_gets_none, setup, teardown),
	};

	return cmocka_run_group_tests_name("mark", tests, NULL, NULL);
}
