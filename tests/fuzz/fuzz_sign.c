/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_sign.c - whatever message comes, what we sign verifies.
 *
 * An input is a message as text.  Its first line says how it comes:
 *
 *   s  through Sendmail (else Postfix)
 *   a  bad messages go on unsigned (else they are refused)
 *   l  lines of any length are allowed
 *   r  the body is taken as it is (else each LF is a line end)
 *   0 to 7  the chunks of the body: in one, or of 1, 2, 3, 7, 64, 1000, 65535 bytes
 *
 * Then the header, an empty line, the body.  Byte 1 stands for a run: 17 times the
 * value of the next byte, of the byte after it.  Names are what MTAs take for names.
 *
 * The message goes through message/txn.h with the real signer, the plan is carried out,
 * and a verifier of our own (tests/lib/dkimcheck.h) looks at each signature.  With
 * METERMARK_FUZZ_OUT naming a folder, each signed message is kept there for the
 * verifiers that have the last word: dns.txt, and mail, which has for each a line
 * "SIGNATURES LENGTH INPUT-LENGTH", the message, and the input it came of.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "../lib/dkimcheck.h"
#include "../lib/post.h"
#include "config/conffile.h"
#include "dkim/keyring.h"
#include "dkim/signer.h"
#include "system/crypto.h"
#include "fuzz.h"

#define TEXT_MAX ((size_t)2 * 1024 * 1024)
#define RUN 17
#define PACKET_MAX 65530

static const char settings[] =
    "domain_table = \"%1$s/table\"\n"
    "domain \"example.com\" {\n"
    " key { selector = \"r1\" file = \"%1$s/r1\" }\n"
    " key { selector = \"e1\" file = \"%1$s/e1\" }\n"
    "}\n"
    "domain \"ss.example\" {\n"
    " key { selector = \"r1\" file = \"%1$s/r1\" }\n"
    " canonicalization = \"simple/simple\"\n"
    "}\n"
    "domain \"rs.example\" {\n"
    " key { selector = \"e1\" file = \"%1$s/e1\" }\n"
    " key { selector = \"r1\" file = \"%1$s/r1\" }\n"
    " canonicalization = \"relaxed/simple\"\n"
    " subdomains = true\n"
    "}\n"
    "domain \"sr.example\" {\n"
    " key { selector = \"r1\" file = \"%1$s/r1\" }\n"
    " canonicalization = \"simple/relaxed\"\n"
    " expire = 86400\n"
    "}\n"
    "domain \"esp.example\" {\n"
    " key { selector = \"r1\" file = \"%1$s/r1\" }\n"
    "}\n"
    "domain \"as.example\" {\n"
    " key { selector = \"e1\" file = \"%1$s/e1\" }\n"
    " also_sign = {\"esp.example\"}\n"
    "}\n"
    "stream \"news\" {\n"
    " match { campaign = \"news-*\" }\n"
    " remove = {\"X-Mailer\", \"Comments\"}\n"
    " set \"Precedence\" { value = \"bulk\" }\n"
    " set \"X-Twice\" { value = \"%%{campaign}\" }\n"
    " add \"Reply-To\" { value = \"r@example.com\" }\n"
    " feedback_id = \"%%{campaign}:%%{stream}:%%{domain}:exmplco\"\n"
    "}\n"
    "stream \"rs\" {\n"
    " match { from_domain = \"*.rs.example\" }\n"
    " add \"X-Report-Abuse\" { value = \"https://example.com/%%{campaign}\" }\n"
    " remove = {\"Subject\"}\n"
    "}\n";

static const char table[] = ".table.example r1 %1$s/r1 d=table.example x=86400\n"
			    ".table.example e1 %1$s/e1 d=table.example x=86400\n"
			    "ss.table.example r1 %1$s/r1 c=simple/simple\n";

/* All that stands in d= of the settings and the table. */
static const char *const signers[] = { "example.com", "ss.example", "rs.example",
	"sr.example", "esp.example", "as.example", "table.example",
	"ss.table.example" };

static struct {
	char dir[256];
	struct conf conf;
	struct keyring *keys;
	struct signer *signer;
	struct crypto_mac *rcpt_mac;
	struct txn *txn;
	EVP_PKEY *rsa, *ed25519;
	FILE *out;
} lab;

static struct post post;
static struct dkimcheck check;
static struct buf text;

/* ==== Once ==== */

static int
swallow(void *self, const struct tally_delta *d)
{
	(void)self;
	(void)d;
	return 0;
}

