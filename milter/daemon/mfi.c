/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mfi.c - libmilter's callbacks.
 *
 * Steps: end of message is answered, and one before it; everything between is not
 * (SMFIP_NR_*), since an answer costs as much as ten fields.  The one is where all is
 * known that tells whether mail can be ours at all: the connection (client address,
 * daemon name), or MAIL where the settings let authenticated identities send.  Mail
 * that cannot is let go there and the MTA sends us nothing more of it: it passes
 * unchanged by construction.  Which one it is stays agreed for the connection, whatever
 * a reload brings.
 *
 * libmilter with a worker pool (Debian's) runs the callbacks of one connection on
 * changing threads, though never two at once: no state lives in a thread.  It may call
 * close without abort, and close without connect; close before connect has no private
 * data.
 */
#include "daemon/mfi.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmilter/mfapi.h>

#include "daemon/gate.h"
#include "daemon/mfi_apply.h"
#include "daemon/snapshot.h"
#include "dkim/signer.h"
#include "message/txn.h"
#include "system/clock.h"
#include "system/crypto.h"
#include "system/random.h"
#include "system/logger.h"
#include "text/line.h"
#include "tracking/tokenkeys.h"

#define HOST_MAX 256
#define NAME_MAX_BYTES 128

/* What we cannot do without, and what we leave out or do not answer where offered. */
#define WANT_ACTIONS (SMFIF_ADDHDRS | SMFIF_CHGHDRS)
/* Where the sender cannot be changed, mail of a stream with return_path has to wait. */
#define LIKE_ACTIONS (SMFIF_SETSYMLIST | SMFIF_CHGFROM | SMFIF_QUARANTINE)
#define WANT_STEPS SMFIP_HDR_LEADSPC
#define DROP_STEPS                                                                     \
 (SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NR_RCPT | SMFIP_NR_HDR |       \
     SMFIP_NR_EOH | SMFIP_NR_BODY)

/* Set once by mfi_open(), read by callbacks; libmilter hands them no argument of ours.
 */
static struct {
	struct gate *gate;
	struct txn_env env;
	struct crypto_mac *rcpt_mac;   /* of recipients */
	struct token_ring *local;      /* of marks, where there are no token keys */
	uint64_t nonce;                /* random, one a process */
	atomic_uint_fast64_t messages; /* makes nonces differ */
} process;

/* What lives as long as the connection. */
struct conn {
	struct txn *txn;
	bool inside; /* this message is counted by the gate */
	enum { NOT_AWAY, AWAY_STOP, AWAY_MEMORY } away; /* to be refused at its end */
	struct snapshot *settings; /* of the message; NULL between messages */
	bool has_addr;
	struct cidr_addr addr;
	char host[HOST_MAX];         /* macro j */
	char daemon[NAME_MAX_BYTES]; /* macro {daemon_name} */
	enum conf_mta mta;           /* as macro v tells; AUTO: it did not */
	unsigned no_reply;           /* SMFIP_NR_* steps agreed on */
};

/* ==== Small helpers ==== */

static struct str
macro(SMFICTX *ctx, const char *name)
{
	char copy[32];
	const char *v;

	snprintf(copy, sizeof copy, "%s", name);
	v = smfi_getsymval(ctx, copy);
	return str_of(v);
}

static void
keep(char *out, size_t size, struct str s)
{
	snprintf(out, size, "%.*s", (int)(s.len < size ? s.len : size - 1), s.p);
}

/* The status for a callback that the MTA may not wait for. */
static sfsistat
go_on(const struct conn *c, unsigned no_reply)
{
	return (c->no_reply & no_reply) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

/* The end of a message, whichever way it ends. */
static void
leave(struct conn *c)
{
	if (c->txn != NULL)
		txn_abort(c->txn);
	snapshot_put(c->settings);
	c->settings = NULL;
	if (c->inside)
		gate_leave(process.gate);
	c->inside = false;
	c->away = NOT_AWAY;
}

/* ==== Connection ==== */

/* Which of connection and MAIL need not be answered: see the head of this file. */
static unsigned long
silent_step(void)
{
	struct snapshot *s = snapshot_get();
	bool by_user = conf_has_users(&s->conf);

	snapshot_put(s);
	return by_user ? SMFIP_NR_CONN : SMFIP_NR_MAIL;
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1, unsigned long *pf2,
    unsigned long *pf3)
{
	static char at_connect[] = "j {client_addr} {daemon_name} v";
	static char at_mail[] = "i {auth_authen}";
	static char at_end[] = "i";
	struct conn *c;

	(void)f2;
	(void)f3;
	if ((f0 & WANT_ACTIONS) != WANT_ACTIONS || (f1 & WANT_STEPS) != WANT_STEPS) {
		log_error(
		    "NOQUEUE: refused-mta actions=%#lx steps=%#lx reason=cannot_edit_headers_or_keep_leading_space",
		    f0, f1);
		return SMFIS_REJECT;
	}
	c = calloc(1, sizeof *c);
	if (c == NULL || smfi_setpriv(ctx, c) != MI_SUCCESS) {
		free(c);
		return SMFIS_REJECT;
	}
	*pf0 = WANT_ACTIONS | (f0 & LIKE_ACTIONS);
	*pf1 = WANT_STEPS | (f1 & (DROP_STEPS | silent_step()));
	*pf2 = *pf3 = 0;
	c->no_reply = (unsigned)*pf1;
	if ((f0 & SMFIF_SETSYMLIST) != 0) {
		smfi_setsymlist(ctx, SMFIM_CONNECT, at_connect);
		smfi_setsymlist(ctx, SMFIM_ENVFROM, at_mail);
		smfi_setsymlist(ctx, SMFIM_EOH, at_end);
		smfi_setsymlist(ctx, SMFIM_EOM, at_end);
	}
	return SMFIS_CONTINUE;
}

static void
address_of(struct conn *c, SMFICTX *ctx, const char *hostname, const _SOCK_ADDR *sa)
{
	struct str addr = macro(ctx, "{client_addr}");

	/* A process that speaks to sendmail -bs over a pipe, or a unix socket client.
	 */
	if (sa == NULL && addr.len == 0 &&
	    str_caseeq(str_of(hostname), STR("localhost")))
		addr = STR("127.0.0.1");
	if (sa != NULL && sa->sa_family == AF_UNIX && addr.len == 0)
		addr = STR("127.0.0.1");
	if (addr.len > 0) {
		c->has_addr = cidr_addr_parse(addr, &c->addr) == 0;
	} else if (sa != NULL && sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		memcpy(c->addr.b, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
		memcpy(c->addr.b + 12, &in->sin_addr, 4);
		c->has_addr = true;
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)sa;

		memcpy(c->addr.b, &in->sin6_addr, 16);
		c->has_addr = true;
	}
}

/* Nothing that may follow can make mail of this connection ours. */
static bool
is_strange(const struct conn *c)
{
	struct snapshot *s = snapshot_get();
	bool strange = !conf_has_users(&s->conf) &&
	    decide_client(&s->conf, c->has_addr ? &c->addr : NULL, str_of(c->daemon),
		STR("")) == CLIENT_STRANGER;

	snapshot_put(s);
	return strange;
}

static sfsistat
on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *sa)
{
	struct conn *c = smfi_getpriv(ctx);
	struct str v = macro(ctx, "v");

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	address_of(c, ctx, hostname, sa);
	keep(c->host, sizeof c->host, macro(ctx, "j"));
	keep(c->daemon, sizeof c->daemon, macro(ctx, "{daemon_name}"));
	/* Postfix says "Postfix 3.7.11", Sendmail "8.17.1.9". */
	if (str_starts(v, STR("Postfix")))
		c->mta = CONF_MTA_POSTFIX;
	else if (v.len > 0 && ascii_isdigit(v.p[0]))
		c->mta = CONF_MTA_SENDMAIL;
	if ((c->no_reply & SMFIP_NR_CONN) == 0 && is_strange(c))
		return SMFIS_ACCEPT;
	return go_on(c, SMFIP_NR_CONN);
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct conn *c = smfi_getpriv(ctx);

	if (c == NULL)
		return SMFIS_CONTINUE;
	leave(c);
	txn_free(c->txn);
	free(c);
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

/* ==== Message ==== */

/* Refuse, for now, a message that no txn knows of, and count it. */
static sfsistat
refuse_for_now(SMFICTX *ctx, enum reply_id reply)
{
	struct tally_delta d = { .when = clock_wall_s(),
		.n = { [TALLY_TEMPFAILED] = 1 } };

	camp_canonical(STR(CAMP_NONE), &d.campaign);
	(void)process.env.sink.put(process.env.sink.self, &d);
	return mfi_refuse(ctx, reply_of(reply));
}

static bool
is_sendmail(const struct conn *c)
{
	enum conf_mta mta = c->settings->conf.mta;

	return (mta != CONF_MTA_AUTO ? mta : c->mta) == CONF_MTA_SENDMAIL;
}

/* With blanks between them; what does not fit is left out. */
static struct str
join(char **argv, char *out, size_t size)
{
	size_t n = 0;

	for (; *argv != NULL; argv++) {
		size_t len = strlen(*argv);

		if (n + len + 2 > size)
			continue;
		if (n > 0)
			out[n++] = ' ';
		memcpy(out + n, *argv, len);
		n += len;
	}
	out[n] = '\0';
	return str_make(out, n);
}

static int
begin(struct conn *c, enum client_class client, struct str user, char **argv)
{
	char args[VERP_ARGS_MAX];
	struct txn_start start = {
		.conf = &c->settings->conf,
		.port = signer_port(c->settings->signer),
		.keys = { c->settings->tokens, process.local },
		.envelope = { .client = client,
		    .sendmail = is_sendmail(c),
		    .host = str_of(c->host),
		    .user = user,
		    .sender = str_of(argv[0]),
		    .args = join(argv + 1, args, sizeof args) },
	};

	if (c->txn == NULL)
		c->txn = txn_new(&process.env);
	return c->txn == NULL ? -1 : txn_begin(c->txn, &start);
}

/* At once where MAIL is answered, else at end of message. */
static sfsistat
turn_away(SMFICTX *ctx, struct conn *c)
{
	bool memory = c->inside;

	leave(c);
	if ((c->no_reply & SMFIP_NR_MAIL) != 0) {
		c->away = memory ? AWAY_MEMORY : AWAY_STOP;
		return SMFIS_NOREPLY;
	}
	return refuse_for_now(ctx, memory ? REPLY_NO_MEMORY_BEGINNING : REPLY_STOPPING);
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	struct conn *c = smfi_getpriv(ctx);
	struct str user = macro(ctx, "{auth_authen}");
	enum client_class client;

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	leave(c);
	c->settings = snapshot_get();
	client = decide_client(
	    &c->settings->conf, c->has_addr ? &c->addr : NULL, str_of(c->daemon), user);
	if (client == CLIENT_STRANGER) {
		leave(c);
		return (c->no_reply & SMFIP_NR_MAIL) != 0 ? SMFIS_NOREPLY
							  : SMFIS_ACCEPT;
	}
	c->inside = gate_enter(process.gate);
	if (!c->inside || begin(c, client, user, argv) != 0)
		return turn_away(ctx, c);
	return go_on(c, SMFIP_NR_MAIL);
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	struct conn *c = smfi_getpriv(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (c->txn != NULL)
		txn_rcpt(c->txn, str_of(argv[0]));
	return go_on(c, SMFIP_NR_RCPT);
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct conn *c = smfi_getpriv(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (c->txn != NULL)
		txn_field(c->txn, str_of(name), str_of(value));
	return go_on(c, SMFIP_NR_HDR);
}

static void
make_nonce(char *out, size_t size, int64_t now)
{
	uint64_t n = atomic_fetch_add(&process.messages, 1);

	snprintf(out, size, "%llx.%016llx.%llx", (unsigned long long)now,
	    (unsigned long long)process.nonce, (unsigned long long)n);
}

static sfsistat
on_end_of_header(SMFICTX *ctx)
{
	struct conn *c = smfi_getpriv(ctx);
	int64_t now = clock_wall_s();
	char nonce[64];

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	make_nonce(nonce, sizeof nonce, now);
	if (c->txn != NULL)
		txn_end_fields(c->txn, macro(ctx, "i"), now, str_of(nonce));
	return go_on(c, SMFIP_NR_EOH);
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *p, size_t n)
{
	struct conn *c = smfi_getpriv(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (c->txn != NULL)
		txn_body(c->txn, p, n);
	return go_on(c, SMFIP_NR_BODY);
}

static void
commit(struct conn *c, bool taken, bool warn)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	txn_commit(c->txn, taken, &line);
	if (line.len > 0)
		logger_log(warn ? LOGGER_WARN : LOGGER_INFO, "%s", line.p);
	buf_fini(&line);
}

/* Carry out what the core has decided, and count it. */
static sfsistat
end_message(SMFICTX *ctx, struct conn *c)
{
	const struct txn_outcome *o = txn_end(c->txn, macro(ctx, "i"));
	sfsistat status = SMFIS_CONTINUE;
	bool taken = true;

	switch (o->verdict) {
	case DECIDE_PASS:
		break;
	case DECIDE_ACCEPT:
		taken = mfi_apply(ctx, o) == 0 && mfi_hold(ctx, o) == 0;
		status = taken ? SMFIS_CONTINUE : SMFIS_TEMPFAIL;
		break;
	case DECIDE_REJECT:
	case DECIDE_TEMPFAIL:
		status = mfi_refuse(ctx, &o->reply);
		break;
	}
	commit(c, taken, o->warn || o->verdict == DECIDE_TEMPFAIL || !taken);
	return status;
}

static sfsistat
on_end_of_message(SMFICTX *ctx)
{
	struct conn *c = smfi_getpriv(ctx);
	sfsistat status;

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (c->away == AWAY_MEMORY) {
		leave(c);
		return refuse_for_now(ctx, REPLY_NO_MEMORY_BEGINNING);
	}
	if (c->away == NOT_AWAY && (c->txn == NULL || !txn_active(c->txn))) {
		leave(c);
		return SMFIS_CONTINUE;
	}
	if (c->away == AWAY_STOP || !gate_ending(process.gate)) {
		leave(c);
		return refuse_for_now(ctx, REPLY_STOPPING);
	}
	status = end_message(ctx, c);
	gate_ended(process.gate);
	leave(c);
	return status;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct conn *c = smfi_getpriv(ctx);

	if (c != NULL)
		leave(c);
	return SMFIS_CONTINUE;
}

/* ==== Life ==== */

static int
set_process(const struct mfi_settings *s, char *err, size_t errlen)
{
	process.gate = s->gate;
	process.rcpt_mac = crypto_mac_new(s->rcpt_key, sizeof s->rcpt_key);
	process.env = (struct txn_env) {
		.rcpt_mac = process.rcpt_mac,
		.sink = s->sink,
	};
	process.local = tokenkeys_local(s->rcpt_key);
	if (process.local == NULL || process.rcpt_mac == NULL) {
		snprintf(err, errlen, "out of memory");
		return -1;
	}
	if (random_bytes(&process.nonce, sizeof process.nonce) == 0)
		return 0;
	snprintf(err, errlen, "no random bytes from the system");
	return -1;
}

int
mfi_open(const struct mfi_settings *s, char *err, size_t errlen)
{
	static char name[] = "metermark";
	struct smfiDesc desc = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = WANT_ACTIONS | SMFIF_CHGFROM | SMFIF_QUARANTINE,
		.xxfi_negotiate = on_negotiate,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_end_of_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end_of_message,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
	};
	char listen[HOST_MAX];

	if (set_process(s, err, errlen) != 0)
		return -1;
	keep(listen, sizeof listen, str_of(s->listen));
	if (smfi_setconn(listen) != MI_SUCCESS || smfi_register(desc) != MI_SUCCESS) {
		snprintf(err, errlen, "libmilter refused \"%s\"", s->listen);
		return -1;
	}
	if (smfi_opensocket(true) != MI_SUCCESS) {
		snprintf(err, errlen, "cannot listen on %s", s->listen);
		return -1;
	}
	return 0;
}

void
mfi_run(void)
{
	(void)smfi_main();
}
