/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail.h - the messages of the load generator, as packets of the milter protocol.
 *
 * Message n is the same for every filter: 15 header fields of a newsletter, of which
 * mail/signset.c's list has 12, and an HTML body of a given size with lines of up to 78
 * characters.  Of it, only the campaign, the domain of From, Message-ID and To depend
 * on n.  The body is made once, as packets ready to be sent, and shared by all
 * sessions: 500 of them with 200 KB each cost the generator 200 KB.
 */
#ifndef BENCH_MAIL_H
#define BENCH_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Header fields of each message. */
#define MAIL_FIELDS 15
/* A value fits into so many bytes. */
#define MAIL_VALUE 1024

struct mail_shape {
	size_t body_bytes;
	unsigned recipients;
	uint64_t campaigns;      /* distinct values of X-Campaign */
	uint64_t domains;        /* distinct domains of From: 1 is domain itself, */
	const char *domain;      /* more are d0.domain, d1.domain, ... */
	const char *client_addr; /* IPv4 */
};

/* Bytes to be sent; put_*() end the program when they do not fit. */
struct out {
	char *p;
	size_t len, size;
};

void out_init(struct out *, size_t size);
void out_fini(struct out *);

/* One packet: the command, then the strings up to NULL, each with its NUL. */
void out_strings(struct out *, char command, const char *const strings[]);
/* The same for binary data. */
void out_bytes(struct out *, char command, const void *data, size_t len);
/* The packet that says who connects. */
void out_connect(struct out *, const struct mail_shape *);

/* A room that holds all but the body of one message of this shape. */
size_t mail_room(const struct mail_shape *);
/* From of message n, as an address without brackets. */
void mail_sender(const struct mail_shape *, uint64_t n, char *out, size_t size);
/* Recipient number i of message n, likewise. */
void mail_recipient(uint64_t n, unsigned i, char *out, size_t size);
/* Header field i of message n: its value, and the name returned. */
const char *mail_value(
    const struct mail_shape *, uint64_t n, unsigned i, char *value, size_t size);
/*
 * Header field i of message n as one SMFIC_HEADER packet.  leading_space: values carry
 * the space behind the colon, as agreed by SMFIP_HDR_LEADSPC.
 */
void mail_field(struct out *, const struct mail_shape *, uint64_t n, unsigned i,
    bool leading_space);

/*
 * The value of a macro before a command, for recipient i where it is SMFIC_RCPT; false
 * when this MTA has none there.  As in Postfix, there is a queue id from the second
 * recipient on.
 */
bool mail_macro(const struct mail_shape *, uint64_t n, char command, unsigned i,
    const char *name, char *out, size_t size);

/* The body as packets of SMFIC_BODY, one behind the other.  mail_body_free() frees. */
struct mail_body {
	char *packets;
	size_t *end; /* of each packet */
	size_t n;
};

void mail_body_init(struct mail_body *, size_t bytes);
void mail_body_fini(struct mail_body *);

#endif
