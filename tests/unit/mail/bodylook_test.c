/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bodylook_test.c - words of unsubscribing in whatever a MIME message wraps them in,
 * and the same results however the body is cut into chunks.
 */
#include "mail/bodylook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/buf.h"

static const char *const said[] = { "Unsubscribe", "/UNSUB?x", "opt-out", "Opt Out",
	"optout", "Newsletter abmelden", "abbestellen", "desabonner",
	"d\xc3\xa9sinscrire", "disiscriviti", "Darse de baja", "Cancelar",
	"descadastre-se", "afmelden", "uitschrijven", "Wypisz",
	"\xd0\x9e\xd1\x82\xd0\xbf\xd0\xb8\xd1\x81",
	"\xd0\x9e\xd0\xa2\xd0\x9f\xd0\x98\xd0\xa1\xd0\x90" };
#define N_SAID (sizeof(said) / sizeof(said[0]))

static void
each_word_is_found_at_each_place(void **state)
{
	char text[128];

	(void)state;
	for (size_t w = 0; w < N_SAID; w++)
		for (size_t before = 0; before < 32; before++)
			for (size_t after = 0; after < 6; after++) {
				size_t n = strlen(said[w]);

				memset(text, '.', sizeof(text));
				memcpy(text + before, said[w], n);
				assert_true(
				    bodylook_words(str_make(text, before + n + after)));
			}
}

static void
other_words_are_not(void **state)
{
	static const char *const others[] = { "", "unsu", "subscribe", "un sub",
		"opting",
		("Dear customer, desktops and cancels at the cabin, the best of the "
		 "season"),
		"abonnement", "insurance", "the option is out" };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(bodylook_words(str_of(others[i])));
}

struct sample {
	const char *type, *encoding, *body;
	bool found, plain, html, undeclared;
	uint64_t html_bytes;
};

#define ALT "multipart/alternative; boundary=\"a b\""
#define LONG64                                                                         \
 "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"

