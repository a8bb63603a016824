/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token_test.c - tokens of both forms: the vectors of tests/data/token-vectors.json,
 * which another implementation has made, and what must not be taken for a token.
 */
#include "token/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "token/tokencrypt.h"

struct fixture {
	json_t *vectors;
	struct token_ring *ring; /* of all their keys */
};

static const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (text == NULL)
		fail_msg("the vectors have no %s where one is expected", name);
	return text;
}

static void
add_key(struct token_ring *r, const json_t *key)
{
	const char *secret = text_of(key, "secret");

	assert_int_equal(
	    token_ring_add(r, text_of(key, "id")[0], secret, strlen(secret)), 0);
}

/* A ring with that key alone. */
static struct token_ring *
ring_of(const struct fixture *f, char id)
{
	struct token_ring *r = token_ring_new();
	json_t *key;
	size_t i;

	assert_non_null(r);
	json_array_foreach(json_object_get(f->vectors, "keys"), i, key)
	{
		if (text_of(key, "id")[0] == id)
			add_key(r, key);
	}
	assert_int_equal(token_ring_newest(r), id);
	return r;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *src = getenv("MM_SRC");
	char path[4096];
	json_error_t error;
	json_t *key;
	size_t i;

	snprintf(path, sizeof(path), "%s/tests/data/token-vectors.json",
	    src != NULL ? src : ".");
	f->vectors = json_load_file(path, 0, &error);
	if (f->vectors == NULL)
		fail_msg("%s: %s; MM_SRC must name the source tree", path, error.text);
	f->ring = token_ring_new();
	assert_non_null(f->ring);
	json_array_foreach(json_object_get(f->vectors, "keys"), i, key)
	{
		add_key(f->ring, key);
	}
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	json_decref(f->vectors);
	token_ring_free(f->ring);
	free(f);
	return 0;
}

static void
from_hex(const char *hex, uint8_t out[8])
{
	for (size_t i = 0; i < 8; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
}

static void
mailbox_tokens_are_those_of_the_vectors(void **state)
{
	const struct fixture *f = *state;
	json_t *v;
	size_t i, n = 0;

	json_array_foreach(json_object_get(f->vectors, "mailbox"), i, v)
	{
		struct token_ring *r = ring_of(f, text_of(v, "key")[0]);
		uint16_t day = (uint16_t)json_integer_value(json_object_get(v, "day"));
		uint8_t nonce[8], id[8];
		struct token t;
		struct buf b;

		from_hex(text_of(v, "nonce"), nonce);
		from_hex(text_of(v, "campaign_id"), id);
		buf_init(&b, TOKEN_MAILBOX_CHARS);
		assert_int_equal(token_mailbox_with(
				     r, str_of(text_of(v, "campaign")), day, nonce, &b),
		    0);
		assert_string_equal(b.p, text_of(v, "token"));
		assert_int_equal(token_decode(f->ring, buf_str(&b), &t), TOKEN_OK);
		assert_int_equal(t.form, TOKEN_MAILBOX);
		assert_int_equal(t.key_id, text_of(v, "key")[0]);
		assert_int_equal(t.day, day);
		assert_memory_equal(t.nonce, nonce, 8);
		assert_memory_equal(t.campaign_id, id, 8);
		buf_fini(&b);
		token_ring_free(r);
		n++;
	}
	assert_true(n >= 4);
}

static void
url_tokens_are_those_of_the_vectors(void **state)
{
	const struct fixture *f = *state;
	json_t *v;
	size_t i, n = 0;

	json_array_foreach(json_object_get(f->vectors, "url"), i, v)
	{
		struct token_ring *r = ring_of(f, text_of(v, "key")[0]);
		struct token t;
		struct buf b;

		buf_init(&b, TOKEN_URL_CHARS_MAX);
		assert_int_equal(token_url(r, str_of(text_of(v, "campaign")),
				     str_of(text_of(v, "recipient")), &b),
		    0);
		assert_string_equal(b.p, text_of(v, "token"));
		assert_int_equal(token_decode(f->ring, buf_str(&b), &t), TOKEN_OK);
		assert_int_equal(t.form, TOKEN_URL);
		assert_int_equal(t.key_id, text_of(v, "key")[0]);
		assert_string_equal(t.campaign, text_of(v, "campaign"));
		assert_string_equal(t.recipient, text_of(v, "recipient"));
		buf_fini(&b);
		token_ring_free(r);
		n++;
	}
	assert_true(n >= 5);
}

static void
invalid_tokens_of_the_vectors_are_refused_for_their_reason(void **state)
{
	static const char *const words[] = { [TOKEN_OK] = "ok",
		[TOKEN_MALFORMED] = "malformed",
		[TOKEN_NO_KEY] = "no-key",
		[TOKEN_FORGED] = "forged" };
	const struct fixture *f = *state;
	struct token t;
	json_t *v;
	size_t i, n = 0;

	json_array_foreach(json_object_get(f->vectors, "invalid"), i, v)
	{
		const char *got =
		    words[token_decode(f->ring, str_of(text_of(v, "token")), &t)];

		if (strcmp(got, text_of(v, "fault")) != 0)
			fail_msg("%s: found %s, expected %s", text_of(v, "why"), got,
			    text_of(v, "fault"));
		n++;
	}
	assert_true(n >= 25);
}

static void
every_changed_character_is_noticed(void **state)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
	const struct fixture *f = *state;
	const json_t *forms[] = {
		json_array_get(json_object_get(f->vectors, "mailbox"), 0),
		json_array_get(json_object_get(f->vectors, "url"), 0),
	};

	for (size_t k = 0; k < 2; k++) {
		struct str good = str_of(text_of(forms[k], "token"));
		char bad[TOKEN_URL_CHARS_MAX + 1];
		struct token t;

		for (size_t i = 0; i < good.len; i++) {
			for (const char *c = alphabet; *c != '\0'; c++) {
				memcpy(bad, good.p, good.len);
				bad[i] = *c;
				/* Base32 is read in capitals, too. */
				if (k == 0 ? ascii_lower(*c) == good.p[i]
					   : *c == good.p[i])
					continue;
				assert_int_not_equal(
				    token_decode(f->ring, str_make(bad, good.len), &t),
				    TOKEN_OK);
			}
		}
	}
}

