/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_signature.c - what a signature of opendkim was like: which of it metermark's
 * are, and which of it they are not.  Also Mode, which says whether there are any.
 */
#include <string.h>

#include "cli/cmd.h"
#include "cli/opendkim/import.h"
#include "mail/signset.h"
#include "text/glob.h"

#define KEY_BITS_MIN 1024 /* metermark takes no shorter ones */
#define EXPIRE_MIN 3600
#define EXPIRE_MAX 31536000

static int
carry_mode(struct import *im)
{
	const struct import_setting *s = import_get(im, "Mode");
	bool verifies = s == NULL;

	im->signs = s == NULL;
	for (size_t i = 0; s != NULL && i < s->value.len; i++) {
		char c = s->value.p[i];

		if (c != 's' && c != 'v')
			return import_broken(
			    s->file, s->line, "Mode: expected s, v or sv");
		im->signs |= c == 's';
		verifies |= c == 'v';
	}
	if (verifies && s == NULL)
		import_note(im, im->file, 0, "Mode",
		    "opendkim verified incoming mail as well; metermark signs only");
	else if (verifies)
		import_lost(im, s->file, s->line, "Mode",
		    "verifying: metermark signs only%s",
		    im->signs ? "" : ", and opendkim signs nothing with this file");
	return EX_OK;
}

static int
canon_of(struct str word, enum conf_canon *out)
{
	if (str_caseeq(word, STR("relaxed")))
		*out = CONF_CANON_RELAXED;
	else if (str_caseeq(word, STR("simple")))
		*out = CONF_CANON_SIMPLE;
	else
		return -1;
	return 0;
}

static int
carry_canon(struct import *im)
{
	const struct import_setting *s = import_get(im, "Canonicalization");
	size_t slash;

	im->header_canon = im->body_canon = CONF_CANON_RELAXED;
	if (s == NULL) {
		import_note(im, im->file, 0, "Canonicalization",
		    "not set, so opendkim used simple/simple, which breaks easily; it is relaxed/relaxed now");
		return EX_OK;
	}
	slash = str_find(s->value, '/');
	im->body_canon = CONF_CANON_SIMPLE; /* for want of a second word */
	if (canon_of(str_make(s->value.p, slash), &im->header_canon) != 0 ||
	    (slash < s->value.len &&
		canon_of(str_skip(s->value, slash + 1), &im->body_canon) != 0))
		return import_broken(s->file, s->line,
		    "Canonicalization: expected simple or relaxed, or two of them with / between");
	return EX_OK;
}

static void
carry_ttl(struct import *im)
{
	const struct import_setting *s = import_get(im, "SignatureTTL");

	im->expire_s = import_number(im, "SignatureTTL", 0);
	if (im->expire_s == 0 ||
	    (im->expire_s >= EXPIRE_MIN && im->expire_s <= EXPIRE_MAX))
		return;
	import_lost(im, s->file, s->line, "SignatureTTL",
	    "%ld: expected 0, or a number from %d to %d; it is 0 now, so that signatures do not expire",
	    im->expire_s, EXPIRE_MIN, EXPIRE_MAX);
	im->expire_s = 0;
}

/* Settings that metermark has one value for. */
static void
compare_fixed(struct import *im)
{
	const struct import_setting *bits = import_get(im, "MinimumKeyBits"),
				    *algorithm = import_get(im, "SignatureAlgorithm"),
				    *facility = import_get(im, "SyslogFacility"),
				    *root = import_get(im, "ChangeRootDirectory");

	if (import_number(im, "MinimumKeyBits", KEY_BITS_MIN) > KEY_BITS_MIN)
		import_lost(im, bits->file, bits->line, "MinimumKeyBits",
		    "metermark refuses RSA keys of less than %d bits, and warns of those below 2048",
		    KEY_BITS_MIN);
	else
		import_needless(
		    im, "MinimumKeyBits", "RSA keys have 1024 bits or are refused");
	if (algorithm != NULL && str_caseeq(algorithm->value, STR("rsa-sha1")))
		import_lost(im, algorithm->file, algorithm->line, "SignatureAlgorithm",
		    "rsa-sha1: metermark signs with SHA-256 only, as RFC 8301 demands");
	else
		import_needless(im, "SignatureAlgorithm", "the key says which");
	if (facility != NULL && !str_caseeq(facility->value, STR("mail")))
		import_lost(im, facility->file, facility->line, "SyslogFacility",
		    "metermark logs to the facility mail");
	else
		import_needless(im, "SyslogFacility", "it is mail");
	if (root != NULL)
		import_note(im, root->file, root->line, "ChangeRootDirectory",
		    "metermark stays in the root; paths of keys in a table and of the socket begin with %s now",
		    im->chroot);
}

/* --- lists of header fields --- */

struct fields {
	const char *file;
	struct buf text;
	uint64_t named; /* a bit for each row of metermark's list */
	bool
	    changes; /* opendkim's own list ("*", "+X", "-X"), and is none of its own */
};

/* "X, Y": those that metermark does otherwise. */
static void
collect(struct fields *f, struct str field)
{
	buf_addf(&f->text, "%s%.*s", f->text.len > 0 ? ", " : "",
	    field.len > 76 ? 76 : (int)field.len, field.p);
}

