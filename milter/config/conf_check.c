/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_check.c - what single settings may hold.  Each check leaves a phrase that
 * completes "expected ...", so that all errors about values read alike.
 */
#include "config/conf.h"

#include <stdio.h>
#include <string.h>

#include "mail/addr.h"
#include "token/token.h"

#define ADD (1U << CONF_EDIT_ADD)
#define SET (1U << CONF_EDIT_SET)
#define REMOVE (1U << CONF_EDIT_REMOVE)
#define ALL (ADD | SET | REMOVE)

/* A field name of RFC 5322 2.2 may be longer; with its colon it must fit on a line. */
#define FIELD_NAME_MAX 76
#define TAG_KEY_MAX 64

/*
 * What a stream may not do to which field.  A name that ends in - stands for all names
 * that begin so.  First match wins.
 */
static const struct {
	const char *name;
	unsigned refused;
	const char *reason;
} edits[] = {
	{ "From", ALL, "it names the author, and the signature vouches for it" },
	{ "Sender", SET | REMOVE, "it says who really sent the message" },
	{ "Reply-To", REMOVE, "it is the recipient's way to answer" },
	{ "To", SET | REMOVE, "whom a message is addressed to is the sender's word" },
	{ "Cc", ALL, "whom a message is addressed to is the sender's word" },
	{ "Bcc", ADD | SET, "it would show hidden recipients to everyone" },
	{ "Date", ALL,
	    "it is the sender's; where it is missing it is added without being told" },
	{ "Message-ID", ALL,
	    "the sender looks for it in bounces; where it is missing it is added without being told" },
	{ "MIME-Version", ALL, "it belongs to the body, which stays as it is" },
	{ "Content-", ALL, "it belongs to the body, which stays as it is" },
	{ "Received", ALL,
	    "the trace of a message is not to be changed (RFC 5321 4.4)" },
	{ "Return-Path", ADD | SET, "the last mail server writes it (RFC 5321 4.4)" },
	{ "Resent-Bcc", ADD | SET, "it would show hidden recipients to everyone" },
	{ "Resent-", ALL, "these fields stand together in blocks (RFC 5322 3.6.6)" },
	{ "DKIM-Signature", ALL,
	    "signatures are made by the keys of a domain, and those of others are theirs" },
	{ "ARC-", ALL, "these fields are signed as a set (RFC 8617)" },
	{ "Authentication-Results", ADD | SET, "only whoever verifies may state them" },
	{ "Feedback-ID", ADD | SET,
	    "use feedback_id = \"...\" instead, which checks its form" },
	{ "List-Unsubscribe", REMOVE, "it is the recipient's way out" },
	{ "List-Unsubscribe-Post", ALL,
	    "it is the recipient's way out; one_click = true adds it" },
	{ "X-Report-Abuse", REMOVE, "it is where recipients complain" },
	{ "X-Abuse", REMOVE, "it is where recipients complain" },
	{ "X-CSA-Complaints", REMOVE, "it is where recipients complain" },
	{ "CFBL-Address", ALL,
	    "it is where complaints are reported; cfbl_address adds it" },
	{ "CFBL-Feedback-ID", ALL,
	    "it is where complaints are reported; cfbl_feedback_id adds it" },
	{ "BIMI-Location", ADD | SET, "only whoever verifies may state it" },
	{ "BIMI-Indicator", ADD | SET, "only whoever verifies may state it" },
	{ "X-Metermark", ALL, "metermark reads and removes it itself" },
	{ "X-Metermark-", ALL, "metermark reads and removes it itself" },
};

static int
expected(char *err, size_t errlen, const char *phrase)
{
	snprintf(err, errlen, "%s", phrase);
	return -1;
}

/* Only bytes from ! to ~, and none of those in but. */
static bool
printable(struct str s, const char *but)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr(but, s.p[i]) != NULL)
			return false;
	return true;
}

static bool
consists_of(struct str s, bool (*letter)(char), const char *others)
{
	for (size_t i = 0; i < s.len; i++)
		if (!letter(s.p[i]) && strchr(others, s.p[i]) == NULL)
			return false;
	return true;
}

/* PORT@HOST, where HOST is a name or an address. */
static bool
port_at_host(struct str s)
{
	size_t at = str_find(s, '@');
	struct str host = str_skip(s, at + 1);
	unsigned port = 0;

	if (at == 0 || at > 5 || host.len == 0 || host.len > ADDR_DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < at; i++) {
		if (!ascii_isdigit(s.p[i]))
			return false;
		port = port * 10 + (unsigned)(s.p[i] - '0');
	}
	return port > 0 && port < 65536 && consists_of(host, ascii_isalnum, ".-:[]");
}