static FILE *
create(const char *dir, const char *name)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	out = fopen(path, "wb");
	FUZZ_CHECK(out != NULL, "%s: cannot be written", path);
	return out;
}

static void
write_key(const char *selector, EVP_PKEY *pkey)
{
	FILE *out = create(lab.dir, selector);

	FUZZ_CHECK(pkey != NULL &&
		PEM_write_PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL) == 1,
	    "no key %s", selector);
	fclose(out);
}

static void
load(void)
{
	char path[512], err[512] = "";
	FILE *out = create(lab.dir, "table");

	fprintf(out, table, lab.dir);
	fclose(out);
	out = create(lab.dir, "metermark.conf");
	fprintf(out, settings, lab.dir);
	fclose(out);
	snprintf(path, sizeof path, "%s/metermark.conf", lab.dir);
	FUZZ_CHECK(conffile_read(path, &lab.conf, err, sizeof err) == 0, "%s", err);
	lab.keys = keyring_load(&lab.conf, NULL, NULL, err, sizeof err);
	FUZZ_CHECK(lab.keys != NULL, "%s", err);
	lab.signer = signer_new(&lab.conf, lab.keys, err, sizeof err);
	FUZZ_CHECK(lab.signer != NULL, "%s", err);
}

/* What the DNS would say, for the verifiers outside. */
static void
publish(const char *dir)
{
	unsigned char der[1024], raw[32], rsa[2048], ed[64], *p = der;
	size_t rawlen = sizeof raw;
	FILE *out = create(dir, "dns.txt");

	EVP_EncodeBlock(rsa, der, i2d_PUBKEY(lab.rsa, &p));
	EVP_PKEY_get_raw_public_key(lab.ed25519, raw, &rawlen);
	EVP_EncodeBlock(ed, raw, (int)rawlen);
	for (size_t i = 0; i < sizeof signers / sizeof signers[0]; i++)
		fprintf(out,
		    "r1._domainkey.%1$s v=DKIM1; k=rsa; p=%2$s\n"
		    "e1._domainkey.%1$s v=DKIM1; k=ed25519; p=%3$s\n",
		    signers[i], rsa, ed);
	fclose(out);
	lab.out = create(dir, "mail");
}

static void
finish(void)
{
	static const char *const files[] = { "r1", "e1", "table", "metermark.conf" };
	char path[512];

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", lab.dir, files[i]);
		unlink(path);
	}
	rmdir(lab.dir);
	if (lab.out != NULL)
		fclose(lab.out);
	txn_free(lab.txn);
	crypto_mac_free(lab.rcpt_mac);
	signer_free(lab.signer);
	keyring_free(lab.keys);
	conf_fini(&lab.conf);
	EVP_PKEY_free(lab.rsa);
	EVP_PKEY_free(lab.ed25519);
	post_fini(&post);
	buf_fini(&text);
}

static void
open_lab(void)
{
	struct txn_env env = { .sink = { swallow, NULL } };
	const char *out = getenv("METERMARK_FUZZ_OUT"), *tmp = getenv("TMPDIR");

	snprintf(lab.dir, sizeof lab.dir, "%s/metermark-fuzz-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	FUZZ_CHECK(mkdtemp(lab.dir) != NULL, "%s", lab.dir);
	umask(077);
	/* Short ones: the length of a key changes nothing here but the speed. */
	lab.rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	lab.ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	write_key("r1", lab.rsa);
	write_key("e1", lab.ed25519);
	load();
	lab.rcpt_mac = crypto_mac_new("fuzz", 4);
	env.rcpt_mac = lab.rcpt_mac;
	lab.txn = txn_new(&env);
	FUZZ_CHECK(lab.txn != NULL && env.rcpt_mac != NULL, "out of memory");
	post_init(&post);
	buf_init(&text, TEXT_MAX);
	if (out != NULL)
		publish(out);
	atexit(finish);
}

/* ==== The message ==== */

static void
set_options(struct str line, bool *raw)
{
	static const size_t chunks[] = { 0, 1, 2, 3, 7, 64, 1000, 65535 };

	post.n = 0;
	post.chunk = 0;
	post.sendmail = false;
	*raw = false;
	lab.conf.on_bad_message = CONF_BAD_REJECT;
	lab.conf.line_length_limit = -1;
	for (size_t i = 0; i < line.len; i++)
		switch (line.p[i]) {
		case 's':
			post.sendmail = true;
			break;
		case 'a':
			lab.conf.on_bad_message = CONF_BAD_ACCEPT;
			break;
		case 'l':
			lab.conf.line_length_limit = 0;
			break;
		case 'r':
			*raw = true;
			break;
		default:
			if (line.p[i] >= '0' && line.p[i] <= '7')
				post.chunk = chunks[line.p[i] - '0'];
			break;
		}
}

static void
expand(const uint8_t *p, size_t len)
{
	buf_reset(&text);
	for (size_t i = 0; i < len; i++) {
		unsigned times = 1;

		if (p[i] == 1 && len - i > 2) {
			times = RUN * p[i + 1];
			i += 2;
		}
		if (text.len + times <= TEXT_MAX)
			while (times-- > 0)
				buf_addc(&text, (char)p[i]);
	}
}

/* The name as an MTA gives it: "" where it would not take the line for a field. */
static struct str
name_of(struct str field)
{
	struct str name = str_make(field.p, str_find(field, ':'));

	if (name.len == field.len)
		return STR("");
	while (name.len > 0 &&
	    (name.p[name.len - 1] == ' ' || name.p[name.len - 1] == '\t'))
		name.len--;
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] < 0x21 || name.p[i] > 0x7e)
			return STR("");
	return name;
}