static void
a_mailbox_token_survives_a_change_of_case(void **state)
{
	const struct fixture *f = *state;
	const char *good =
	    text_of(json_array_get(json_object_get(f->vectors, "mailbox"), 0), "token");
	char upper[TOKEN_MAILBOX_CHARS];
	struct token t;

	for (size_t i = 0; i < sizeof(upper); i++)
		upper[i] = good[i] >= 'a' ? (char)(good[i] - 'a' + 'A') : good[i];
	assert_int_equal(
	    token_decode(f->ring, str_make(upper, sizeof(upper)), &t), TOKEN_OK);
}

static void
the_key_added_last_signs_and_all_verify(void **state)
{
	const char *secrets[] = { "the first secret, of more than 32 bytes",
		"the second secret, of more than 32 bytes" };
	struct token_ring *r = token_ring_new();
	struct buf old, new;
	struct token t;

	(void)state;
	buf_init(&old, 64);
	buf_init(&new, 64);
	assert_int_equal(token_ring_add(r, 'z', secrets[0], strlen(secrets[0])), 0);
	assert_int_equal(token_mailbox(r, STR("news"), 1795508579, STR("n1"), &old), 0);
	assert_int_equal(token_ring_add(r, 'b', secrets[1], strlen(secrets[1])), 0);
	assert_int_equal(token_mailbox(r, STR("news"), 1795508579, STR("n1"), &new), 0);
	assert_int_equal(token_decode(r, buf_str(&old), &t), TOKEN_OK);
	assert_int_equal(t.key_id, 'z');
	assert_int_equal(token_decode(r, buf_str(&new), &t), TOKEN_OK);
	assert_int_equal(t.key_id, 'b');
	assert_int_equal(t.day, 1795508579 / 86400);
	buf_fini(&old);
	buf_fini(&new);
	token_ring_free(r);
}

static void
a_ring_takes_an_id_once_and_secrets_of_some_length_only(void **state)
{
	static const char secret[TOKEN_SECRET_MAX + 1];
	struct token_ring *r = token_ring_new();

	(void)state;
	assert_true(token_ring_empty(r));
	assert_int_equal(token_ring_add(r, 'a', secret, TOKEN_SECRET_MIN - 1), -1);
	assert_int_equal(token_ring_add(r, 'a', secret, TOKEN_SECRET_MAX + 1), -1);
	assert_int_equal(token_ring_add(r, 'A', secret, TOKEN_SECRET_MIN), -1);
	assert_int_equal(token_ring_add(r, '-', secret, TOKEN_SECRET_MIN), -1);
	assert_int_equal(token_ring_add(r, '\0', secret, TOKEN_SECRET_MIN), -1);
	assert_true(token_ring_empty(r));
	for (const char *id = TOKEN_KEY_IDS; *id != '\0'; id++)
		assert_int_equal(token_ring_add(r, *id, secret, TOKEN_SECRET_MIN), 0);
	assert_int_equal(token_ring_add(r, 'a', secret, TOKEN_SECRET_MAX), -1);
	assert_int_equal(token_ring_newest(r), '9');
	token_ring_free(r);
}

