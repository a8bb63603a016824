/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffile_options.c - the settings libconfuse is told of, and the checks of their
 * values.
 *
 * The checks run as parse callbacks, since only there the line is known.  No option has
 * a default here: what is not in the file keeps the value of conf_init().
 */
#include "config/conffile_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/camp.h"
#include "campaign/sourceread.h"
#include "config/conf_text.h"
#include "redis/redis_link.h"
#include "redis/rurl.h"

#define PHRASE_MAX 256
#define SOURCES_PHRASE_MAX 768
#define SECTION_LINE CFG_INT(CONF_TEXT_LINE, 0, CFGF_NODEFAULT)
#define TEXT(name, check) CFG_STR_CB(name, NULL, CFGF_NODEFAULT, check)
#define LIST(name, check) CFG_STR_LIST_CB(name, NULL, CFGF_NODEFAULT, check)
#define NUMBER(name) CFG_INT_CB(name, 0, CFGF_NODEFAULT, on_number)
#define CHOICE(name) CFG_INT_CB(name, 0, CFGF_NODEFAULT, on_choice)
#define TRUTH(name) CFG_BOOL_CB(name, cfg_false, CFGF_NODEFAULT, on_truth)

static int
keep(const cfg_t *cfg, const cfg_opt_t *opt, const char *value, void *result)
{
	/* Sections have options of the same names. */
	if (strcmp(cfg->name, "root") == 0)
		conffile_met(opt->name, (unsigned)cfg->line);
	*(const char **)result = value;
	return 0;
}

static int
refuse(const cfg_t *cfg, const cfg_opt_t *opt, const char *value, const char *phrase)
{
	return conffile_refuse((unsigned)cfg->line, opt->name, value, phrase);
}

