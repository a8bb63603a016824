/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf.h - the settings as plain values, immutable once read.  Pure.
 *
 * config/conffile.c fills a struct conf from metermark.conf and reports what is wrong
 * with file and line; everything else only reads it.  All strings are owned by the conf
 * and go with conf_free().  A conf may be shared by threads; who shares it counts
 * references outside.  Defaults stand in config/settings.h and conf_init().
 */
#ifndef METERMARK_CONFIG_CONF_H
#define METERMARK_CONFIG_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "campaign/source.h"
#include "config/conf_track.h"
#include "config/settings.h"
#include "mail/tmpl.h"
#include "rules/rule.h"
#include "text/cidr.h"
#include "text/str.h"

/* Limits that settings are checked against. */
#define CONF_KEYS_MAX 8      /* signatures on one message: RFC 6376 wants few */
#define CONF_EXPIRIES_MAX 64 /* different values of expire, the table's included */
#define CONF_SELECTOR_MAX 63 /* one DNS label is usual; dots are allowed */
#define CONF_STREAM_NAME_MAX 32
#define CONF_EDITS_MAX 20 /* per stream: Postfix slows down with many edits */
#define CONF_VALUE_MAX                                                                 \
 900                        /* bytes of a template: one line holds 998, RFC 5322 2.1.1 \
	                     */
#define CONF_SOCKET_MAX 107 /* bytes of a socket's path: sun_path of unix(7) */

#define CONF_DOMAIN_OF_TABLE SIZE_MAX /* conf_domain.id of what is not a section */

struct domtable;

/* Of token { }: the last one is the newest, with which tokens are made. */
struct conf_token_key {
	char id; /* of TOKEN_KEY_IDS */
	char *file;
	unsigned line;
};

enum conf_mta { CONF_MTA_AUTO, CONF_MTA_POSTFIX, CONF_MTA_SENDMAIL };
enum conf_sync { CONF_SYNC_NONE, CONF_SYNC_INTERVAL, CONF_SYNC_ALWAYS };
enum conf_on_sign_failure { CONF_SIGN_TEMPFAIL, CONF_SIGN_ACCEPT };
enum conf_on_bad_message { CONF_BAD_REJECT, CONF_BAD_ACCEPT };
enum conf_on_bad_source { CONF_SOURCE_COUNT, CONF_SOURCE_REJECT };
enum conf_canon { CONF_CANON_SIMPLE, CONF_CANON_RELAXED };
enum conf_log_level { CONF_LOG_ERROR, CONF_LOG_WARN, CONF_LOG_INFO, CONF_LOG_DEBUG };

/* A list of strings. */
struct conf_list {
	char **v;
	size_t n;
};

struct conf_outbound {
	struct cidr *networks;
	size_t n_networks;
	bool authenticated;
	struct conf_list daemon_names;
	struct conf_list host_names; /* of this host, beside the MTA's macro j */
	/*
	 * Mail that carries a Received field of this very host has been here before: a
	 * content filter hands it back, for instance.  Signing it would sign for
	 * strangers, so it passes untouched unless this is true or its daemon_name is
	 * listed.
	 */
	bool reinjected;
};

struct conf_key {
	char *selector;
	char *file;
	/* In conf.file, or in conf.domain_table; for messages about the key file. */
	unsigned line;
};

struct conf_domain {
	char *name; /* lower case, A-labels, no trailing dot */
	struct conf_key *keys;
	size_t n_keys;
	bool subdomains;
	enum conf_canon header_canon;
	enum conf_canon body_canon;
	uint32_t expire_s; /* x= that much after t=; 0: no x= */
	struct conf_list users;
	struct conf_list also_sign; /* names of other domains that sign its mail too */
	const struct conf_domain **also; /* the same, found by conf_finish() */
	size_t n_also;
	unsigned line; /* in conf.file, where the section begins; 0: not from a file */
	/* Its place in conf.domains; the signer's tables use it.  See config/domsign.h
	 * for CONF_DOMAIN_OF_TABLE. */
	size_t id;
};

/* All lists that are not empty must hold; a list holds when any of its patterns does.
 */