/* Nothing goes in that would not come out. */
static void
what_no_token_can_hold_makes_none(void **state)
{
	static char too_long[TOKEN_RCPT_MAX + 1];
	const struct fixture *f = *state;
	const struct {
		struct str campaign, recipient;
	} cases[] = {
		{ STR("news"), STR("") },
		{ STR("news"), str_make(too_long, sizeof(too_long)) },
		{ STR("news"), STR("jane\r\nX: y@example.com") },
		{ STR("news"), STR("jane\0@example.com") },
		{ STR("News"), STR("jane@example.com") },
		{ STR(""), STR("jane@example.com") },
	};
	struct buf b;

	memset(too_long, 'x', sizeof(too_long));
	buf_init(&b, 1024);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    token_url(f->ring, cases[i].campaign, cases[i].recipient, &b), -1);
	assert_int_equal(token_mailbox(f->ring, STR(""), 0, STR("n"), &b), -1);
	assert_int_equal(token_mailbox(f->ring, STR("news"), -1, STR("n"), &b), -1);
	assert_int_equal(
	    token_mailbox(f->ring, STR("news"), (int64_t)86400 * 65536, STR("n"), &b),
	    -1);
	assert_int_equal(token_url(NULL, STR("news"), STR("jane@example.com"), &b), -1);
	assert_int_equal(token_mailbox(NULL, STR("news"), 0, STR("n"), &b), -1);
	assert_int_equal(b.len, 0);
	assert_int_equal(
	    token_url(f->ring, STR("news"), STR("jane@example.com"), &b), 0);
	buf_fini(&b);
}

static void
a_token_that_does_not_fit_is_not_begun(void **state)
{
	const struct fixture *f = *state;
	struct buf b;

	buf_init(&b, TOKEN_MAILBOX_CHARS + 1);
	buf_adds(&b, "b+");
	assert_int_equal(token_mailbox(f->ring, STR("news"), 0, STR("n"), &b), -1);
	assert_int_equal(
	    token_url(f->ring, STR("news"), STR("jane@example.com"), &b), -1);
	assert_string_equal(b.p, "b+");
	buf_fini(&b);
}

/* RFC 5869, test case 3 has no salt; RFC 5297 A.1 and A.2 are of AES-128, so for
 * AES-256 the other implementation must do. */
static void
hkdf_gives_the_key_of_rfc_5869(void **state)
{
	static const uint8_t want[42] = { 0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1,
		0x8f, 0x71, 0x5f, 0x80, 0x2a, 0x06, 0x3c, 0x5a, 0x31, 0xb8, 0xa1, 0x1f,
		0x5c, 0x5e, 0xe1, 0x87, 0x9e, 0xc3, 0x45, 0x4e, 0x5f, 0x3c, 0x73, 0x8d,
		0x2d, 0x9d, 0x20, 0x13, 0x95, 0xfa, 0xa4, 0xb6, 0x1a, 0x96, 0xc8 };
	uint8_t secret[22], out[42];

	(void)state;
	memset(secret, 0x0b, sizeof(secret));
	assert_int_equal(
	    tokencrypt_hkdf(secret, sizeof(secret), "", out, sizeof(out)), 0);
	assert_memory_equal(out, want, sizeof(want));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mailbox_tokens_are_those_of_the_vectors),
		cmocka_unit_test(url_tokens_are_those_of_the_vectors),
		cmocka_unit_test(
		    invalid_tokens_of_the_vectors_are_refused_for_their_reason),
		cmocka_unit_test(every_changed_character_is_noticed),
		cmocka_unit_test(a_mailbox_token_survives_a_change_of_case),
		cmocka_unit_test(the_key_added_last_signs_and_all_verify),
		cmocka_unit_test(
		    a_ring_takes_an_id_once_and_secrets_of_some_length_only),
		cmocka_unit_test(what_no_token_can_hold_makes_none),
		cmocka_unit_test(a_token_that_does_not_fit_is_not_begun),
		cmocka_unit_test(hkdf_gives_the_key_of_rfc_5869),
	};

	return cmocka_run_group_tests_name("token", tests, setup, teardown);
}