/* A milter gets C strings. */
static struct str
until_nul(struct str s)
{
	return str_make(s.p, str_find(s, '\0'));
}

/* The fields of text, which goes on at the body then. */
static void
take_header(struct str *rest)
{
	while (rest->len > 0 && rest->p[0] != '\n') {
		size_t n = str_find(*rest, '\n');
		struct str field, name;

		while (n + 1 < rest->len &&
		    (rest->p[n + 1] == ' ' || rest->p[n + 1] == '\t'))
			n += 1 + str_find(str_skip(*rest, n + 1), '\n');
		field = str_make(rest->p, n);
		name = name_of(field);
		/* libmilter takes no larger packet. */
		if (name.len > 0 && n < PACKET_MAX)
			post_field(&post, name,
			    until_nul(str_skip(field, str_find(field, ':') + 1)));
		*rest = str_skip(*rest, n + 1);
	}
	*rest = str_skip(*rest, 1);
}

static void
take_body(struct buf *body, struct str rest, bool raw)
{
	for (size_t i = 0; i < rest.len; i++) {
		if (!raw && rest.p[i] == '\n')
			buf_addc(body, '\r');
		buf_addc(body, rest.p[i]);
	}
	post.body = buf_str(body);
}

/* ==== The judgement ==== */

static void
judge(struct str input)
{
	size_t n = post.n_signatures;

	for (size_t i = 0; i < n; i++) {
		struct str s = STR("");
		const char *why = "no header";

		if (dkimcheck_split(&check, buf_str(&post.out)) && i < check.n) {
			s = dkimcheck_tag(check.v[i].all, "s");
			why = dkimcheck_one(&check, check.v[i].all,
			    s.p != NULL && str_eq(s, STR("r1")) ? lab.rsa
								: lab.ed25519);
		}
		FUZZ_CHECK(
		    why == NULL, "%s, of signature %zu on\n%s", why, i, post.out.p);
	}
	if (lab.out != NULL && n > 0) {
		fprintf(lab.out, "%zu %zu %zu\n", n, post.out.len, input.len);
		fwrite(post.out.p, 1, post.out.len, lab.out);
		fwrite(input.p, 1, input.len, lab.out);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct buf body;
	struct str rest;
	enum decide_verdict verdict;
	bool raw;

	if (lab.txn == NULL)
		open_lab();
	expand(p, len);
	rest = buf_str(&text);
	set_options(str_make(rest.p, str_find(rest, '\n')), &raw);
	rest = str_skip(rest, str_find(rest, '\n') + 1);
	take_header(&rest);
	buf_init(&body, 2 * TEXT_MAX);
	take_body(&body, rest, raw);
	verdict = post_send(&post, lab.txn, &lab.conf, signer_port(lab.signer));
	/* Memory does not run out, so nothing is tried again later. */
	FUZZ_CHECK(verdict != DECIDE_TEMPFAIL, "%s", post.line.p);
	FUZZ_CHECK(!post.misplaced, "an edit of a field that is not there");
	for (size_t i = 0; i < post.line.len; i++)
		FUZZ_CHECK(
		    (unsigned char)post.line.p[i] >= 0x20 && post.line.p[i] != 0x7f,
		    "a control in %s", post.line.p);
	if (verdict == DECIDE_ACCEPT)
		judge(str_make((const char *)p, len));
	buf_fini(&body);
	return 0;
}