struct conf_match {
	struct conf_list campaign;    /* globs over the canonical name */
	struct conf_list from_domain; /* globs; "example.com" also means itself only */
	struct conf_list envelope_domain; /* globs over the MAIL FROM domain */
	struct conf_list user;            /* globs over the authenticated identity */
	struct conf_list tag; /* globs over "key=value" or "value"; any tag will do */
};

/* One `add "Name" { value = "…" }` or `set`. */
struct conf_header {
	char *name;
	struct tmpl *value;
};

struct conf_stream {
	struct rule_actions inspect; /* what differs from the top level */
	char *name;                  /* [a-z0-9._-], at most CONF_STREAM_NAME_MAX */
	struct conf_match *match;
	size_t n_match; /* 0: every message */
	struct conf_header *add;
	size_t n_add;
	struct conf_header *set;
	size_t n_set;
	struct conf_list remove;
	struct tmpl *feedback_id; /* NULL: leave the sender's */
	struct conf_track track;
	bool transactional; /* nobody has subscribed to its mail, or can leave it */
	unsigned line; /* in conf.file, where the section begins; 0: not from a file */
};

struct conf_campaign {
	struct conf_list
	    sources; /* ids known to campaign/source.h, in order of precedence */
	struct conf_list customer; /* keys of tags that say who it is, best one first */
	enum conf_on_bad_source on_bad_source;
	struct source_index index; /* of sources; made by conf_finish() */
	char *default_name;
	uint32_t max; /* new names a day (UTC); further ones count as "_other" */
};

/* Where settings of type text stand in conf.file, for errors that show after it was
 * read; 0: a default. */
#define CONF_LINE(name, check, value, restart) unsigned name;
#define CONF_NO_LINE(name, value)
struct conf_lines {
	SETTINGS(CONF_LINE, CONF_NO_LINE, CONF_NO_LINE, CONF_NO_LINE)
};
#undef CONF_LINE
#undef CONF_NO_LINE

struct conf {
	char *file; /* where it was read from; for messages */
	struct conf_lines lines;
	char *listen; /* libmilter syntax */
	bool allow_tcp;
	enum conf_mta mta;
	char *redis;               /* URL */
	char *redis_user;          /* "": the URL's */
	char *redis_password_file; /* "": none but the URL's */
	char *key_prefix;          /* no braces, controls or blanks; 1 to 64 bytes */
	char *user;
	char *group; /* of the unix socket; "" leaves the user's own */
	char *state_dir;
	uint32_t flush_interval_ms;
	enum conf_sync journal_sync;
	uint32_t journal_max_mb; /* of journal and ledger together */
	/* How long, and how much of it, what Redis has acknowledged is kept all the
	 * same. */
	uint32_t retain_s, retain_mb;
	uint32_t drain_s; /* how long messages in flight may take at a stop */
	/*
	 * Longest line, header or body, without CRLF, that the MTA sends on unchanged.
	 * -1: what the MTA does by default (Postfix 998, Sendmail 990); 0: any length.
	 */
	int32_t line_length_limit;
	char *recipient_key_file; /* "": state_dir/recipient.key, made when missing */
	enum conf_on_sign_failure on_sign_failure;
	enum conf_on_bad_message on_bad_message;
	enum conf_log_level log_level;
	struct conf_outbound outbound;
	struct conf_campaign campaign;
	struct rule_actions inspect;
	struct conf_domain *domains;
	size_t n_domains;
	size_t *domain_index; /* domains sorted by name; made by conf_finish() */
	char *domain_table;   /* path; "": none */
	uint32_t key_cache;   /* keys of the table kept decoded */
	bool dns_check;       /* the daemon looks at DNS for its domains now and then */
	char *resolver;       /* ADDRESS:PORT; "": those of resolv.conf(5) */
	/* What is in it; NULL until config/domfile.h has read it.  Goes with the conf.
	 */
	struct domtable *table;
	struct conf_stream *streams;
	size_t n_streams;
	struct conf_token_key *token_keys;
	size_t n_token_keys;
};

/* All defaults.  -1 when out of memory; conf_fini() is right even then. */
int conf_init(struct conf *);
void conf_fini(struct conf *);

/* "FILE:LINE: ", what an error about that line begins with; "FILE: " for line 0. */
void conf_place(const struct conf *, unsigned line, char *out, size_t size);

