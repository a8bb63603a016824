/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sourcelab.h - a message header whose campaign headers are read, for tests of
 * sourceread.
 */
#ifndef METERMARK_TESTS_SOURCELAB_H
#define METERMARK_TESTS_SOURCELAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/sourceread.h"
#include "config/conf.h"

struct fixture {
	struct conf conf;
	struct arena *arena;
	struct hdr hdr;
	struct source_hits hits;
	struct camp_name name;
	struct source_found found;
};

static inline int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char err[256];

	if (f == NULL || conf_init(&f->conf) != 0 ||
	    conf_finish(&f->conf, err, sizeof(err)) != 0)
		return -1;
	f->arena = arena_new((size_t)16 * 1024 * 1024);
	hdr_init(&f->hdr, f->arena);
	*state = f;
	return f->arena == NULL ? -1 : 0;
}

static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	hdr_fini(&f->hdr);
	arena_free(f->arena);
	conf_fini(&f->conf);
	free(f);
	return 0;
}

static inline void
clear(struct fixture *f)
{
	hdr_reset(&f->hdr);
	arena_reset(f->arena);
}

/* Read the fields that were received; a campaign's name stands there from before. */
static inline void
read_it(struct fixture *f)
{
	camp_canonical(STR("nothing spoke"), &f->name);
	source_scan(&f->conf.campaign.index, &f->hdr, &f->hits);
	source_read(&f->conf.campaign.index, &f->hits, &f->hdr,
	    f->conf.campaign.customer.v, f->conf.campaign.customer.n, f->arena,
	    &f->name, &f->found);
	source_strip(&f->conf.campaign.index, &f->hits, &f->hdr);
}

/* Receive and read the fields in text, each of which ends in LF, as do the lines of a
 * fold. */
static inline void
give(struct fixture *f, struct str text)
{
	clear(f);
	while (text.len > 0) {
		size_t n = str_find(text, '\n'), colon;

		while (
		    n + 1 < text.len && (text.p[n + 1] == ' ' || text.p[n + 1] == '\t'))
			n += 1 + str_find(str_skip(text, n + 1), '\n');
		colon = str_find(text, ':');
		assert_int_equal(hdr_receive(&f->hdr, str_make(text.p, colon),
				     str_make(text.p + colon + 1, n - colon - 1)),
		    0);
		text = str_skip(text, n + 1);
	}
	read_it(f);
}

static inline const char *
tags_of(const struct fixture *f)
{
	static char text[8192];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < f->found.n_tags; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
		    i > 0 ? "|" : "", (int)f->found.tags[i].len, f->found.tags[i].p);
	return text;
}

/* The names of the fields that source_strip() left. */
static inline const char *
left_of(const struct fixture *f)
{
	static char text[8192];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < f->hdr.n; i++)
		if (f->hdr.v[i].state != HDR_REMOVED)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
			    n > 0 ? "|" : "", (int)f->hdr.v[i].name.len,
			    f->hdr.v[i].name.p);
	return text;
}

struct row {
	const char *header, *source, *campaign, *tags, *left;
};

static inline void
check(struct fixture *f, const struct row *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *source = "";
		char expected[4096], seen[20480];

		give(f, str_of(t[i].header));
		if (f->found.source != NULL)
			source = f->found.source->id;
		snprintf(expected, sizeof(expected),
		    "%s\n=> source %s, campaign %s, tags %s, left %s, fault ",
		    t[i].header, t[i].source, t[i].campaign, t[i].tags, t[i].left);
		snprintf(seen, sizeof(seen),
		    "%s\n=> source %s, campaign %s, tags %s, left %s, fault %s",
		    t[i].header, source, f->found.source != NULL ? f->name.name : "",
		    tags_of(f), left_of(f), source_fault_word(f->found.fault));
		assert_string_equal(seen, expected);
	}
}
#define CHECK(state, rows) check(*(state), rows, sizeof(rows) / sizeof((rows)[0]))

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
