/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule.c - the table, and what runs it.
 *
 * What providers demand was read in their own pages, last in November 2026: Gmail's
 * Email sender guidelines, Yahoo's Sender Best Practices, Microsoft's Outlook high
 * volume sender requirements of May 2025, Apple's Postmaster information for iCloud
 * Mail.
 */
#include "rules/rule.h"

#include "rules/rule_check.h"

#define BIT(i) ((uint64_t)1 << (i))
#define GMAIL "Gmail, Email sender guidelines"
#define YAHOO "Yahoo, Sender Best Practices"
#define OUTLOOK "Outlook, high volume senders"

/* Gmail, Yahoo, Outlook, Apple, RFC: Must, Wants, or does not ask. */
#define M RULE_DEMANDED
#define W RULE_WANTED
#define O RULE_NOT_ASKED

static const struct rule rules[RULES] = {
	[RULE_FROM] = { "from", "has one From with one mailbox of a valid domain",
	    "RFC 5322 3.6.2; " GMAIL, "Write exactly one From field with one address",
	    { M, M, M, M, M }, rule_check_from },
	[RULE_FREEMAIL] = { "freemail-from", "is not From a mailbox provider's domain",
	    GMAIL "; " YAHOO, "Write From an address of a domain of your own",
	    { M, M, M, W, O }, rule_check_freemail },
	[RULE_DATE] = { "date", "has a valid Date", "RFC 5322 3.6.1",
	    "Write one Date field, as in Tue, 24 Nov 2026 09:00:00 +0000",
	    { M, W, W, M, M }, rule_check_date },
	[RULE_MESSAGE_ID] = { "message-id", "has a valid Message-ID", "RFC 5322 3.6.4",
	    "Write one Message-ID field, <unique@your.domain>", { M, W, W, M, W },
	    rule_check_message_id },
	[RULE_DUPLICATE] = { "duplicate-field",
	    "has no field twice that may stand once", "RFC 5322 3.6; RFC 2369 3.6",
	    "Write the field once", { M, W, W, M, M }, rule_check_duplicate },
	[RULE_TO] = { "to", "names a recipient in To or Cc", "RFC 5322 3.6.3",
	    "Write the recipient's address into To", { W, W, W, W, O }, rule_check_to },
	[RULE_ONE_RECIPIENT] = { "one-recipient",
	    "goes to one recipient, as its one-click link is one recipient's",
	    "RFC 8058 3.1", "Send each recipient a message of its own",
	    { W, W, O, O, W }, rule_check_one_recipient },
	[RULE_NOREPLY] = { "noreply", "can be replied to", OUTLOOK,
	    "Write a From or a Reply-To that somebody reads", { O, O, W, O, O },
	    rule_check_noreply },
	[RULE_LIST_ID] = { "list-id", "has a valid List-Id, if any", "RFC 2919 2",
	    "Write one List-Id, as in Our news <news.example.com>", { W, O, O, O, M },
	    rule_check_list_id },
	[RULE_FEEDBACK_ID] = { "feedback-id", "has a valid Feedback-ID, if any",
	    "Gmail, Feedback Loop",
	    "Write one Feedback-ID of up to four fields, the last of 5 to 15 characters",
	    { W, O, O, O, O }, rule_check_feedback_id },
	[RULE_LIST_UNSUBSCRIBE] = { "list-unsubscribe",
	    "has a List-Unsubscribe with a usable address", "RFC 2369 3.2; " GMAIL,
	    "Write a List-Unsubscribe with an https and a mailto address",
	    { M, M, W, W, O }, rule_check_list_unsubscribe },
	[RULE_ONE_CLICK] = { "one-click", "offers to unsubscribe with one click",
	    "RFC 8058 3.1; " GMAIL "; " YAHOO,
	    "Put an https address into List-Unsubscribe, and add List-Unsubscribe-Post: List-Unsubscribe=One-Click once that address takes a POST",
	    { M, M, W, W, O }, rule_check_one_click },
	[RULE_ONE_CLICK_SIGNED] = { "one-click-signed",
	    "has both unsubscribe fields under an aligned DKIM signature", "RFC 8058 4",
	    "Sign List-Unsubscribe and List-Unsubscribe-Post", { M, M, W, O, M },
	    rule_check_one_click_signed },
	[RULE_LINK] = { "unsubscribe-link", "shows a way to unsubscribe in its text",
	    GMAIL "; " YAHOO, "Put a link to unsubscribe into the text, plain to see",
	    { W, W, W, W, O }, rule_check_link },
	[RULE_DKIM] = { "dkim", "has a DKIM signature", GMAIL "; " YAHOO "; " OUTLOOK,
	    "Have the domain of From sign, by an RSA key", { M, M, M, M, O },
	    rule_check_dkim },
	[RULE_ALIGNED] = { "dkim-aligned", "is signed by the domain of its From",
	    "RFC 7489 3.1.1; " GMAIL,
	    "Sign with d= of the domain of From, or of its organisational domain",
	    { M, M, M, W, O }, rule_check_aligned },
	[RULE_ENVELOPE] = { "envelope-aligned",
	    "has an envelope sender in the domain of its From", "RFC 7489 3.1.2",
	    "Use a return path below the domain of From, and give it an SPF record",
	    { W, W, W, W, O }, rule_check_envelope },
	[RULE_LONG_HEADER] = { "long-header", "has no header line over 998 bytes",
	    "RFC 5322 2.1.1", "Fold long fields", { M, W, W, M, M },
	    rule_check_long_header },
	[RULE_HEADER_SIZE] = { "header-size", "has a header of usual size",
	    "Postfix, header_size_limit", "Leave out what recipients do not need",
	    { W, W, W, W, O }, rule_check_header_size },
	[RULE_HEADER_8BIT] = { "8bit-header", "has only ASCII in its header",
	    "RFC 5322 2.2; RFC 6532", "Encode such text as RFC 2047 says",
	    { W, W, W, W, M }, rule_check_header_8bit },
	[RULE_CONTROL] = { "control-header", "has no control character in its header",
	    "RFC 5322 2.2", "Leave it out, or encode such text as RFC 2047 says",
	    { W, W, W, W, M }, rule_check_control },
	[RULE_MIME] = { "mime-version", "has MIME-Version where it has MIME fields",
	    "RFC 2045 4", "Add MIME-Version: 1.0", { W, W, W, W, M }, rule_check_mime },
	[RULE_LONG_LINE] = { "long-line", "has no body line over 998 bytes",
	    "RFC 5322 2.1.1", "Encode the body as quoted-printable or base64",
	    { M, W, W, M, M }, rule_check_long_line },
	[RULE_LINE_END] = { "bare-line-end", "ends its lines in CRLF", "RFC 5322 2.3",
	    "End lines in CRLF, and encode a CR or LF that is none", { M, M, M, M, M },
	    rule_check_line_end },
	[RULE_NUL] = { "nul", "holds no NUL", "RFC 5322 4", "Encode the body",
	    { M, M, M, M, M }, rule_check_nul },
	[RULE_BODY_8BIT] = { "8bit-body", "declares its 8-bit text", "RFC 2045 6",
	    "Add Content-Transfer-Encoding: 8bit, or encode the body",
	    { M, W, W, M, M }, rule_check_body_8bit },
	[RULE_HTML_ONLY] = { "html-only", "has plain text beside its HTML",
	    "RFC 2046 5.1.4", "Send multipart/alternative with a text/plain part",
	    { W, W, W, W, O }, rule_check_html_only },
	[RULE_CLIP] = { "clip", "has HTML that Gmail shows whole",
	    "Gmail, message clipping",
	    "Keep the HTML below 102 KB, or its end and the link in it are hidden",
	    { W, O, O, O, O }, rule_check_clip },
};

