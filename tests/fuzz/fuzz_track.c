/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_track.c - tracking fields, envelope senders and marks, whatever the message.
 *
 * The first lines of an input are: options (s Sendmail, a bad messages go on unsigned,
 * 0 to 9 the number of recipients, u an authenticated client), the campaign, the
 * recipient, the argument of MAIL, its other arguments, the user, the queue id.  The
 * rest is a header.  Promised:
 *  - what is written keeps the grammar of its field, and no line of it is too long;
 *  - the URL of one recipient stands only on his own message, and names him and the
 *    campaign; List-Unsubscribe-Post of ours only beside one, under a signature;
 *  - a new envelope sender is an address, its arguments are of those that there are;
 *  - there is one mark at most, and it holds on the message as it leaves.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/conf.h"
#include "config/conffile.h"
#include "mail/addr.h"
#include "message/decide.h"
#include "fuzz.h"

#define ARENA_MAX ((size_t)64 * 1024 * 1024)
#define NOW ((int64_t)1795508579)
#define LINE_LONGEST 998
#define URL "<https://u.example.com/"

static const char settings[] =
    "domain \"example.com\" {\n"
    " key { selector = \"r1\" file = \"/k\" }\n"
    " subdomains = true\n"
    " users = {\"*\"}\n"
    "}\n"
    "token { key { id = \"a\" file = \"/t\" } }\n"
    "campaign { customer = {\"tenant\"} }\n"
    "stream \"replace\" {\n"
    " match { campaign = \"r*\" }\n"
    " list_unsubscribe = \"https://u.example.com/%{token}\"\n"
    " one_click = true\n"
    " list_id = \"<%{user}.%{domain}>\"\n"
    " feedback_id = \"%{user}:%{customer}:%{domain}:exmplco\"\n"
    " cfbl_address = \"fbl@example.com\"\n"
    " cfbl_feedback_id = \"%{user}:%{domain}:%{customer}:%{queue_id}\"\n"
    " several_recipients = none\n"
    " replace = {\"Feedback-ID\", \"List-Unsubscribe\", \"List-Id\"}\n"
    " set \"X-All\" { value = \"%{user} %{queue_id} %{customer} %{domain} %{token}\" "
    "}\n"
    "}\n"
    "stream \"same\" {\n"
    " match { campaign = \"s*\" }\n"
    " list_unsubscribe = \"https://u.example.com/?l=%{campaign}&u=%{user}\"\n"
    " list_unsubscribe_mailto = \"leave@example.com\"\n"
    " return_path = \"bounces@bounce.example.com\"\n"
    " replace = {}\n"
    "}\n"
    "stream \"rule\" {\n"
    " match { campaign = \"u*\" }\n"
    " set \"List-Unsubscribe\" { value = \"<https://u.example.com/%{campaign}>\" }\n"
    "}\n"
    "stream \"all\" {\n"
    " list_unsubscribe = \"https://u.example.com/%{token}\"\n"
    " one_click = true\n"
    " list_unsubscribe_mailto = \"unsub+%{token}@example.com?subject=leave\"\n"
    " list_unsubscribe_list = \"https://u.example.com/lists/%{campaign}\"\n"
    " list_id = \"Our News <%{campaign}.lists.example.com>\"\n"
    " return_path = \"b+%{token}@bounce.example.com\"\n"
    " cfbl_address = \"fbl@reports.example.com; report=arf\"\n"
    " cfbl_feedback_id = \"%{token}:%{stream}:%{campaign}\"\n"
    " message_id = \"%{token}@%{domain}\"\n"
    " feedback_id = \"%{campaign}:%{user}:%{stream}:exmplco\"\n"
    " remove_leaks = true\n"
    "}\n";

static struct conf conf;
static struct token_ring *ring;
static struct arena *arena;
static struct hdr hdr;

/* ==== Once ==== */

static void
finish(void)
{
	arena_free(arena);
	token_ring_free(ring);
	conf_fini(&conf);
}

static void
open_all(void)
{
	static const char secret[] = "a secret of these tests, of 32 bytes and more";
	char file[64], err[1024] = "";
	int fd = memfd_create("metermark.conf", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0 && fchmod(fd, 0600) == 0 &&
		write(fd, settings, sizeof settings - 1) ==
		    (ssize_t)(sizeof settings - 1),
	    "memfd");
	snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
	FUZZ_CHECK(conffile_read(file, &conf, err, sizeof err) == 0, "%s", err);
	close(fd);
	ring = token_ring_new();
	arena = arena_new(ARENA_MAX);
	FUZZ_CHECK(ring != NULL && arena != NULL &&
		token_ring_add(ring, 'a', secret, sizeof secret - 1) == 0,
	    "out of memory");
	atexit(finish);
}

