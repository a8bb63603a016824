/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verifier.h - what libopendkim's verifier, which many receivers run, says of the
 * signatures of a message.
 *
 * It has memory errors that a stranger's signature reaches, so it is asked in a process
 * of its own: this program once more, with nothing of the caller's memory, environment
 * and files but the message and the records of its keys, and unable to open a file or a
 * socket.  Whatever becomes of that process, the caller gets an answer or a sentence,
 * in VERIFIER_MS.
 *
 * verifier_ask() forks; a program with threads has no business here.
 */
#ifndef METERMARK_DKIM_VERIFIER_H
#define METERMARK_DKIM_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>

#include "text/str.h"

#define VERIFIER_MS 10000
#define VERIFIER_SIGNATURES_MAX 32
#define VERIFIER_MESSAGE_MAX ((size_t)64 * 1024 * 1024)
/* The command of metermark(1) that answers; none of those that people use. */
#define VERIFIER_COMMAND "_verify"

struct verifier_key {
	struct str name; /* SELECTOR._domainkey.DOMAIN */
	struct str record;
};

struct verifier_signature {
	char domain[256], selector[256];
	bool passed;
	char why[128]; /* printable ASCII */
};

/*
 * The signatures of a message, lines ending in CRLF, that libopendkim looks at, in its
 * order.  0, or -1 with a sentence in err: there is no answer.
 */
int verifier_ask(struct str message, const struct verifier_key *, size_t n_keys,
    struct verifier_signature[VERIFIER_SIGNATURES_MAX], size_t *n, char *err,
    size_t errlen);

/* The other side: question on the standard input, answer on the standard output. */
void verifier_serve(void) __attribute__((noreturn));

#endif
