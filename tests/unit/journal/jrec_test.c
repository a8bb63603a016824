/* SPDX-License-Identifier: BSD-2-Clause */
/* jrec_test.c - records are found again, and what is left of them after any damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "journal/jrec.h"
#include "text/crc32c.h"

#define RECORDS 7
#define FIRST 1000
#define ROOM 1024

static const struct jrec_head head = {
	.kind = JREC_JOURNAL,
	.producer = "00112233445566778899aabbccddeeff",
	.first = FIRST,
	.salt = UINT64_C(0x8877665544332211),
	.made_ms = INT64_C(1795510800123),
};

struct file {
	uint8_t p[ROOM];
	size_t end;                 /* of the last record */
	size_t begins[RECORDS + 1]; /* of each, and of what is behind */
};

/* Payloads of 0, 5, 10 ... bytes, the number in each of them. */
static size_t
payload(size_t i, uint8_t *p)
{
	memset(p, (int)(0x80 + i), 64);
	return i * 5;
}

static void
make(struct file *f)
{
	uint8_t p[64];

	memset(f, 0, sizeof *f);
	jrec_put_head(f->p, &head);
	f->end = JREC_HEAD_BYTES;
	for (size_t i = 0; i < RECORDS; i++) {
		size_t n = payload(i, p);

		f->begins[i] = f->end;
		jrec_put(f->p + f->end, JREC_DELTA, FIRST + i, head.salt, p, n,
		    crc32c(0, p, n));
		f->end += jrec_size(n);
	}
	f->begins[RECORDS] = f->end;
}

/* Reads all; which were found, as bits.  Each must be as it was written. */
static unsigned
found(const uint8_t *bytes, size_t n, struct jrec_scan *s)
{
	unsigned bits = 0;
	uint8_t p[64];
	struct jrec r;

	jrec_scan_begin(s, bytes, n, &head);
	while (jrec_next(s, &r)) {
		size_t i = (size_t)(r.number - FIRST);

		assert_in_range(i, 0, RECORDS - 1);
		assert_int_equal(r.type, JREC_DELTA);
		assert_int_equal(r.n, payload(i, p));
		assert_memory_equal(r.p, p, r.n);
		assert_false(bits & 1u << i);
		bits |= 1u << i;
	}
	return bits;
}

#define ALL ((1u << RECORDS) - 1)

static void
a_head_comes_back(void **state)
{
	uint8_t p[JREC_HEAD_BYTES];
	struct jrec_head h;
	uint32_t version;

	(void)state;
	jrec_put_head(p, &head);
	assert_int_equal(jrec_get_head(p, sizeof p, &h, &version), JREC_GOOD);
	assert_int_equal(version, JREC_VERSION);
	assert_memory_equal(&h, &head, sizeof h);
}