/* ==== What goes in ==== */

static struct str
next_line(struct str *text)
{
	struct str line = str_make(text->p, str_find(*text, '\n'));

	*text = str_skip(*text, line.len + 1);
	/* Macros and arguments are C strings. */
	return str_make(line.p, str_find(line, '\0'));
}

static void
take_envelope(struct str *text, struct envelope *e)
{
	struct str options = next_line(text), campaign = next_line(text);

	*e = (struct envelope) {
		.client = CLIENT_NETWORK,
		.host = STR("mail.example.com"),
		.recipient = next_line(text),
		.sender = next_line(text),
		.args = next_line(text),
		.user = next_line(text),
		.queue_id = next_line(text),
		.sender_domain = STR("example.com"),
		.n_rcpt = 1,
		.now = NOW,
		.nonce = STR("n1"),
	};
	conf.on_bad_message = CONF_BAD_REJECT;
	for (size_t i = 0; i < options.len; i++)
		if (options.p[i] == 's')
			e->sendmail = true;
		else if (options.p[i] == 'a')
			conf.on_bad_message = CONF_BAD_ACCEPT;
		else if (options.p[i] == 'u')
			e->client = CLIENT_AUTH;
		else if (ascii_isdigit(options.p[i]))
			e->n_rcpt = (size_t)(options.p[i] - '0');
	if (e->n_rcpt != 1 || e->recipient.len > ADDR_SPEC_MAX)
		e->recipient = STR("");
	if (e->args.len > VERP_ARGS_MAX)
		e->args.len = VERP_ARGS_MAX;
	(void)hdr_receive(&hdr, STR("X-Campaign"), campaign);
}

static void
take_header(struct str rest)
{
	while (rest.len > 0) {
		size_t n = str_find(rest, '\n'), colon;
		struct str value;

		while (
		    n + 1 < rest.len && (rest.p[n + 1] == ' ' || rest.p[n + 1] == '\t'))
			n += 1 + str_find(str_skip(rest, n + 1), '\n');
		colon = str_find(str_make(rest.p, n), ':');
		value = str_skip(str_make(rest.p, n), colon + 1);
		value.len = str_find(value, '\0');
		if (colon == 0 ||
		    hdr_receive(&hdr, str_make(rest.p, colon), value) != 0)
			break;
		rest = str_skip(rest, n + 1);
	}
}

/* ==== What comes out ==== */

static bool
consists_of(struct str s, const char *others)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_isalnum(s.p[i]) && strchr(others, s.p[i]) == NULL)
			return false;
	return true;
}

static bool
is_ours(const struct hdr_field *f, const char *name)
{
	return (f->state == HDR_ADDED || f->state == HDR_CHANGED) &&
	    str_caseeq(f->name, str_of(name));
}

/* The one field of that name that we have written; NULL: none. */
static const struct hdr_field *
ours(const char *name)
{
	const struct hdr_field *found = NULL;

	for (size_t i = 0; i < hdr.n; i++)
		if (is_ours(&hdr.v[i], name)) {
			FUZZ_CHECK(
			    hdr_count(&hdr, str_of(name)) == 1, "several %s", name);
			found = &hdr.v[i];
		}
	return found;
}

/* No byte that breaks a field, no line too long, none that is empty. */
static void
check_lines(const struct hdr_field *f)
{
	size_t line = f->name.len + 1;
	bool seen = false;

	for (size_t i = 0; i < f->value.len; i++) {
		char c = f->value.p[i];

		FUZZ_CHECK(c != '\r' && c != '\0', "%.*s", (int)f->name.len, f->name.p);
		if (c == '\n') {
			FUZZ_CHECK(i + 1 < f->value.len &&
				(f->value.p[i + 1] == ' ' || f->value.p[i + 1] == '\t'),
			    "%.*s", (int)f->name.len, f->name.p);
			line = 0;
			seen = false;
			continue;
		}
		FUZZ_CHECK((unsigned char)c >= ' ' || c == '\t', "byte %02x", c);
		seen |= !ascii_iswsp(c);
		FUZZ_CHECK(++line <= LINE_LONGEST, "%.*s: a long line",
		    (int)f->name.len, f->name.p);
	}
	FUZZ_CHECK(seen, "%.*s: an empty line", (int)f->name.len, f->name.p);
}