/*
 * What can only be judged with everything read: a TCP port that was not asked for,
 * duplicate domains, no key in a domain, edits of a stream that contradict each other;
 * then the ids of the domains and the index for conf_domain_for().  0, or -1 with a
 * sentence in err, which begins with "FILE:LINE: " where those are known.
 */
int conf_finish(struct conf *, char *err, size_t errlen);

/*
 * What is allowed but hardly meant (nothing would be signed, the whole internet counts
 * as outbound, a stream that is never reached): one call of warn(arg, sentence) each.
 * For a conf that conf_finish() accepted.
 */
void conf_advise(const struct conf *, void (*warn)(void *, const char *), void *arg);

/*
 * The domain that signs for a From domain (lower case): itself, else the nearest parent
 * with subdomains = true.  NULL when there is none.
 */
const struct conf_domain *conf_domain_for(const struct conf *, struct str from_domain);
/* How many signatures mail of the domain gets: its own, and those of also_sign. */
size_t conf_domain_signatures(const struct conf_domain *);
/* True when `users` of the domain names that identity ("*" names any). */
bool conf_domain_allows(const struct conf_domain *, struct str user);
/* True when authentication can make a client one of ours. */
bool conf_has_users(const struct conf *);

/*
 * Checks of single values: 0, or -1 with a phrase in err that completes "expected ...".
 * None of them shows the value.
 */
int conf_check_listen(const char *, bool *tcp, char *err, size_t errlen);
/* RFC 1035 2.3.4 in ASCII: at least two labels, no dot at the end. */
int conf_check_domain_name(const char *, char *err, size_t errlen);
/* RFC 6376 3.1, and _: labels with dots between, at most CONF_SELECTOR_MAX bytes. */
int conf_check_selector(const char *, char *err, size_t errlen);
/* Address of a DNS server, with or without port: 192.0.2.1, 192.0.2.1:53, [::1]:53. */
int conf_check_resolver(const char *, char *err, size_t errlen);
/* Absolute, without controls. */
int conf_check_path(const char *, char *err, size_t errlen);
/* The id of a token key. */
int conf_check_token_id(const char *, char *err, size_t errlen);
/* A name of a user or group, as passwd(5) may hold it. */
int conf_check_account(const char *, char *err, size_t errlen);
/* A field name we may write or remove: printable, no colon, at most 76 bytes. */
int conf_check_field_name(const char *, char *err, size_t errlen);
/* a-z, 0-9, ., _ and -, at most CONF_STREAM_NAME_MAX bytes, a letter or digit first. */
int conf_check_stream_name(const char *, char *err, size_t errlen);
/* Printable, 1 to 64 bytes; no braces, with which Redis Cluster marks a hash tag. */
int conf_check_key_prefix(const char *, char *err, size_t errlen);
/* Printable ASCII, not empty: an identity, a {daemon_name}, a pattern. */
int conf_check_text(const char *, char *err, size_t errlen);

/*
 * May a stream do that to that field?  0, or -1 with a whole sentence that gives the
 * reason: From is the author's, trace fields are history, the recipient's ways out
 * (unsubscribe, abuse contact, complaint address) may not be removed, ….
 */
enum conf_edit { CONF_EDIT_ADD, CONF_EDIT_SET, CONF_EDIT_REMOVE };
int conf_check_edit(enum conf_edit, const char *name, char *err, size_t errlen);
/*
 * Feedback-ID as Gmail reads it: four fields with colons between them, no blanks, none
 * twice, the last one literal, 5 to 15 characters.  0, or -1 with a phrase that
 * completes "expected ...".
 */
int conf_check_feedback_id(const char *text, char *err, size_t errlen);

/* A key of tags: letters, digits, . _ and -, at most 64 bytes. */
int conf_check_tag_key(const char *, char *err, size_t errlen);

/* conf_list: append a copy.  0, or -1 when out of memory. */
int conf_list_add(struct conf_list *, const char *);
void conf_list_fini(struct conf_list *);
/* Any pattern of the list matches (globs, ASCII case folded). */
bool conf_list_match(const struct conf_list *, struct str);
/* The list holds exactly that string (ASCII case folded). */
bool conf_list_has(const struct conf_list *, struct str);

#endif