int
conf_check_listen(const char *text, bool *tcp, char *err, size_t errlen)
{
	struct str s = str_of(text);

	*tcp = str_starts(s, STR("inet:")) || str_starts(s, STR("inet6:"));
	if (*tcp) {
		if (port_at_host(str_skip(s, str_find(s, ':') + 1)))
			return 0;
		return expected(err, errlen,
		    "inet:PORT@HOST or inet6:PORT@HOST, such as inet:8891@127.0.0.1");
	}
	if (!str_starts(s, STR("unix:")) && !str_starts(s, STR("local:")))
		return expected(
		    err, errlen, "unix:/PATH, or inet:PORT@HOST with allow_tcp = true");
	s = str_skip(s, str_find(s, ':') + 1);
	if (s.len < 2 || s.p[0] != '/' || s.p[s.len - 1] == '/' || !printable(s, ""))
		return expected(err, errlen,
		    "the absolute path of a socket after unix:, such as unix:/run/metermark/milter.sock");
	if (s.len > CONF_SOCKET_MAX)
		return expected(err, errlen,
		    "a path of at most 107 bytes, the longest a socket may have");
	return 0;
}

int
conf_check_domain_name(const char *text, char *err, size_t errlen)
{
	struct str s = str_of(text);

	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return expected(err, errlen,
			    "a domain name in its ASCII form (xn--...), as idn2(1) prints it");
	if (s.len > 0 && s.p[s.len - 1] == '.')
		return expected(err, errlen, "a domain name without a dot at its end");
	if (!addr_domain_ok(s) || str_find(s, '.') == s.len)
		return expected(err, errlen, "a domain name such as example.com");
	return 0;
}

/* RFC 6376 3.1: sub-domains of RFC 5321, joined by dots; _ is in use as well. */
int
conf_check_selector(const char *text, char *err, size_t errlen)
{
	struct str s = str_of(text);
	bool ok = s.len > 0 && s.len <= CONF_SELECTOR_MAX &&
	    consists_of(s, ascii_isalnum, "-_.");

	while (ok && s.len > 0) {
		size_t n = str_find(s, '.');

		ok = n > 0 && s.p[0] != '-' && s.p[n - 1] != '-' && n + 1 != s.len;
		s = str_skip(s, n + 1);
	}
	if (!ok)
		return expected(err, errlen,
		    "a selector of letters, digits, - and _, at most 63 bytes, such as r2026");
	return 0;
}

int
conf_check_path(const char *text, char *err, size_t errlen)
{
	struct str s = str_of(text);

	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			s.len = 0;
	if (s.len < 2 || s.p[0] != '/')
		return expected(err, errlen, "an absolute path");
	return 0;
}

int
conf_check_resolver(const char *text, char *err, size_t errlen)
{
	struct str s = str_of(text), host = s, port = STR("53");
	struct cidr_addr addr;
	size_t colon = str_rfind(s, ':');
	unsigned long n = 0;

	/* A name would have to be asked for first; blanks and zones are not taken. */
	if (str_starts(s, STR("["))) {
		host = str_make(s.p + 1, str_find(str_skip(s, 1), ']'));
		port = str_skip(s, host.len + 2);
		port = port.len == 0   ? STR("53")
		    : port.p[0] == ':' ? str_skip(port, 1)
				       : STR("");
	} else if (colon < s.len && str_find(s, ':') == colon) {
		host = str_make(s.p, colon);
		port = str_skip(s, colon + 1);
	}
	for (size_t i = 0; i < port.len && n < 65536; i++)
		n = ascii_isdigit(port.p[i]) ? n * 10 + (unsigned)(port.p[i] - '0')
					     : 65536;
	if (n == 0 || n > 65535 || s.len > 60 ||
	    !consists_of(host, ascii_isalnum, ".:") ||
	    cidr_addr_parse(host, &addr) != 0)
		return expected(err, errlen,
		    "an address of a name server such as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53");
	return 0;
}

int
conf_check_account(const char *text, char *err, size_t errlen)
{
	struct str s = str_of(text);

	if (s.len == 0 || s.len > 32 || s.p[0] == '-' ||
	    !consists_of(s, ascii_isalnum, "._-"))
		return expected(err, errlen, "the name of an account");
	return 0;
}

int
conf_check_field_name(const char *text, char *err, size_t errlen)
{
	struct str s = str_of(text);

	if (s.len == 0 || s.len > FIELD_NAME_MAX || !printable(s, ":;"))
		return expected(err, errlen,
		    "the name of a header field, without colon, at most 76 bytes");
	return 0;
}

