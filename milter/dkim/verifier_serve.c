/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verifier_serve.c - runs libopendkim's verifier.  See verifier.h.
 *
 * The process frees nothing and ends by _exit(): functions that were registered for its
 * end must not run over memory that may be damaged.
 */
#include "dkim/verifier.h"

#include <errno.h>
#include <opendkim/dkim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "system/crypto.h"
#include "text/buf.h"

#define INPUT_MAX (VERIFIER_MESSAGE_MAX + (size_t)1024 * 1024)

struct input {
	struct buf all;
	struct str rest;
	struct verifier_key keys[VERIFIER_SIGNATURES_MAX];
	size_t n_keys;
};

static void
give_up(void)
{
	_exit(EXIT_FAILURE);
}

/* ==== What the process may do ==== */

static void
limit_resource(int what, rlim_t to)
{
	const struct rlimit r = { to, to };

	if (setrlimit((__rlimit_resource_t)what, &r) != 0)
		give_up();
}

/* Takes away the right to open files, after all code that reads files has run. */
static void
lock_up(void)
{
	uint8_t digest[32];

	crypto_sha256("", 0, digest); /* makes OpenSSL read its settings */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		give_up();
	limit_resource(RLIMIT_CORE, 0);
	limit_resource(RLIMIT_CPU, VERIFIER_MS / 1000);
	limit_resource(RLIMIT_FSIZE, 0);
	limit_resource(RLIMIT_NPROC, 0);
	limit_resource(RLIMIT_NOFILE, 0); /* no new file or socket */
}

/* ==== The question ==== */

static void
read_input(struct buf *all)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			give_up();
		if (n > 0)
			buf_add(all, chunk, (size_t)n);
	}
	if (buf_failed(all))
		give_up();
}

/* Reads a number of a line, which our own side wrote. */
static size_t
take_number(struct str *rest, char end)
{
	size_t at = str_find(*rest, end), n = 0;

	if (at == rest->len || at > 10)
		give_up();
	for (size_t i = 0; i < at; i++)
		n = 10 * n + (size_t)(rest->p[i] - '0');
	*rest = str_skip(*rest, at + 1);
	return n;
}

static struct str
take_bytes(struct str *rest, size_t n)
{
	struct str out = str_make(rest->p, n);

	if (n > rest->len)
		give_up();
	*rest = str_skip(*rest, n);
	return out;
}

static void
take_keys(struct input *in)
{
	in->n_keys = take_number(&in->rest, '\n');
	if (in->n_keys > VERIFIER_SIGNATURES_MAX)
		give_up();
	for (size_t i = 0; i < in->n_keys; i++) {
		size_t name = take_number(&in->rest, ' '),
		       record = take_number(&in->rest, '\n');

		in->keys[i].name = take_bytes(&in->rest, name);
		in->keys[i].record = take_bytes(&in->rest, record);
	}
}

/* ==== The answer ==== */

/* Looks a key up among those of the question, where libopendkim would ask DNS. */
static DKIM_CBSTAT
find_key(DKIM *dkim, DKIM_SIGINFO *sig, unsigned char *out, size_t size)
{
	const struct input *in = dkim_get_user_context(dkim);
	char name[600];

	snprintf(name, sizeof(name), "%s._domainkey.%s",
	    (const char *)dkim_sig_getselector(sig),
	    (const char *)dkim_sig_getdomain(sig));
	for (size_t i = 0; i < in->n_keys; i++) {
		struct str record = in->keys[i].record;

		if (!str_caseeq(in->keys[i].name, str_of(name)))
			continue;
		if (record.len >= size)
			return DKIM_CBSTAT_ERROR;
		memcpy(out, record.p, record.len);
		out[record.len] = '\0';
		return DKIM_CBSTAT_CONTINUE;
	}
	return DKIM_CBSTAT_NOTFOUND;
}

static void
write_verdict(DKIM *dkim, DKIM_SIGINFO *sig)
{
	bool passed = dkim_sig_process(dkim, sig) == DKIM_STAT_OK &&
	    (dkim_sig_getflags(sig) & DKIM_SIGFLAG_PASSED) != 0 &&
	    dkim_sig_getbh(sig) == DKIM_SIGBH_MATCH;
	const char *why = passed ? NULL : dkim_sig_geterrorstr(dkim_sig_geterror(sig));

	if (!passed && dkim_sig_getbh(sig) == DKIM_SIGBH_MISMATCH)
		why = "body hash mismatch";
	dprintf(STDOUT_FILENO, "%s\t%s\t%s\t%s\n", passed ? "pass" : "fail",
	    (const char *)dkim_sig_getdomain(sig),
	    (const char *)dkim_sig_getselector(sig), why != NULL ? why : "");
}

static void
verify_message(DKIM_LIB *lib, struct input *in)
{
	static const unsigned char id[] = "check";
	DKIM_STAT status;
	DKIM *dkim = dkim_verify(lib, id, NULL, &status);
	DKIM_SIGINFO **v = NULL;
	char *message = malloc(in->rest.len + 1);
	int n = 0;

	if (dkim == NULL || message == NULL ||
	    dkim_set_user_context(dkim, in) != DKIM_STAT_OK)
		give_up();
	memcpy(message, in->rest.p, in->rest.len);
	/*
	 * A fault of the message shows in the results of its signatures, so the return
	 * value is ignored.
	 */
	(void)dkim_chunk(dkim, (unsigned char *)message, in->rest.len);
	(void)dkim_chunk(dkim, NULL, 0);
	(void)dkim_eom(dkim, NULL);
	if (dkim_getsiglist(dkim, &v, &n) != DKIM_STAT_OK)
		n = 0;
	for (int i = 0; i < n; i++)
		write_verdict(dkim, v[i]);
}

void
verifier_serve(void)
{
	static struct input in;
	DKIM_LIB *lib = dkim_init(NULL, NULL);

	if (lib == NULL || dkim_set_key_lookup(lib, find_key) != DKIM_STAT_OK)
		give_up();
	lock_up();
	buf_init(&in.all, INPUT_MAX);
	read_input(&in.all);
	in.rest = buf_str(&in.all);
	take_keys(&in);
	verify_message(lib, &in);
	_exit(EXIT_SUCCESS);
}