static void
check_grammar(void)
{
	static const char *const names[] = { "Feedback-ID", "List-Id", "CFBL-Address",
		"CFBL-Feedback-ID", "Message-ID", "List-Unsubscribe-Post", "X-All",
		"X-Metermark" };
	const struct hdr_field *f;
	struct str id;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if ((f = ours(names[i])) != NULL)
			check_lines(f);
	f = ours("Feedback-ID");
	if (f != NULL)
		FUZZ_CHECK(consists_of(str_trim(f->value), "._-:") &&
			str_ends(f->value, STR(":exmplco")),
		    "%s", f->value.p);
	f = ours("CFBL-Feedback-ID");
	if (f != NULL)
		FUZZ_CHECK(
		    consists_of(str_trim(f->value), "_-: \t\n"), "%s", f->value.p);
	f = ours("List-Id");
	if (f == NULL)
		return;
	id = str_skip(f->value, str_rfind(f->value, '<') + 1);
	FUZZ_CHECK(id.len > 1 && str_ends(id, STR(">")) &&
		conf_track_list_id_ok(str_make(id.p, id.len - 1)),
	    "%s", f->value.p);
}

/* Whether the value holds the URL of a recipient; it must be his message's then. */
static bool
is_personal(const struct envelope *env, const struct decision *d, struct str value)
{
	bool found = false;

	for (; value.len > 0; value = str_skip(value, 1)) {
		struct str text;
		struct token t;

		if (!str_starts(value, STR(URL)))
			continue;
		text = str_skip(value, sizeof URL - 1);
		text.len = str_find(text, '>');
		if (token_decode(ring, text, &t) != TOKEN_OK || t.form != TOKEN_URL)
			continue;
		found = true;
		FUZZ_CHECK(env->n_rcpt == 1 &&
			str_eq(str_of(t.recipient), env->recipient) &&
			strcmp(t.campaign, d->campaign.name) == 0,
		    "%s and %s", t.recipient, t.campaign);
	}
	return found;
}

static void
check_unsubscribe(const struct envelope *env, const struct decision *d)
{
	const struct hdr_field *url = ours("List-Unsubscribe");
	const struct hdr_field *post = ours("List-Unsubscribe-Post");
	bool personal = url != NULL && is_personal(env, d, url->value);

	/* Where several of the sender's own become one, the bytes are his. */
	if (url != NULL && (personal || url->state == HDR_ADDED))
		check_lines(url);
	if (url != NULL && url->state == HDR_ADDED)
		FUZZ_CHECK(consists_of(url->value, "-._~:/?#[]@!$&'()*+;=%<>, \t\n"),
		    "%s", url->value.p);
	if (post != NULL)
		FUZZ_CHECK(personal &&
			str_eq(post->value, STR(" List-Unsubscribe=One-Click")) &&
			(d->domain != NULL || d->why != NULL),
		    "%s", post->value.p);
	/* The sender's own does not stand beside ours. */
	if (personal && post == NULL)
		FUZZ_CHECK(hdr_count(&hdr, STR("List-Unsubscribe-Post")) == 0, "Post");
}

static void
check_sender(const struct verp *v)
{
	static const char *const known[] = {
		"RET=", "ENVID=", "BODY=", "AUTH=", "BY="
	};
	struct str rest = v->args;

	FUZZ_CHECK(v->address.len == 0 || addr_spec_ok(v->address), "%s", v->address.p);
	while (rest.len > 0) {
		struct str word = str_make(rest.p, str_find(rest, ' '));
		bool fine = false;

		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			fine |= str_casestarts(word, str_of(known[i]));
		for (size_t i = 0; i < word.len; i++)
			fine &= word.p[i] > ' ' && word.p[i] < 0x7f;
		FUZZ_CHECK(fine, "%s", v->args.p);
		rest = str_skip(rest, word.len + 1);
	}
}

static void
check_mark(const struct envelope *env, const struct decision *d)
{
	struct str sender = d->sender.address.len > 0 ? d->sender.address : env->sender;
	const struct mark_keys keys = { ring, NULL };
	size_t n = hdr_count(&hdr, STR(MARK_FIELD));

	FUZZ_CHECK(n <= 1, "%zu marks", n);
	if (n == 1)
		FUZZ_CHECK(mark_holds(&keys, &hdr, sender, NOW + 1), "no mark");
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str text = str_make((const char *)p, len);
	struct envelope env;
	const struct mark_keys keys = { ring, NULL };
	struct decision d;

	if (arena == NULL)
		open_all();
	arena_reset(arena);
	hdr_init(&hdr, arena);
	take_envelope(&text, &env);
	take_header(text);
	decide_message(&conf, &env, &keys, &hdr, arena, &d);
	FUZZ_CHECK(d.verdict != DECIDE_TEMPFAIL, "%s", d.why);
	if (d.verdict == DECIDE_ACCEPT) {
		check_grammar();
		check_unsubscribe(&env, &d);
		check_sender(&d.sender);
		check_mark(&env, &d);
	}
	hdr_fini(&hdr);
	return 0;
}
