/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain.h - the parts of `metermark explain`. A message on disk passes through the
 * same message/txn.h that the daemon uses, with a signer that records its input and
 * signs nothing.
 */
#ifndef METERMARK_CLI_CHECK_EXPLAIN_H
#define METERMARK_CLI_CHECK_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "counting/hll.h"
#include "counting/tally.h"
#include "dkim/signport.h"
#include "mail/addr.h"
#include "message/decide.h"
#include "message/txn.h"
#include "text/buf.h"
#include "token/token.h"
#include "tracking/stream.h"

#define EXPLAIN_NOTES_MAX 32
#define EXPLAIN_RCPTS_MAX 1000
#define EXPLAIN_TEXT_MAX 512
/* More than MTAs accept. */
#define EXPLAIN_MESSAGE_MAX ((size_t)256 * 1024 * 1024)

struct explain_options {
	const char *file; /* "-": stdin */
	const char *config;
	const char *from, *user, *client, *daemon, *host, *queue_id;
	const char *rcpt[EXPLAIN_RCPTS_MAX];
	size_t n_rcpt;
	enum conf_mta mta;
	bool json;
};

/* One key that would sign. */
struct explain_key {
	const struct conf_domain *domain;
	const struct conf_key *key;
	char text[EXPLAIN_TEXT_MAX]; /* "rsa 2048", or why it could not be looked at */
	bool read, ed25519;
};

/* The signer that records its input. */
struct explain_signer {
	struct sign_port port;
	struct explain_key keys[CONF_KEYS_MAX];
	size_t n_keys;
	struct buf fields; /* names, lower case, colons between */
	struct buf
	    value[CONF_KEYS_MAX]; /* that would be inserted, without its hashes */
	const char *user;         /* of the settings; may own key files */
};

struct explain {
	struct explain_options options;
	struct conf conf;
	bool conf_read;
	struct token_ring *ring;  /* NULL: the keys could not be read */
	struct token_ring *local; /* stands in for the daemon's own */
	struct buf message;
	size_t n_fields, body_bytes;
	struct txn *txn;
	struct cidr_addr addr;
	bool has_addr;
	struct explain_signer signer;
	const struct txn_outcome *outcome;
	const struct decision *decision;
	const struct envelope *envelope;
	struct tally_delta delta;
	bool counted;
	struct buf line; /* for the log */
	char note[EXPLAIN_NOTES_MAX][EXPLAIN_TEXT_MAX];
	size_t n_notes;
};

/*
 * Adds a note for the reader of the report. If there is no room, the note is dropped.
 */
void explain_note(struct explain *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The keys of tokens and marks, from e->conf; without them those of a stranger, and a
 * note that says so. */
void explain_load_tokens(struct explain *);
/* If no recipient was given, assumes one and adds a note that says so. */
void explain_assume_rcpt(struct explain *);
/*
 * The message through a txn of its own, from begin to end, as an MTA and the daemon
 * would take it there: sets e->txn, e->outcome, e->decision and e->envelope.  EX_OK, or
 * EX_OSERR after saying so.
 */
int explain_run(struct explain *, const struct txn_env *, const struct envelope *);
/* All but the struct itself. */
void explain_fini(struct explain *);

/* Take --mta, --rcpt and the one FILE into struct explain_options: 0, or -1 after
 * saying what is wrong. */
int explain_option_mta(void *, const char *text);
int explain_option_rcpt(void *, const char *text);
int explain_option_file(struct explain_options *, int argc, char **argv);

/* explain_mail.c: read the message.  An exit status. */
int explain_mail_read(struct explain *);
/* Hand it to the txn as an MTA would: fields, end of fields, body. */
void explain_mail_send(struct explain *);
/* Append it as it is on the wire: without the line of an mbox, lines with CRLF. */
void explain_mail_wire(const struct explain *, struct buf *);
/* The first Return-Path of the message; "" without one. */
struct str explain_mail_sender(const struct explain *);

/* explain_signer.c */
void explain_signer_init(struct explain_signer *, const char *user);
void explain_signer_fini(struct explain_signer *);

/* explain_why.c: sentences for people. */
const char *explain_class(enum client_class);
void explain_class_why(const struct explain *, struct buf *);
/* Of decision.why; NULL for a word that is not known. */
const char *explain_word(const char *why);
/* What the stream's conditions look at. */
struct stream_facts explain_stream_facts(const struct explain *);

/* explain_text.c, explain_json.c: the answer.  An exit status. */
int explain_text(const struct explain *);
int explain_json(const struct explain *);

#endif
