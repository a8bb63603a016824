/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_addr.c - addresses: the parser, and the form that Sendmail would give them.
 *
 * An input is the value of an address field.  Promised, whatever it is:
 *  - what is given out lies within what was given in, and ends;
 *  - a From that speaks for a domain names one that is a domain, in lower case;
 *  - the form for Sendmail is one that it keeps: a second time changes nothing, and the
 *    mailboxes and the domain they speak for are the same.
 */
#include <string.h>

#include "mail/addr.h"
#include "mail/sendform.h"
#include "rules/provider.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)64 * 1024 * 1024)

static struct arena *arena;

static bool
within(struct str part, struct str whole)
{
	return part.len == 0 ||
	    (part.p >= whole.p && part.p + part.len <= whole.p + whole.len);
}

/* How many mailboxes; *over is how it ended. */
static size_t
walk(struct str value, enum addr_result *over)
{
	struct addr_list list;
	struct addr_box box;
	size_t n = 0;

	addr_list_init(&list, value, arena);
	while ((*over = addr_list_next(&list, &box)) == ADDR_OK) {
		FUZZ_CHECK(within(box.raw, value), "raw is not of the value");
		FUZZ_CHECK(within(box.group, value), "group is not of the value");
		FUZZ_CHECK(n <= value.len, "more mailboxes than bytes");
		n++;
	}
	FUZZ_CHECK(*over != ADDR_NO_MEMORY, "out of memory");
	FUZZ_CHECK(addr_list_next(&list, &box) == *over, "it does not stay over");
	return n;
}

static void
check_from(struct str value)
{
	struct str domain;

	if (addr_from_domain(value, arena, &domain) != ADDR_OK) {
		FUZZ_CHECK(domain.len == 0, "no certain domain, but one is given");
		return;
	}
	FUZZ_CHECK(addr_domain_ok(domain), "%.*s", (int)domain.len, domain.p);
	for (size_t i = 0; i < domain.len; i++)
		FUZZ_CHECK(ascii_lower(domain.p[i]) == domain.p[i], "%.*s",
		    (int)domain.len, domain.p);
	(void)provider_of(domain);
}

static void
check_path(struct str arg)
{
	struct addr_path path;

	if (addr_path(arg, &path) == ADDR_OK) {
		FUZZ_CHECK(path.domain.len > 0 && addr_domain_ok(path.domain), "%.*s",
		    (int)path.domain.len, path.domain.p);
		FUZZ_CHECK(within(path.local, arg) && within(path.domain, arg),
		    "not of the argument");
		/* message/txn.c reads them as one. */
		FUZZ_CHECK(path.local.p < path.domain.p, "local follows domain");
	}
	if (addr_spec_ok(arg)) {
		FUZZ_CHECK(
		    addr_path(arg, &path) == ADDR_OK, "%.*s", (int)arg.len, arg.p);
		FUZZ_CHECK(arg.len <= ADDR_SPEC_MAX, "%zu bytes", arg.len);
	}
}

static void
check_sendform(struct str name, struct str value)
{
	struct str out, again, before, after;
	enum addr_result over, again_over;
	size_t n;
	enum sendform_result r = sendform_rewrite(name, value, arena, &out);

	FUZZ_CHECK(r != SENDFORM_NO_MEMORY, "out of memory");
	if (r == SENDFORM_SAME)
		FUZZ_CHECK(str_eq(out, value), "the same, but not the same");
	if (r != SENDFORM_CHANGED)
		return;
	FUZZ_CHECK(sendform_rewrite(name, out, arena, &again) == SENDFORM_SAME,
	    "not kept: \"%.*s\", then \"%.*s\"", (int)out.len, out.p, (int)again.len,
	    again.p);
	/* What addr.h does not read with certainty the form may well make readable. */
	n = walk(value, &over);
	if (over != ADDR_EMPTY)
		return;
	FUZZ_CHECK(walk(out, &again_over) == n && again_over == over,
	    "other mailboxes: \"%.*s\"", (int)out.len, out.p);
	FUZZ_CHECK(addr_from_domain(value, arena, &before) ==
		    addr_from_domain(out, arena, &after) &&
		str_eq(before, after),
	    "another domain: \"%.*s\"", (int)out.len, out.p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static const char *const names[] = { "From", "Sender", "To", "Cc", "Reply-To",
		"Subject" };
	struct str value = str_make((const char *)p, len);
	enum addr_result over;

	if (arena == NULL)
		arena = arena_new(ARENA_MAX);
	FUZZ_CHECK(arena != NULL, "out of memory");
	arena_reset(arena);
	(void)walk(value, &over);
	check_from(value);
	check_path(value);
	(void)addr_domain_ok(value);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		check_sendform(str_of(names[i]), value);
	return 0;
}