static void
a_head_that_is_not_whole_is_told_by_what_is_wrong(void **state)
{
	uint8_t p[JREC_HEAD_BYTES], zero[JREC_HEAD_BYTES] = { 0 };
	struct jrec_head h;
	uint32_t version;

	(void)state;
	assert_int_equal(jrec_get_head(zero, sizeof zero, &h, &version), JREC_EMPTY);
	assert_int_equal(jrec_get_head(zero, 0, &h, &version), JREC_EMPTY);
	jrec_put_head(p, &head);
	for (size_t n = 1; n < sizeof p; n++)
		assert_int_not_equal(jrec_get_head(p, n, &h, &version), JREC_GOOD);
	for (size_t i = 0; i < sizeof p * 8; i++) {
		p[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_not_equal(
		    jrec_get_head(p, sizeof p, &h, &version), JREC_GOOD);
		p[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	p[0] = 'm';
	assert_int_equal(jrec_get_head(p, sizeof p, &h, &version), JREC_FOREIGN);
	p[0] = 'M';
	p[8] = 2;
	assert_int_equal(jrec_get_head(p, sizeof p, &h, &version), JREC_OTHER_VERSION);
	assert_int_equal(version, 2);
	p[8] = JREC_VERSION;
	p[20] ^= 1;
	assert_int_equal(jrec_get_head(p, sizeof p, &h, &version), JREC_BAD);
}

static void
all_records_are_found_with_or_without_room_behind(void **state)
{
	struct jrec_scan s;
	struct file f;

	(void)state;
	make(&f);
	assert_int_equal(found(f.p, f.end, &s), ALL);
	assert_int_equal(found(f.p, ROOM, &s), ALL);
	assert_int_equal(s.at, f.end);
	assert_int_equal(s.next, FIRST + RECORDS);
	assert_int_equal(s.damages, 0);
	assert_int_equal(s.missing, 0);
	assert_false(s.torn);
	assert_int_equal(found(f.p, JREC_HEAD_BYTES, &s), 0);
	assert_false(s.torn);
}

/* Would the record come out the same if it were cut there?  It may end in zeros. */
static bool
is_whole(const struct file *f, size_t i, size_t cut)
{
	for (size_t at = cut; at < f->begins[i + 1]; at++)
		if (f->p[at] != 0)
			return false;
	return true;
}

/* A crash leaves any part of the last bytes. */
static void
a_tail_torn_at_any_byte_is_cut_at_the_last_whole_record(void **state)
{
	struct file whole, f;
	struct jrec_scan s;

	(void)state;
	make(&whole);
	for (size_t cut = JREC_HEAD_BYTES; cut < ROOM; cut++) {
		unsigned want = 0;

		make(&f);
		memset(f.p + cut, 0, ROOM - cut);
		for (size_t i = 0; i < RECORDS; i++)
			if (is_whole(&whole, i, cut))
				want |= 1u << i;
		assert_int_equal(found(f.p, ROOM, &s), want);
		assert_int_equal(s.damages, 0);
		assert_int_equal(s.missing, 0);
		make(&f);
		assert_int_equal(found(f.p, cut, &s) & ~want, 0);
		assert_int_equal(s.missing, 0);
	}
}

/* Any flipped bit costs the record it is in, no other, and is counted. */
static void
a_flipped_bit_costs_one_record_and_is_counted(void **state)
{
	struct jrec_scan s;
	struct file f;
	size_t hit = 0;

	(void)state;
	make(&f);
	for (size_t bit = JREC_HEAD_BYTES * 8; bit < f.end * 8; bit++) {
		unsigned have;

		while (bit / 8 >= f.begins[hit + 1])
			hit++;
		f.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		have = found(f.p, ROOM, &s);
		if (bit / 8 >= f.begins[hit] + JREC_RECORD_BYTES + hit * 5) {
			assert_int_equal(have, ALL); /* in the filling */
		} else {
			assert_int_equal(have, ALL & ~(1u << hit));
			if (hit < RECORDS - 1) {
				assert_int_equal(s.missing, 1);
				assert_int_equal(s.damages, 1);
			} else {
				assert_true(s.torn);
				assert_int_equal(s.at, f.begins[hit]);
			}
		}
		f.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* Pages reach the disk in any order. */
static void
a_hole_of_zeros_is_counted_by_the_numbers_around_it(void **state)
{
	struct jrec_scan s;
	struct file f;

	(void)state;
	make(&f);
	memset(f.p + f.begins[2], 0, f.begins[5] - f.begins[2]);
	assert_int_equal(found(f.p, ROOM, &s), ALL & ~(7u << 2));
	assert_int_equal(s.missing, 3);
	assert_int_equal(s.damages, 1);
}

static void
records_of_another_file_are_none(void **state)
{
	struct jrec_head other = head;
	struct jrec_scan s;
	struct jrec r;
	struct file f;

	(void)state;
	make(&f);
	other.salt++;
	jrec_scan_begin(&s, f.p, ROOM, &other);
	assert_false(jrec_next(&s, &r));
	assert_true(s.torn);
	/* Lower numbers: what was written before. */
	other = head;
	other.first = FIRST + RECORDS;
	jrec_scan_begin(&s, f.p, ROOM, &other);
	assert_false(jrec_next(&s, &r));
}

/* A stranger writes what looks like a record into a name. */
static void
a_payload_is_never_taken_for_a_record(void **state)
{
	uint8_t inner[64], bytes[ROOM] = { 0 };
	struct jrec_scan s;
	struct jrec r;

	(void)state;
	jrec_put(inner, JREC_DELTA, FIRST + 1, 0, "forged", 6, crc32c(0, "forged", 6));
	jrec_put(bytes + JREC_HEAD_BYTES, JREC_DELTA, FIRST, head.salt, inner,
	    jrec_size(6), crc32c(0, inner, jrec_size(6)));
	bytes[JREC_HEAD_BYTES]++; /* so that it is searched for */
	jrec_scan_begin(&s, bytes, sizeof bytes, &head);
	assert_false(jrec_next(&s, &r));
}

static void
random_bytes_hold_no_records(void **state)
{
	uint8_t bytes[ROOM];
	uint32_t x = 12345;
	struct jrec_scan s;
	struct jrec r;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		size_t n = x % ROOM;

		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		jrec_scan_begin(&s, bytes, n, &head);
		assert_false(jrec_next(&s, &r));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_comes_back),
		cmocka_unit_test(a_head_that_is_not_whole_is_told_by_what_is_wrong),
		cmocka_unit_test(all_records_are_found_with_or_without_room_behind),
		cmocka_unit_test(
		    a_tail_torn_at_any_byte_is_cut_at_the_last_whole_record),
		cmocka_unit_test(a_flipped_bit_costs_one_record_and_is_counted),
		cmocka_unit_test(a_hole_of_zeros_is_counted_by_the_numbers_around_it),
		cmocka_unit_test(records_of_another_file_are_none),
		cmocka_unit_test(a_payload_is_never_taken_for_a_record),
		cmocka_unit_test(random_bytes_hold_no_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