static const struct sample samples[] = {
	{ "", "", "Unsubscribe here\r\n", true, true, false, false, 0 },
	{ "", "", "Nothing here\r\n", false, true, false, false, 0 },
	{ "", "", "", false, true, false, false, 0 },
	{ "", "", "no line end unsubscribe", true, true, false, false, 0 },
	{ "text/html", "", "<a>\r\nunsubscribe\r\n", true, false, true, false, 18 },
	/* Two lines do not make a word, a soft line break does. */
	{ "text/plain", "", "unsu\r\nbscribe\r\n", false, true, false, false, 0 },
	{ "text/plain", "quoted-printable", "unsu=\r\nbscribe\r\n", true, true, false,
	    false, 0 },
	{ "text/plain", "quoted-printable", "unsu= \t\r\nbscribe\r\n", true, true,
	    false, false, 0 },
	{ "text/plain", "quoted-printable", "u=\r\nn=\r\nsu=\r\nb\r\n", true, true,
	    false, false, 0 },
	{ "text/plain", "Quoted-Printable ", "unsu\r\nbscribe\r\n", false, true, false,
	    false, 0 },
	/* Escapes: decoded, counted as what they stand for, damaged ones as they are.
	 */
	{ "text/html", "quoted-printable",
	    "=D0=9E=D1=82=D0=BF=D0=B8=\r\n=D1=81=D0=B0\r\n", true, false, true, false,
	    14 },
	{ "text/html", "quoted-printable", "=c3=BC=\r\n=C3=BC\r\n", false, false, true,
	    false, 6 },
	{ "text/html", "quoted-printable", "=4\r\n=\r\n=\r\n==41=4=\r\n=XYZ", false,
	    false, true, false, 14 },
	{ "text/html", "quoted-printable", "=55=4Esu=62=3", true, false, true, false,
	    9 },
	{ "text/html", "quoted-printable", "uns=FGubscribe=", false, false, true, false,
	    14 },
	{ "text/html", "base64", "VW5zdWJzY3JpYmUh\r\nVW5z\r\nVQ==\r\n", true, false,
	    true, false, 16 },
	{ "text/plain", "base64", "VW5zdWJzY3JpYmU=\r\n", true, true, false, false, 0 },
	{ "text/plain", "base64", "VW5z\r\ndWJz\r\nY3Jp\r\n", true, true, false, false,
	    0 },
	{ "text/plain", "base64", "VW5\r\nzdWJzY3Jp", true, true, false, false, 0 },
	{ "text/plain", "base64",
	    LONG64 LONG64 LONG64 LONG64 LONG64 LONG64 LONG64 LONG64 "VW5zdWJzY3JpYmU=",
	    true, true, false, false, 0 },
	{ "image/png", "base64", "VW5zdWJzY3JpYmU=\r\n", false, false, false, false,
	    0 },
	/* 8-bit bytes. */
	{ "text/plain", "", "\xfc\r\n", false, true, false, true, 0 },
	{ "text/plain", "7bit", "\xfc\r\n", false, true, false, true, 0 },
	{ "text/plain", "8BIT", "\xfc\r\n", false, true, false, false, 0 },
	{ "image/png", "binary", "\xfc\r\n", false, false, false, false, 0 },
	{ "image/png", "", "\xfc\r\n", false, false, false, true, 0 },
	/* Parts. */
	{ ALT, "",
	    "unsubscribe in the preamble\r\n--a b\r\n\r\nplain\r\n--a b \r\n"
	    "Content-Type: text/html\r\n\r\nhtml\r\n--a b--\r\nunsubscribe\r\n",
	    false, true, true, false, 6 },
	{ ALT, "",
	    "--a b\r\nContent-Type:\r\n "
	    "text/html\r\nContent-transfer-encoding:\r\n\tbase64"
	    "\r\n\r\nVW5zdWJzY3JpYmU=\r\n--a b--\r\n",
	    true, false, true, false, 11 },
	{ ALT, "",
	    "--a b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xfc\r\n--a "
	    "b\r\n\r\n\xfc\r\n"
	    "--a b--\r\n",
	    false, true, false, true, 0 },
	{ ALT, "", "--a c\r\n\r\nunsubscribe\r\n", false, false, false, false, 0 },
	{ "multipart/mixed", "", "--a\r\n\r\nunsubscribe\r\n", false, false, false,
	    false, 0 },
	{ "multipart/mixed; x=y;\n boundary=out", "",
	    "--out\r\nContent-Type: multipart/related; "
	    "boundary=in\r\n\r\n--in\r\n\r\none\r\n"
	    "--in--\r\n\r\n--out\r\n\r\nunsubscribe\r\n--out--\r\n",
	    true, true, false, false, 0 },
	/* Comments, quotes, and what may stand in them. */
	{ "multipart/alternative; (c) boundary=b", "",
	    "--b\r\n\r\nunsubscribe\r\n--b--\r\n", true, true, false, false, 0 },
	{ "multipart/alternative; (;boundary=a) charset=\"x;\\\"boundary=y\"; "
	  "BOUNDARY (\\) =) = \"b\\c\"",
	    "", "--bc\r\n\r\nunsubscribe\r\n--bc--\r\n", true, true, false, false, 0 },
	{ "multipart/mixed; name=a(1; boundary=----=_b(x)", "",
	    "------=_b\r\n\r\nunsubscribe\r\n", true, true, false, false, 0 },
	{ "(a (b)) text (c) / (d) html (e)", "", "x\r\n", false, false, true, false,
	    3 },
	{ "text/htmlx", "", "x\r\n", false, false, false, false, 0 },
	{ "text/plain (", "", "x\r\n", false, true, false, false, 0 },
	{ "text/plain", "8bit (x)", "\xfc\r\n", false, true, false, false, 0 },
	{ "text/plain", "(x)\n base64", "VW5zdWJzY3JpYmU=\r\n", true, true, false,
	    false, 0 },
	/* A file is no text, whatever stands first in its head. */
	{ ALT, "",
	    "--a b\r\nContent-Disposition: (a) Attachment; filename=a.txt\r\n"
	    "Content-Type: text/plain\r\n\r\nunsubscribe\r\n--a b\r\n"
	    "Content-Type: text/html\r\nContent-Disposition: inline\r\n\r\nx\r\n"
	    "--a b--\r\n",
	    false, false, true, false, 3 },
	{ ALT, "",
	    "--a b\r\nContent-Type: multipart/mixed; boundary=c\r\n"
	    "Content-Disposition: attachment\r\n\r\n--c\r\n\r\nunsubscribe\r\n--c--\r\n"
	    "--a b\r\nContent-Type: text/html\r\nContent-Disposition: "
	    "attachment\r\n\r\n"
	    "\xfc\r\n--a b\r\n\r\nx\r\n--a b--\r\n",
	    false, true, false, true, 0 },
	/* A link to the host: not its name alone, and not a longer one. */
	{ "", "", "https://U.example.com\r\n", true, true, false, false, 0 },
	{ "", "", "<//u.example.com/x>", true, true, false, false, 0 },
	{ "", "", "https:///u.example.com", true, true, false, false, 0 },
	{ "", "", "http://u.exa//u.example.com:1\r\n", true, true, false, false, 0 },
	{ "", "", "/u.example.com service@u.example.com\r\n", false, true, false, false,
	    0 },
	{ "", "", "https://u.example.com.example\r\n", false, true, false, false, 0 },
	{ "", "", "https://u.example.co/m\r\nhttps://u.example.\r\ncom\r\n", false,
	    true, false, false, 0 },
	{ "", "quoted-printable", "https:/=\r\n/=75.ex=\r\nample.com=2F\r\n", true,
	    true, false, false, 0 },
	{ "", "base64", "aHR0cHM6Ly91LmV4YW1wbGUuY29t\r\n", true, true, false, false,
	    0 },
	{ ALT, "",
	    "--a b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	    "aHR0cHM6Ly91LmV4YW1wbGUuY29t\r\n--a b\r\n\r\nx\r\n",
	    true, true, false, false, 0 },
	{ ALT, "", "--a b\r\n\r\nhttps://u.example\r\n--a b\r\n\r\n.com\r\n--a b--\r\n",
	    false, true, false, false, 0 },
	/* Comments of HTML, which plain text has none of. */
	{ "text/html", "", "<!-- unsubscribe -->x\r\n", false, false, true, false, 23 },
	{ "text/html", "", "<!--\r\nunsubscribe\r\n- ->--->\r\n<p>\r\n", false, false,
	    true, false, 34 },
	{ "text/html", "", "<!-- x --><b>unsubscribe\r\n", true, false, true, false,
	    26 },
	{ "text/html", "", "<!-->unsubscribe\r\n", true, false, true, false, 18 },
	{ "text/html", "", "<!- unsubscribe -->\r\n", true, false, true, false, 21 },
	{ "text/html", "", "<!-\r\n- unsubscribe -->\r\n", true, false, true, false,
	    24 },
	{ "text/html", "", "<!--[if mso]>unsubscribe<![endif]-->\r\n", false, false,
	    true, false, 38 },
	{ "text/html", "", "<!--[if !mso]><!-->unsubscribe<!--<![endif]-->\r\n", true,
	    false, true, false, 48 },
	{ "text/html", "", "<<!-- //u.example.com -->uns<!---->u<!-->\r\n", false,
	    false, true, false, 43 },
	{ "text/html", "quoted-printable", "<=21-=\r\n- unsub -=2D=\r\n>\r\n", false,
	    false, true, false, 16 },
	{ "text/html", "base64", "PCEtLSB1bnN1YnNjcmliZSAtLT4=\r\n", false, false, true,
	    false, 20 },
	{ "text/plain", "", "<!-- unsubscribe -->\r\n", true, true, false, false, 0 },
	{ ALT, "",
	    "--a b\r\nContent-Type: text/html\r\n\r\n<!-- x\r\n--a b\r\n"
	    "Content-Type: text/html\r\n\r\nunsubscribe\r\n--a b--\r\n",
	    true, false, true, false, 13 },
	/* An outer boundary ends what the inner ones left open. */
	{ "multipart/mixed; boundary=out", "",
	    "--out\r\nContent-Type: multipart/related; boundary=in\r\n\r\n--in\r\n"
	    "Content-Type: image/png\r\n\r\none\r\n--out\r\n\r\nunsubscribe\r\n",
	    true, true, false, false, 0 },
};
#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void
assert_seen(const struct sample *s, const struct bodylook *k)
{
	assert_int_equal(k->found, s->found);
	assert_int_equal(k->plain, s->plain);
	assert_int_equal(k->html, s->html);
	assert_int_equal(k->undeclared, s->undeclared);
	assert_int_equal(k->html_bytes, s->html_bytes);
}