int
conf_check_stream_name(const char *text, char *err, size_t errlen)
{
	struct str s = str_of(text);
	bool ok = s.len > 0 && s.len <= CONF_STREAM_NAME_MAX && ascii_isalnum(s.p[0]) &&
	    consists_of(s, ascii_isalnum, "._-");

	for (size_t i = 0; i < s.len; i++)
		if (ascii_lower(s.p[i]) != s.p[i])
			ok = false;
	if (!ok)
		return expected(err, errlen,
		    "a name of a-z, 0-9, ., _ and -, at most 32 bytes, beginning with a letter or digit");
	return 0;
}

int
conf_check_token_id(const char *text, char *err, size_t errlen)
{
	if (strlen(text) != 1 || !token_key_id_valid(text[0]))
		return expected(
		    err, errlen, "one character of a-z and 0-9: it is in each token");
	return 0;
}

int
conf_check_key_prefix(const char *text, char *err, size_t errlen)
{
	struct str s = str_of(text);

	if (s.len == 0 || s.len > 64 || !printable(s, "{}"))
		return expected(err, errlen,
		    "1 to 64 printable characters without blanks and braces");
	return 0;
}

int
conf_check_text(const char *text, char *err, size_t errlen)
{
	struct str s = str_of(text);

	if (s.len == 0 || s.len > ADDR_SPEC_MAX || !printable(s, ""))
		return expected(
		    err, errlen, "1 to 254 printable ASCII characters without blanks");
	return 0;
}

int
conf_check_tag_key(const char *text, char *err, size_t errlen)
{
	struct str s = str_of(text);

	if (s.len == 0 || s.len > TAG_KEY_MAX || !consists_of(s, ascii_isalnum, "._-"))
		return expected(err, errlen,
		    "the key of a tag: letters, digits, ., _ and -, at most 64 bytes");
	return 0;
}

int
conf_check_edit(enum conf_edit edit, const char *name, char *err, size_t errlen)
{
	static const char *const verbs[] = {
		[CONF_EDIT_ADD] = "added",
		[CONF_EDIT_SET] = "set",
		[CONF_EDIT_REMOVE] = "removed",
	};
	struct str s = str_of(name);

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct str row = str_of(edits[i].name);
		bool hit = row.p[row.len - 1] == '-' ? str_casestarts(s, row)
						     : str_caseeq(s, row);

		if (!hit)
			continue;
		if ((edits[i].refused & 1U << edit) == 0)
			return 0;
		snprintf(err, errlen, "%s may not be %s: %s", name, verbs[edit],
		    edits[i].reason);
		return -1;
	}
	return 0;
}

/* Gmail reports on sums of mail: what sorts it otherwise makes none, or none that
 * tells. A day is a sum. */
static int
check_feedback_values(const char *text, char *err, size_t errlen)
{
	static const char *const single[] = { "%{token}", "%{queue_id}" };

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (strstr(text, single[i]) != NULL) {
			snprintf(err, errlen,
			    "a Feedback-ID without %s: Gmail reports on sums of mail, and each message would be one of its own",
			    single[i]);
			return -1;
		}
	if (strstr(text, "%{rcpt_count}") != NULL)
		return expected(err, errlen,
		    "a Feedback-ID without %{rcpt_count}: Gmail reports on sums of mail, and a campaign would fall apart by its numbers of recipients");
	return 0;
}

/*
 * Gmail counts the fields from the right and reads nothing when the last one is empty
 * or changes (support.google.com/a/answer/6254652).
 */
int
conf_check_feedback_id(const char *text, char *err, size_t errlen)
{
	struct str field[4], rest = str_of(text);
	size_t n = 0;

	if (!printable(rest, ""))
		return expected(err, errlen, "a Feedback-ID without blanks");
	if (check_feedback_values(text, err, errlen) != 0)
		return -1;
	for (; n < 4 && rest.len > 0; n++) {
		/* What follows the third colon is one field, colons and all. */
		size_t colon = n < 3 ? str_find(rest, ':') : rest.len;

		field[n] = str_make(rest.p, colon);
		for (size_t i = 0; i < n; i++)
			if (field[n].len > 0 && str_eq(field[i], field[n]))
				return expected(err, errlen,
				    "four different fields: Gmail ignores a value that stands in two of them");
		rest = str_skip(rest, colon + 1);
	}
	if (n != 4)
		return expected(err, errlen,
		    "four fields with colons between them, such as %{campaign}:%{stream}:%{domain}:senderid");
	if (field[3].len < 5 || field[3].len > 15 ||
	    !consists_of(field[3], ascii_isalnum, "._-"))
		return expected(err, errlen,
		    "a sender id as the fourth field: the same for all mail, 5 to 15 letters, digits, ., _ or -");
	return 0;
}