#undef M
#undef W
#undef O

#define COUNTER(name, id) "rule:" id ":fail",
static const char *const counters[RULES] = { RULE_LIST(COUNTER) };
#undef COUNTER

const struct rule *
rule_at(size_t i)
{
	return &rules[i];
}

const char *
rule_counter(size_t i)
{
	return counters[i];
}

size_t
rule_find(struct str id)
{
	size_t i;

	for (i = 0; i < RULES; i++)
		if (str_eq(id, str_of(rules[i].id)))
			break;
	return i;
}

const char *
rule_provider_id(enum rule_provider p)
{
	static const char *const ids[] = { "gmail", "yahoo", "outlook", "apple",
		"rfc" };

	return ids[p];
}

const char *
rule_provider_title(enum rule_provider p)
{
	static const char *const titles[] = { "Gmail", "Yahoo", "Outlook", "Apple",
		"RFC" };

	return titles[p];
}

enum rule_action
rule_action(const struct rule_actions *top, const struct rule_actions *stream, size_t i)
{
	uint8_t a = stream != NULL ? stream->of[i] : RULE_UNSET;

	if (a == RULE_UNSET)
		a = top->of[i];
	return a == RULE_UNSET ? RULE_COUNT : (enum rule_action)a;
}

uint64_t
rule_on(const struct rule_actions *top, const struct rule_actions *stream)
{
	uint64_t on = 0;

	for (size_t i = 0; i < RULES; i++)
		if (rule_action(top, stream, i) != RULE_OFF)
			on |= BIT(i);
	return on;
}

bool
rule_looks(uint64_t on)
{
	return (on &
		   (BIT(RULE_LINK) | BIT(RULE_BODY_8BIT) | BIT(RULE_HTML_ONLY) |
		       BIT(RULE_CLIP))) != 0;
}

uint64_t
rule_run(const struct rule_facts *f, const struct rule_actions *top,
    const struct rule_actions *stream)
{
	uint64_t on = rule_on(top, stream), failed = 0;

	for (size_t i = 0; i < RULES; i++)
		if ((on & BIT(i)) != 0 && rules[i].check(f, NULL) == RULE_BAD)
			failed |= BIT(i);
	return failed;
}

size_t
rule_worst(
    uint64_t failed, const struct rule_actions *top, const struct rule_actions *stream)
{
	enum rule_action most = RULE_COUNT;
	size_t worst = RULES;

	for (size_t i = 0; i < RULES && failed >> i != 0; i++) {
		if ((failed >> i & 1) == 0 || rule_action(top, stream, i) <= most)
			continue;
		most = rule_action(top, stream, i);
		worst = i;
	}
	return worst;
}