/* How a field, or a pattern of fields, stands in metermark's own list. */
static bool
covers(struct str field, bool oversigned)
{
	size_t n;
	const struct signset_name *names = signset_names(&n);

	for (size_t i = 0; i < n; i++)
		if (glob_match(field, str_of(names[i].name)) &&
		    (names[i].oversign || !oversigned))
			return true;
	return false;
}

/* +X and X are in the list; -X and * are not fields of it. */
static bool
is_listed(struct str *field)
{
	if (str_eq(*field, STR("*")) || str_starts(*field, STR("-")))
		return false;
	if (str_starts(*field, STR("+")))
		*field = str_skip(*field, 1);
	return true;
}

static int
on_sign_header(void *arg, unsigned line, struct str field, struct str value)
{
	(void)line;
	(void)value;
	if (is_listed(&field) && !covers(field, false))
		collect(arg, field);
	return EX_OK;
}

static int
on_omitted(void *arg, unsigned line, struct str field, struct str value)
{
	(void)line;
	(void)value;
	if (is_listed(&field) && covers(field, false))
		collect(arg, field);
	return EX_OK;
}

static int
on_removed(void *arg, unsigned line, struct str field, struct str value)
{
	(void)line;
	(void)value;
	if (str_starts(field, STR("-")) && covers(str_skip(field, 1), false))
		collect(arg, str_skip(field, 1));
	return EX_OK;
}

static int
on_oversigned(void *arg, unsigned line, struct str field, struct str value)
{
	(void)line;
	(void)value;
	if (is_listed(&field) && !covers(field, true))
		collect(arg, field);
	return EX_OK;
}

static int
on_sender(void *arg, unsigned line, struct str field, struct str value)
{
	(void)line;
	(void)value;
	if (is_listed(&field) && !str_caseeq(field, STR("From")))
		collect(arg, field);
	return EX_OK;
}

static int
on_named(void *arg, unsigned line, struct str field, struct str value)
{
	struct fields *f = arg;
	size_t n;
	const struct signset_name *names = signset_names(&n);

	(void)line;
	(void)value;
	f->changes |= str_eq(field, STR("*")) || str_starts(field, STR("+")) ||
	    str_starts(field, STR("-"));
	for (size_t i = 0; i < n; i++)
		if (glob_match(field, str_of(names[i].name)))
			f->named |= UINT64_C(1) << i;
	return EX_OK;
}

/*
 * Rows of metermark's list that a list of opendkim's leaves out.  Somebody may have
 * left out a field that is changed on its way.
 */
static void
collect_unnamed(struct fields *f, bool oversigned)
{
	size_t n;
	const struct signset_name *names = signset_names(&n);

	/* From is signed by everybody. */
	for (size_t i = 1; i < n && !f->changes; i++)
		if ((f->named >> i & 1) == 0 && (names[i].oversign || !oversigned))
			collect(f, str_of(names[i].name));
}

static int
carry_unnamed(struct import *im, const char *name, bool oversigned)
{
	const struct import_setting *s = import_get(im, name);
	struct fields f = { .named = 0 };
	struct odkconf_set set;
	int status;

	if (s == NULL)
		return EX_OK;
	odkconf_set(s->value, &set);
	if (set.kind == ODKCONF_ELSEWHERE)
		return EX_OK;
	buf_init(&f.text, 600);
	status = import_entries(im, s, &f.file, on_named, &f);
	collect_unnamed(&f, oversigned);
	if (f.text.len > 0 && oversigned)
		import_note(im, s->file, s->line, name, "metermark also oversigns %s",
		    f.text.p);
	else if (f.text.len > 0)
		import_lost(
		    im, s->file, s->line, name, "metermark also signs %s", f.text.p);
	buf_fini(&f.text);
	return status;
}

static int
carry_fields(struct import *im)
{
	static const struct {
		const char *name;
		odkconf_entry_fn *fn;
		const char *reason;
	} lists[] = {
		{ "SignHeaders", on_sign_header, "metermark does not sign" },
		{ "SignHeaders", on_removed, "metermark signs all the same" },
		{ "OmitHeaders", on_omitted, "metermark signs all the same" },
		{ "OversignHeaders", on_oversigned, "metermark does not oversign" },
		{ "SenderHeaders", on_sender,
		    "the domain is that of From, and is not looked for in" },
	};
	int status = EX_OK;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct import_setting *s = import_get(im, lists[i].name);
		struct fields f;
		struct odkconf_set set;

		if (s == NULL || status != EX_OK)
			continue;
		buf_init(&f.text, 600);
		odkconf_set(s->value, &set);
		/* What is kept elsewhere is said once. */
		if (lists[i].fn != on_removed || set.kind != ODKCONF_ELSEWHERE)
			status = import_entries(im, s, &f.file, lists[i].fn, &f);
		if (f.text.len > 0)
			import_lost(im, s->file, s->line, lists[i].name, "%s %s%s",
			    lists[i].reason, f.text.p,
			    buf_failed(&f.text) ? ", ..." : "");
		buf_fini(&f.text);
	}
	if (status == EX_OK)
		status = carry_unnamed(im, "SignHeaders", false);
	if (status == EX_OK)
		status = carry_unnamed(im, "OversignHeaders", true);
	return status;
}

int
import_carry_signature(struct import *im)
{
	int status = carry_mode(im);

	if (status == EX_OK)
		status = carry_canon(im);
	if (status != EX_OK)
		return status;
	carry_ttl(im);
	compare_fixed(im);
	return carry_fields(im);
}
