/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * txn.h - one message after another of one connection, from MAIL to the end of each.
 * Pure.
 *
 * The calls follow the milter's stages; daemon/mfi.c makes them.  At end of headers the
 * message is decided (message/decide.h) and the signer is fed the header as it will
 * leave; the body streams through; txn_end() answers with the verdict and the plan of
 * edits; txn_commit() counts, once the edits are known to have been taken or not.
 * txn_abort() drops the message at any point and counts nothing.  A txn belongs to one
 * connection and is run by one thread at a time.
 */
#ifndef METERMARK_MESSAGE_TXN_H
#define METERMARK_MESSAGE_TXN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "counting/tally.h"
#include "dkim/signport.h"
#include "mail/envelope.h"
#include "mail/plan.h"
#include "message/decide.h"
#include "rules/rule.h"
#include "system/crypto.h"

/* What one message may take of our memory: header, edits, recipients; bytes. */
#define TXN_ARENA_MAX ((size_t)1024 * 1024)
/* Recipients beyond this are counted, but not among the distinct ones. */
#define TXN_RCPT_HASHED_MAX 10000

/* The same for all messages of the process. */
struct txn_env {
	/*
	 * Under this key a recipient's address, in lower case, becomes an element of
	 * the HyperLogLog.  Must outlive the txn.  NULL: distinct recipients are not
	 * counted.
	 */
	const struct crypto_mac *rcpt_mac;
	struct tally_sink sink;
	bool look_at_all; /* at bodies that are not ours too, for txn_facts() */
};

/* A message as it begins.  conf, port and keys must outlive it. */
struct txn_start {
	const struct conf *conf;
	const struct sign_port *port;
	struct mark_keys keys;
	/* As known after MAIL; its strs are copied, and txn finds out sender_domain. */
	struct envelope envelope;
};

/* What the milter must do; valid until the next call of the same txn. */
struct txn_outcome {
	enum decide_verdict verdict;
	struct reply reply; /* of REJECT and TEMPFAIL */
	struct plan plan;   /* of ACCEPT */
	const char *hold;   /* of ACCEPT: why it goes into quarantine, or NULL */
	bool warn;          /* the log line is a warning */
	struct verp sender; /* of ACCEPT: the new one, if any */
};

struct txn;

/* env is copied.  NULL when out of memory. */
struct txn *txn_new(const struct txn_env *);
void txn_free(struct txn *);

/* MAIL.  Drops a message before it that had no end.  -1 when out of memory: tempfail
 * it. */
int txn_begin(struct txn *, const struct txn_start *);
/* Each RCPT, with or without <>. */
void txn_rcpt(struct txn *, struct str rcpt);
/* A field; value with its leading space. */
void txn_field(struct txn *, struct str name, struct str value);
/* See struct envelope. */
void txn_end_fields(struct txn *, struct str queue_id, int64_t now, struct str nonce);
void txn_body(struct txn *, const void *, size_t);
/* End of message.  queue_id as known by now. */
const struct txn_outcome *txn_end(struct txn *, struct str queue_id);
/*
 * After txn_end() and the edits: count the message and write its log line into line
 * (empty for a message that passes without comment).  taken: all edits were; else the
 * message is refused for now and counted so.  Ends the message.
 */
void txn_commit(struct txn *, bool taken, struct buf *line);
void txn_abort(struct txn *);
/* What was decided at the end of the fields, or since, for those who explain; valid
 * until the next txn_begin(). */
const struct decision *txn_decision(const struct txn *);
/* All that is known of the message so far; valid until the next txn_begin(). */
const struct envelope *txn_envelope(const struct txn *);
/*
 * After txn_end() and before txn_commit(): what the rules were, or would be, asked
 * about. Borrows from the txn.
 */
void txn_facts(const struct txn *, struct rule_facts *);
/* Between txn_begin() and its end. */
bool txn_active(const struct txn *);

#endif
