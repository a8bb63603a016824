/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings.h - the settings of metermark.conf that stand outside sections, one row
 * each. Pure.
 *
 * A new setting is a row here and a field of the same name in struct conf.  Its
 * default, its option of libconfuse, its copy, its release, the line where it was met
 * and whether a reload can change it all come from the row.
 */
#ifndef METERMARK_CONFIG_SETTINGS_H
#define METERMARK_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
/*
 * Each row names a field of struct conf and its default.  Errors list the settings in
 * the order of the rows.
 *   TEXT(name, check, default, restart)
 *                          char *; on_CHECK() of conffile_options.c checks the value;
 *                          restart is true if a reload cannot change the setting
 *   TRUTH(name, default)   bool
 *   NUMBER(name, default)  32 bits; conffile_options.c has the range
 *   CHOICE(name, default)  an enum; conffile_options.c has the words
 */
#define SETTINGS(TEXT, TRUTH, NUMBER, CHOICE) \
	TEXT(listen, listen, "unix:/run/metermark/milter.sock", true) \
	TRUTH(allow_tcp, false) \
	CHOICE(mta, CONF_MTA_AUTO) \
	TEXT(redis, redis, "redis://127.0.0.1:6379/0", false) \
	TEXT(redis_user, redis_user, "", false) \
	TEXT(redis_password_file, path_or_none, "", false) \
	TEXT(key_prefix, key_prefix, "metermark", false) \
	TEXT(user, account, "metermark", true) \
	TEXT(group, group, "", true) \
	TEXT(state_dir, path, "/var/lib/metermark", true) \
	NUMBER(flush_interval_ms, 1000) \
	CHOICE(journal_sync, CONF_SYNC_INTERVAL) \
	NUMBER(journal_max_mb, 256) \
	NUMBER(retain_s, 900) \
	NUMBER(retain_mb, 16) \
	NUMBER(drain_s, 30) \
	NUMBER(line_length_limit, -1) \
	TEXT(recipient_key_file, path_or_none, "", true) \
	CHOICE(on_sign_failure, CONF_SIGN_TEMPFAIL) \
	CHOICE(on_bad_message, CONF_BAD_REJECT) \
	CHOICE(log_level, CONF_LOG_INFO) \
	TEXT(domain_table, path_or_none, "", false) \
	NUMBER(key_cache, 5000) \
	TRUTH(dns_check, true) \
	TEXT(resolver, resolver_or_none, "", false)
/* clang-format on */

enum setting_type { SETTING_TEXT, SETTING_TRUTH, SETTING_NUMBER };

/* A row as a value. */
struct setting {
	const char *name;
	enum setting_type type; /* a choice is a number */
	size_t offset;          /* in struct conf */
	const char *text;       /* the default of a text */
	int32_t number;         /* the default of any other type */
	bool restart;
	size_t line; /* of a text: offset in struct conf_lines */
};

const struct setting *settings_table(size_t *n);

struct conf;

/* Sets all settings of the table to their defaults.  -1 when out of memory. */
int settings_init(struct conf *);
/* Releases the texts among them. */
void settings_fini(struct conf *);

/* The value of a setting of type SETTING_TEXT; "" when it is not set. */
const char *setting_text(const struct setting *, const struct conf *);
/* Replaces it by a copy.  -1 when out of memory. */
int setting_set_text(const struct setting *, struct conf *, const char *value);
/* Sets a setting of another type. */
void setting_set_number(const struct setting *, struct conf *, int32_t value);

#endif
