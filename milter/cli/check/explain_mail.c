/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_mail.c - a message on disk, taken apart as an MTA does it for a milter.
 *
 * A field's value comes with what follows the colon and with LF before folds, the body
 * with CRLF.  The line that an mbox file puts above each message is left out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/check/explain.h"
#include "cli/cmd.h"
#include "cli/term.h"

static int
fill(struct explain *e, FILE *in)
{
	char chunk[16384];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		buf_add(&e->message, chunk, n);
	if (ferror(in) != 0) {
		term_say("%s: %s", e->options.file, strerror(errno));
		return EX_NOINPUT;
	}
	if (buf_failed(&e->message)) {
		term_say(
		    "%s: larger than %zu bytes", e->options.file, EXPLAIN_MESSAGE_MAX);
		return EX_NOINPUT;
	}
	return EX_OK;
}

int
explain_mail_read(struct explain *e)
{
	FILE *in;
	int status;

	if (strcmp(e->options.file, "-") == 0)
		return fill(e, stdin);
	in = fopen(e->options.file, "re");
	if (in == NULL) {
		term_say("%s: %s", e->options.file, strerror(errno));
		return EX_NOINPUT;
	}
	status = fill(e, in);
	fclose(in);
	return status;
}

/* The first line without its end, taken off the text. */
static struct str
next_line(struct str *text)
{
	size_t n = str_find(*text, '\n');
	struct str line = str_make(text->p, n);

	*text = str_skip(*text, n + 1);
	if (str_ends(line, STR("\r")))
		line.len--;
	return line;
}

static bool
is_fold(struct str text)
{
	return text.len > 0 && (text.p[0] == ' ' || text.p[0] == '\t');
}

/* No name holds blanks or controls; what is before a colon otherwise is no field. */
static bool
is_field(struct str line)
{
	size_t colon = str_find(line, ':');

	for (size_t i = 0; i < colon; i++)
		if ((unsigned char)line.p[i] <= ' ' && i + 1 < colon)
			return false;
	return colon > 0 && colon < line.len;
}

enum next { NEXT_FIELD, NEXT_BODY, NEXT_NO_FIELD };

/*
 * The next field, taken off the text, its value in *value for the caller to free; or
 * that the body begins, after an empty line or without one.
 */
static enum next
next_field(struct str *text, struct str *name, struct buf *value)
{
	struct str rest = *text, line = next_line(&rest);

	if (text->len == 0 || line.len == 0) {
		*text = rest;
		return NEXT_BODY;
	}
	if (!is_field(line))
		return NEXT_NO_FIELD;
	*name = str_trim(str_make(line.p, str_find(line, ':')));
	buf_init(value, EXPLAIN_MESSAGE_MAX);
	for (line = str_skip(line, str_find(line, ':') + 1);; line = next_line(&rest)) {
		/* To libmilter a value is a C string, and MTAs drop NULs before. */
		for (size_t i = 0; i < line.len; i++)
			if (line.p[i] != '\0')
				buf_addc(value, line.p[i]);
		if (!is_fold(rest))
			break;
		buf_addc(value, '\n');
	}
	*text = rest;
	return NEXT_FIELD;
}

static struct str
header_of(const struct explain *e)
{
	struct str text = buf_str(&e->message);

	if (str_starts(text, STR("From ")))
		(void)next_line(&text);
	return text;
}

struct str
explain_mail_sender(const struct explain *e)
{
	struct str text = header_of(e), field = text, name, found = STR("");
	struct buf value;

	while (found.len == 0 && next_field(&text, &name, &value) == NEXT_FIELD) {
		/* What lasts is the message, not the value. */
		if (str_caseeq(name, STR("Return-Path"))) {
			found = str_skip(field, str_find(field, ':') + 1);
			found = str_trim(next_line(&found));
		}
		buf_fini(&value);
		field = text;
	}
	return found;
}

/* Of what is left, in the file. */
static size_t
line_number(const struct explain *e, struct str rest)
{
	size_t n = 1;

	for (size_t i = 0; i + rest.len < e->message.len; i++)
		n += e->message.p[i] == '\n' ? 1 : 0;
	return n;
}

/* Do lines of the header end in CRLF?  Then LF alone in the body is the message's own.
 */
static bool
is_crlf(struct str text)
{
	while (text.len > 0 && text.p[0] != '\n') {
		size_t n = str_find(text, '\n');

		if (n > 0 && n < text.len && text.p[n - 1] == '\r')
			return true;
		text = str_skip(text, n + 1);
	}
	return false;
}

/* Lines that end in LF alone get the CRLF that SMTP gives them. */
static void
add_crlf(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
			buf_addc(out, '\r');
		buf_addc(out, text.p[i]);
	}
}

void
explain_mail_wire(const struct explain *e, struct buf *out)
{
	struct str text = header_of(e), rest = text;

	if (is_crlf(text)) {
		while (rest.len > 0 && next_line(&rest).len > 0)
			;
		add_crlf(out, str_make(text.p, text.len - rest.len));
		buf_add(out, rest.p, rest.len);
	} else {
		add_crlf(out, text);
	}
}

static void
send_body(struct explain *e, struct str body, bool crlf)
{
	struct buf text;

	e->body_bytes = body.len;
	if (crlf) {
		txn_body(e->txn, body.p, body.len);
		return;
	}
	buf_init(&text, 2 * EXPLAIN_MESSAGE_MAX);
	add_crlf(&text, body);
	txn_body(e->txn, text.p, text.len);
	buf_fini(&text);
}

void
explain_mail_send(struct explain *e)
{
	struct str text = header_of(e), name;
	bool crlf = is_crlf(text);
	struct buf value;
	enum next next;

	while ((next = next_field(&text, &name, &value)) == NEXT_FIELD) {
		txn_field(e->txn, name, buf_str(&value));
		buf_fini(&value);
		e->n_fields++;
	}
	if (next == NEXT_NO_FIELD)
		explain_note(e,
		    "line %zu is no header field: the body begins there, as mail servers have it",
		    line_number(e, text));
	txn_end_fields(
	    e->txn, str_of(e->options.queue_id), (int64_t)time(NULL), STR("explain"));
	send_body(e, text, crlf);
}