static void
parts_and_encodings_are_followed(void **state)
{
	struct bodylook k;

	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		const struct sample *s = &samples[i];

		bodylook_init(
		    &k, str_of(s->type), str_of(s->encoding), STR("u.example.com"));
		bodylook_feed(&k, s->body, strlen(s->body));
		bodylook_end(&k);
		assert_seen(s, &k);
	}
}

static void
chunks_may_be_cut_anywhere(void **state)
{
	struct bodylook k;

	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		const struct sample *s = &samples[i];
		size_t n = strlen(s->body);

		for (size_t cut = 0; cut <= n; cut++) {
			bodylook_init(&k, str_of(s->type), str_of(s->encoding),
			    STR("u.example.com"));
			bodylook_feed(&k, s->body, cut);
			bodylook_feed(&k, s->body + cut, n - cut);
			bodylook_end(&k);
			assert_seen(s, &k);
		}
		bodylook_init(
		    &k, str_of(s->type), str_of(s->encoding), STR("u.example.com"));
		for (size_t at = 0; at < n; at++)
			bodylook_feed(&k, s->body + at, 1);
		bodylook_end(&k);
		assert_seen(s, &k);
	}
}

/* Longer than any buffer: fields, boundaries, lines, and multiparts in multiparts. */
static void
no_length_is_too_long(void **state)
{
	static const char nest[] =
	    "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
	struct bodylook k;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_adds(&b, "multipart/mixed; boundary=");
	for (int i = 0; i < 5000; i++)
		buf_addc(&b, 'b');
	bodylook_init(&k, buf_str(&b), str_of(b.p), buf_str(&b));
	bodylook_feed(&k, b.p, b.len);
	bodylook_end(&k);
	assert_int_equal(k.depth, 0);
	buf_reset(&b);
	for (int i = 0; i < 100; i++)
		buf_adds(&b, nest);
	buf_adds(&b, "--b\r\nContent-Type: text/plain;");
	for (int i = 0; i < 5000; i++)
		buf_adds(&b, "\r\n x=y;");
	buf_adds(&b, "\r\n\r\n");
	for (int i = 0; i < 5000; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "unsubscribe\r\n--b--\r\n");
	bodylook_init(&k, STR("multipart/mixed; boundary=\"b\""), STR(""), STR(""));
	bodylook_feed(&k, b.p, b.len);
	bodylook_end(&k);
	assert_true(k.found);
	assert_true(k.depth <= BODYLOOK_DEPTH);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_is_found_at_each_place),
		cmocka_unit_test(other_words_are_not),
		cmocka_unit_test(parts_and_encodings_are_followed),
		cmocka_unit_test(chunks_may_be_cut_anywhere),
		cmocka_unit_test(no_length_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
