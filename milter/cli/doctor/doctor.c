/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor.c - `metermark doctor`: is all well, and what to do where it is not.
 */
#include "cli/doctor/doctor.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/term.h"
#include "config/conffile.h"
#include "text/buf.h"
#include "text/visible.h"

#define LINE_MAX_BYTES 8192
#define CHECK_PLACES 15
#define INDENT (6 + CHECK_PLACES + 1) /* where texts begin */
#define ROOM_MIN 20                   /* no wrapping into less */

static const char *const levels[] = {
	[DOCTOR_PASS] = "ok", [DOCTOR_WARN] = "warn", [DOCTOR_FAIL] = "fail"
};

/* --- output --- */

/* Places of the first n bytes, which are of UTF-8 or ASCII. */
static size_t
places(const char *p, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)p[i] & 0xc0) != 0x80;
	return count;
}

/* Text from that place on, wrapped at blanks where the line has an end. */
static void
put_wrapped(struct buf *out, const char *text, size_t indent, const struct term *term)
{
	size_t room = term->columns > indent + ROOM_MIN ? term->columns - indent : 0;
	size_t at = 0;
	bool first = true;

	while (*text != '\0') {
		size_t word = strcspn(text, " "), wide = places(text, word);

		if (!first && room > 0 && at + 1 + wide > room) {
			buf_addf(out, "\n%*s", (int)indent, "");
			at = 0;
		} else if (!first) {
			buf_addc(out, ' ');
			at++;
		}
		buf_add(out, text, word);
		at += wide;
		text += word + (text[word] == ' ');
		first = false;
	}
	buf_addc(out, '\n');
}

static void
put_finding(const struct doctor_finding *f, const struct term *term)
{
	static const char *const styles[] = { [DOCTOR_PASS] = "\x1b[32m",
		[DOCTOR_WARN] = "\x1b[1;33m",
		[DOCTOR_FAIL] = "\x1b[1;31m" };
	struct buf line, text;

	buf_init(&line, LINE_MAX_BYTES);
	buf_init(&text, LINE_MAX_BYTES);
	buf_addf(&line, "%s%-4s%s  %-*s ", term->style ? styles[f->level] : "",
	    levels[f->level], term->style ? "\x1b[0m" : "", CHECK_PLACES, f->check);
	visible_add(&text, str_of(f->text), term->utf8);
	put_wrapped(&line, text.p, INDENT, term);
	if (f->fix[0] != '\0') {
		buf_reset(&text);
		visible_add(&text, str_of(f->fix), term->utf8);
		buf_addf(&line, "%*s-> ", INDENT, "");
		put_wrapped(&line, text.p, INDENT + 3, term);
	}
	term_put(buf_str(&line));
	buf_fini(&text);
	buf_fini(&line);
}

static void
put_text(const struct doctor *d)
{
	size_t n[3] = { 0 };
	struct term term;

	term_probe(&term);
	for (size_t i = 0; i < d->n; i++) {
		put_finding(&d->v[i], &term);
		n[d->v[i].level]++;
	}
	printf("%zu ok, %zu warn, %zu fail\n", n[DOCTOR_PASS], n[DOCTOR_WARN],
	    n[DOCTOR_FAIL]);
}

/* Text of strangers that is no UTF-8 has U+FFFD where it is not. */
static json_t *
text_value(const char *text)
{
	struct buf clean;
	json_t *value;

	buf_init(&clean, DOCTOR_TEXT_MAX * 3);
	visible_utf8(&clean, str_of(text));
	value = json_stringn(clean.p, clean.len);
	buf_fini(&clean);
	return value;
}

static int
put_json(const struct doctor *d)
{
	json_t *root = json_object(), *checks = json_array();
	char *text = NULL;
	int bad = 0;

	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_finding *f = &d->v[i];
		json_t *one = json_object();

		bad |= json_object_set_new(one, "check", json_string(f->check));
		bad |=
		    json_object_set_new(one, "status", json_string(levels[f->level]));
		bad |= json_object_set_new(one, "text", text_value(f->text));
		bad |= json_object_set_new(
		    one, "cure", f->fix[0] != '\0' ? text_value(f->fix) : json_null());
		bad |= json_array_append_new(checks, one);
	}
	bad |= json_object_set_new(root, "result", json_string(levels[d->worst]));
	bad |= json_object_set_new(root, "checks", checks);
	if (bad == 0)
		text = json_dumps(
		    root, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER);
	json_decref(root);
	if (text == NULL)
		return -1;
	term_put(str_of(text));
	term_put(STR("\n"));
	free(text);
	return 0;
}

/* --- the command --- */

static void
examine(struct doctor *d)
{
	doctor_settings(d);
	if (!d->conf_read)
		return;
	doctor_keys(d);
	doctor_state(d);
	doctor_daemon(d);
	doctor_socket(d);
	doctor_redis(d);
	doctor_dns(d);
	conf_fini(&d->conf);
}

static int
report(const struct doctor *d, bool json)
{
	int status;

	if (!json) {
		put_text(d);
	} else if (put_json(d) != 0) {
		term_say("out of memory");
		return EX_OSERR;
	}
	status = term_finish();
	if (status != EX_OK)
		return status;
	return d->worst == DOCTOR_FAIL ? CMD_FAILED : EX_OK;
}

struct options {
	const char *config;
	bool json;
};

static int
set_format(void *into, const char *text)
{
	struct options *o = into;

	o->json = strcmp(text, "json") == 0;
	if (o->json || strcmp(text, "text") == 0)
		return 0;
	term_say("--format: \"%s\" is none of text, json", text);
	return -1;
}

static const struct options_row rows[] = {
	{ "config", 'c', "FILE",
	    "the daemon's settings\n"
	    "(" CONFFILE_DEFAULT ")",
	    .at = offsetof(struct options, config) },
	{ "format", 'f', "FORM", "text (default) or json", .take = set_format },
	{ 0 },
};

const struct options_table doctor_options = {
	.usage =
	    "usage: metermark doctor [options]\n"
	    "\n"
	    "Looks at settings, keys, state directory, daemon, socket, Redis and DNS, and\n"
	    "says of each whether it is well, and what to do where not.  Run it as root.\n"
	    "It tries the daemon's rights in Redis on keys of its own, which go again.\n",
	.rows = rows,
	.more = "Status: 0 all well, or warnings only; 1 something failed; 64 usage.\n",
};

int
doctor_main(int argc, char **argv)
{
	struct options o = { .config = CONFFILE_DEFAULT };
	struct doctor d = { 0 };
	int status = options_read(&doctor_options, &o, argc, argv);

	if (status != OPTIONS_NOT_DONE)
		return status;
	if (optind < argc) {
		term_say(
		    "\"%s\": no names here; --help tells the options", argv[optind]);
		return EX_USAGE;
	}
	d.file = o.config;
	d.v = calloc(DOCTOR_FINDINGS_MAX, sizeof(*d.v));
	if (d.v == NULL) {
		term_say("out of memory");
		return EX_OSERR;
	}
	examine(&d);
	status = report(&d, o.json);
	free(d.v);
	return status;
}