/* A callback that keeps what conf_check_NAME() accepts. */
#define CHECKED(name)                                                                  \
 static int on_##name(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)     \
 {                                                                                     \
  char phrase[PHRASE_MAX];                                                             \
                                                                                       \
  if (conf_check_##name(value, phrase, sizeof(phrase)) != 0)                           \
   return refuse(cfg, opt, value, phrase);                                             \
  return keep(cfg, opt, value, result);                                                \
 }

CHECKED(domain_name)
CHECKED(selector)
CHECKED(path)
CHECKED(account)
CHECKED(resolver)
CHECKED(token_id)
CHECKED(key_prefix)
CHECKED(text)
CHECKED(tag_key)
CHECKED(replace)

static int
on_listen(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	char phrase[PHRASE_MAX];
	bool tcp;

	if (conf_check_listen(value, &tcp, phrase, sizeof(phrase)) != 0)
		return refuse(cfg, opt, value, phrase);
	return keep(cfg, opt, value, result);
}

/* Empty, or as the check of what is not. */
static int
on_group(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return value[0] == '\0' ? keep(cfg, opt, value, result)
				: on_account(cfg, opt, value, result);
}

static int
on_path_or_none(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return value[0] == '\0' ? keep(cfg, opt, value, result)
				: on_path(cfg, opt, value, result);
}

static int
on_resolver_or_none(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return value[0] == '\0' ? keep(cfg, opt, value, result)
				: on_resolver(cfg, opt, value, result);
}

/* The value may hold a password: it is never shown. */
static int
on_redis(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	char why[PHRASE_MAX];
	struct rurl url = { .kind = RURL_TCP };
	int rc = rurl_parse(value, &url, why, sizeof(why));
	bool tls = url.kind == RURL_TLS;

	explicit_bzero(&url, sizeof(url));
	if (rc == 0 && tls && !redis_link_has_tls()) {
		snprintf(why, sizeof(why),
		    "this build has no TLS to Redis (hiredis 1.x with libhiredis_ssl); use redis:// through stunnel");
		rc = -1;
	}
	if (rc != 0)
		return conffile_fail((unsigned)cfg->line, "%s: %s", opt->name, why);
	return keep(cfg, opt, value, result);
}

static int
on_redis_user(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	if (strlen(value) >= sizeof(((struct rurl *)0)->user) || strchr(value, ' '))
		return refuse(cfg, opt, value,
		    "the name of a user of Redis, of up to 127 bytes, without blanks");
	return keep(cfg, opt, value, result);
}

static int
on_network(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	char phrase[PHRASE_MAX];
	struct cidr net;

	if (cidr_parse(value, &net, phrase, sizeof(phrase)) != 0)
		return refuse(cfg, opt, value, phrase);
	return keep(cfg, opt, value, result);
}

/* A pattern over tags, which may have blanks in them and any character. */
static int
on_tag(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	size_t n = strlen(value);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			n = 0;
	if (n == 0 || n > SOURCE_TAG_BYTES)
		return refuse(cfg, opt, value,
		    "key=value or a value, with * and ?, 1 to 256 bytes");
	return keep(cfg, opt, value, result);
}

static int
on_campaign(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	if (!camp_is_canonical(str_of(value)))
		return refuse(cfg, opt, value,
		    "1 to 64 of a-z, 0-9, ., _ and -, beginning with a letter or digit");
	return keep(cfg, opt, value, result);
}

static int
on_source(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	char phrase[SOURCES_PHRASE_MAX] = "one of";
	const struct source *s;
	size_t n;

	/* A source listed twice would be asked twice. */
	for (unsigned i = 0; i + 1 < opt->nvalues; i++)
		if (strcmp(opt->values[i]->string, value) == 0)
			return refuse(cfg, opt, value, "each source once");
	if (source_by_id(str_of(value)) != NULL)
		return keep(cfg, opt, value, result);
	s = source_table(&n);
	for (size_t i = 0, used = strlen(phrase); i < n && used < sizeof(phrase); i++) {
		snprintf(phrase + used, sizeof(phrase) - used, "%s %s",
		    i > 0 ? "," : "", s[i].id);
		used = strlen(phrase);
	}
	return refuse(cfg, opt, value, phrase);
}

/* A header value; white space at its ends is of no meaning and goes when it is copied.
 */
static int
on_template(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	char why[PHRASE_MAX];
	struct tmpl *t;

	if (str_trim(str_of(value)).len == 0)
		return refuse(cfg, opt, value,
		    "some text; to take a field away, list it in remove");
	if (strlen(value) > CONF_VALUE_MAX)
		return refuse(cfg, opt, value, "at most 900 bytes");
	t = tmpl_parse(value, why, sizeof(why));
	if (t == NULL)
		return conffile_fail((unsigned)cfg->line, "%s: %s", opt->name, why);
	tmpl_free(t);
	return keep(cfg, opt, value, result);
}

/* A template that conf_check_NAME() accepts. */
#define CHECKED_TEMPLATE(name)                                                         \
 static int on_##name(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)     \
 {                                                                                     \
  char phrase[PHRASE_MAX];                                                             \
                                                                                       \
  if (conf_check_##name(value, phrase, sizeof(phrase)) != 0)                           \
   return refuse(cfg, opt, value, phrase);                                             \
  return on_template(cfg, opt, value, result);                                         \
 }

CHECKED_TEMPLATE(feedback_id)
CHECKED_TEMPLATE(unsubscribe_url)
CHECKED_TEMPLATE(unsubscribe_mailto)
CHECKED_TEMPLATE(unsubscribe_list)
CHECKED_TEMPLATE(list_id)
CHECKED_TEMPLATE(return_path)
CHECKED_TEMPLATE(cfbl_address)
CHECKED_TEMPLATE(cfbl_feedback_id)
CHECKED_TEMPLATE(message_id)

static int
on_removal(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	char why[PHRASE_MAX];

	if (conf_check_field_name(value, why, sizeof(why)) != 0)
		return refuse(cfg, opt, value, why);
	if (conf_check_edit(CONF_EDIT_REMOVE, value, why, sizeof(why)) != 0)
		return conffile_fail((unsigned)cfg->line, "%s: %s", opt->name, why);
	return keep(cfg, opt, value, result);
}

/* No setting of one name means different things in different sections. */
static const struct {
	const char *name;
	long min, max;
	bool zero, automatic; /* 0 is allowed as well; "auto" is, and means -1 */
	const char *phrase;
} ranges[] = {
	{ "flush_interval_ms", 50, 60000, false, false, "a number from 50 to 60000" },
	{ "key_cache", 16, 1000000, false, false, "a number from 16 to 1000000" },
	{ "drain_s", 0, 600, true, false, "a number from 0 to 600" },
	{ "journal_max_mb", 4, 1000000, false, false, "a number from 4 to 1000000" },
	{ "retain_s", 0, 86400, true, false, "a number from 0 to 86400" },
	{ "retain_mb", 0, 65536, true, false, "a number from 0 to 65536" },
	{ "max", 1, 1000000, false, false, "a number from 1 to 1000000" },
	{ "expire", 3600, 31536000, true, false,
	    "0, or a number from 3600 to 31536000" },
	{ "line_length_limit", 512, 1000000, true, true,
	    "auto, 0 or a number from 512 to 1000000" },
};

static int
on_number(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	char *end;
	long n;
	size_t i = 0;

	while (strcmp(ranges[i].name, opt->name) != 0)
		i++;
	if (ranges[i].automatic && strcmp(value, "auto") == 0) {
		*(long *)result = -1;
		return 0;
	}
	errno = 0;
	n = strtol(value, &end, 10);
	/* strtol() takes blanks and signs too. */
	if (!ascii_isdigit(value[0]) || *end != '\0' || errno != 0)
		return refuse(cfg, opt, value, ranges[i].phrase);
	if ((n < ranges[i].min || n > ranges[i].max) && !(n == 0 && ranges[i].zero))
		return refuse(cfg, opt, value, ranges[i].phrase);
	*(long *)result = n;
	return 0;
}

/* The words of a choice stand in the order of the enum they become. */
static const struct {
	const char *name, *phrase;
	const char *words[8];
} choices[] = {
	{ "mta", "auto, postfix or sendmail", { "auto", "postfix", "sendmail" } },
	{ "journal_sync", "none, interval or always",
	    { "none", "interval", "always" } },
	{ "on_sign_failure", "tempfail or accept", { "tempfail", "accept" } },
	{ "on_bad_message", "reject or accept", { "reject", "accept" } },
	{ "on_bad_source", "count or reject", { "count", "reject" } },
	{ "action", "off, count, warn, hold, tempfail or reject",
	    { "off", "count", "warn", "hold", "tempfail", "reject" } },
	{ "several_recipients", "list, none or reject", { "list", "none", "reject" } },
	{ "log_level", "error, warn, info or debug",
	    { "error", "warn", "info", "debug" } },
	{ "canonicalization",
	    "relaxed/relaxed, relaxed/simple, simple/relaxed or simple/simple",
	    { "simple/simple", "simple/relaxed", "relaxed/simple",
		"relaxed/relaxed" } },
};

static int
on_choice(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	size_t i = 0;

	while (strcmp(choices[i].name, opt->name) != 0)
		i++;
	for (long k = 0; choices[i].words[k] != NULL; k++)
		if (strcmp(choices[i].words[k], value) == 0) {
			*(long *)result = k;
			return 0;
		}
	return refuse(cfg, opt, value, choices[i].phrase);
}

static int
on_truth(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	int truth = cfg_parse_boolean(value);

	if (truth != cfg_true && truth != cfg_false)
		return refuse(cfg, opt, value, "true or false");
	*(int *)result = truth;
	return 0;
}

static cfg_opt_t outbound_options[] = {
	SECTION_LINE,
	LIST("networks", on_network),
	TRUTH("authenticated"),
	LIST("daemon_names", on_text),
	LIST("host_names", on_text),
	TRUTH("reinjected"),
	CFG_END(),
};

static cfg_opt_t key_options[] = {
	SECTION_LINE,
	TEXT("selector", on_selector),
	TEXT("file", on_path),
	CFG_END(),
};

static cfg_opt_t token_key_options[] = {
	SECTION_LINE,
	TEXT("id", on_token_id),
	TEXT("file", on_path),
	CFG_END(),
};

static cfg_opt_t token_options[] = {
	SECTION_LINE,
	CFG_SEC("key", token_key_options, CFGF_MULTI),
	CFG_END(),
};

static cfg_opt_t domain_options[] = {
	SECTION_LINE,
	CFG_SEC("key", key_options, CFGF_MULTI),
	TRUTH("subdomains"),
	CHOICE("canonicalization"),
	NUMBER("expire"),
	LIST("users", on_text),
	LIST("also_sign", on_domain_name),
	CFG_END(),
};

static cfg_opt_t campaign_options[] = {
	SECTION_LINE,
	LIST("sources", on_source),
	TEXT("default", on_campaign),
	LIST("customer", on_tag_key),
	CHOICE("on_bad_source"),
	NUMBER("max"),
	CFG_END(),
};

static cfg_opt_t match_options[] = {
	SECTION_LINE,
	LIST("campaign", on_text),
	LIST("from_domain", on_text),
	LIST("envelope_domain", on_text),
	LIST("user", on_text),
	LIST("tag", on_tag),
	CFG_END(),
};

static cfg_opt_t header_options[] = {
	SECTION_LINE,
	TEXT("value", on_template),
	CFG_END(),
};

static cfg_opt_t rule_options[] = {
	SECTION_LINE,
	CHOICE("action"),
	CFG_END(),
};

static cfg_opt_t inspect_options[] = {
	SECTION_LINE,
	CFG_SEC("rule", rule_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END(),
};

static cfg_opt_t stream_options[] = {
	SECTION_LINE,
	CFG_SEC("match", match_options, CFGF_MULTI),
	TRUTH("transactional"),
	TEXT("feedback_id", on_feedback_id),
	TEXT("list_unsubscribe", on_unsubscribe_url),
	TRUTH("one_click"),
	TEXT("list_unsubscribe_mailto", on_unsubscribe_mailto),
	CHOICE("several_recipients"),
	TEXT("list_unsubscribe_list", on_unsubscribe_list),
	TEXT("list_id", on_list_id),
	TEXT("return_path", on_return_path),
	TEXT("cfbl_address", on_cfbl_address),
	TEXT("cfbl_feedback_id", on_cfbl_feedback_id),
	TEXT("message_id", on_message_id),
	LIST("replace", on_replace),
	TRUTH("remove_leaks"),
	CFG_SEC("add", header_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("set", header_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	LIST("remove", on_removal),
	CFG_SEC("inspect", inspect_options, CFGF_MULTI),
	CFG_END(),
};

#define TEXT_ROW(field, check, value, restart) TEXT(#field, on_##check),
#define TRUTH_ROW(field, value) TRUTH(#field),
#define NUMBER_ROW(field, value) NUMBER(#field),
#define CHOICE_ROW(field, value) CHOICE(#field),

/* outbound and campaign are CFGF_MULTI so that a second one shows; libconfuse would
 * merge it into the first. */
static cfg_opt_t options[] = {
	SETTINGS(TEXT_ROW, TRUTH_ROW, NUMBER_ROW, CHOICE_ROW)
	    CFG_SEC("outbound", outbound_options, CFGF_MULTI),
	CFG_SEC(
	    "domain", domain_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("campaign", campaign_options, CFGF_MULTI),
	CFG_SEC("token", token_options, CFGF_MULTI),
	CFG_SEC("inspect", inspect_options, CFGF_MULTI),
	CFG_SEC(
	    "stream", stream_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END(),
};

cfg_opt_t *
conffile_options(void)
{
	return options;
}
