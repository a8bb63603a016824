/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verifier.h - asks libopendkim's verifier, which many receivers run, about the
 * signatures of a message.
 *
 * It has memory errors that a stranger's signature reaches, so it runs in a process of
 * its own: this program once more, without the caller's memory, environment and files,
 * given only the message and the records of its keys, and unable to open a file or a
 * socket.  Whatever happens to that process, the caller gets an answer or a sentence
 * within VERIFIER_MS.
 *
 * verifier_ask() forks, so a program with threads must not call it.
 */
#ifndef METERMARK_DKIM_VERIFIER_H
#define METERMARK_DKIM_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>

#include "text/str.h"

#define VERIFIER_MS 10000
#define VERIFIER_SIGNATURES_MAX 32
#define VERIFIER_MESSAGE_MAX ((size_t)64 * 1024 * 1024)
/* The command of metermark(1) that answers; it is not meant for users. */
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
 * Asks about a message whose lines end in CRLF: fills in the signatures that
 * libopendkim examines, in its order.  Returns 0, or -1 with a sentence in err if there
 * is no answer.
 */
int verifier_ask(struct str message, const struct verifier_key *, size_t n_keys,
    struct verifier_signature[VERIFIER_SIGNATURES_MAX], size_t *n, char *err,
    size_t errlen);

/*
 * The other side: reads the question from standard input and writes the answer to
 * standard output.
 */
void verifier_serve(void) __attribute__((noreturn));

#endif
