/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_sign.c - which domains opendkim signs, and with which keys: KeyTable and
 * SigningTable, or Domain, Selector and KeyFile.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/opendkim/import.h"
#include "dkim/keyring.h"

#define KEYS_TRIED_MAX 200 /* a key takes a millisecond or two */

/* What the entries of a data set are given to. */
struct sink {
	struct import *im;
	const char *file;
	unsigned line; /* of the setting, for the entries of a list */
	bool refile;
	struct str selector, key_file;
	bool subdomains;
};

static void
on_said(void *arg, enum odktable_source source, unsigned line,
    enum odktable_weight weight, const char *sentence)
{
	struct import *im = arg;
	bool keys = source == ODKTABLE_KEYS;
	const char *file = keys ? im->keys_file : im->rules_file;
	const char *name = keys                      ? "KeyTable"
	    : import_get(im, "SigningTable") != NULL ? "SigningTable"
						     : "Domain";

	if (line == 0)
		line = keys ? im->keys_line : im->rules_line;
	switch (weight) {
	case ODKTABLE_LOST:
		import_lost(im, file, line, name, "%s", sentence);
		break;
	case ODKTABLE_NOTE:
		import_note(im, file, line, name, "%s", sentence);
		break;
	}
}

static bool
is_path(struct str file)
{
	return str_starts(file, STR("/")) || str_starts(file, STR("./")) ||
	    str_starts(file, STR("../"));
}

static int
on_key(void *arg, unsigned line, struct str name, struct str value)
{
	struct sink *sink = arg;
	struct str rest = value;

	for (int i = 0; i < 2; i++)
		rest = str_skip(rest, str_find(rest, ':') + 1);
	/* The key itself is never shown. */
	if (rest.len > 0 && !is_path(rest)) {
		import_lost(sink->im, sink->im->keys_file,
		    line != 0 ? line : sink->im->keys_line, "KeyTable",
		    "key %.*s: what stands there is taken for a key, as it begins with neither / nor ./; write it into a file (base64 -d | openssl pkey -inform DER -out FILE) and name that in the table",
		    name.len > 60 ? 60 : (int)name.len, name.p);
		return EX_OK;
	}
	return odktable_add_key(sink->im->table, line, name, value) == 0
	    ? EX_OK
	    : import_no_memory();
}

static int
on_rule(void *arg, unsigned line, struct str pattern, struct str value)
{
	struct sink *sink = arg;

	return odktable_add_rule(sink->im->table, line, pattern, value, sink->refile) ==
		0
	    ? EX_OK
	    : import_no_memory();
}

static int
on_domain(void *arg, unsigned line, struct str domain, struct str value)
{
	struct sink *sink = arg;

	(void)value;
	return odktable_add_domain(sink->im->table, line, domain, sink->refile,
		   sink->subdomains, sink->selector, sink->key_file) == 0
	    ? EX_OK
	    : import_no_memory();
}

static int
on_exempt(void *arg, unsigned line, struct str domain, struct str value)
{
	struct sink *sink = arg;

	(void)value;
	if (sink->refile && str_find(domain, '*') < domain.len) {
		import_lost(sink->im, sink->file, line, "ExemptDomains",
		    "%.*s: patterns cannot be left out",
		    domain.len > 60 ? 60 : (int)domain.len, domain.p);
		return EX_OK;
	}
	return odktable_exempt(sink->im->table, line, domain) == 0 ? EX_OK
								   : import_no_memory();
}

static int
entries(struct sink *sink, const struct import_setting *s, const char **file,
    unsigned *line, odkconf_entry_fn *fn)
{
	struct odkconf_set set;

	odkconf_set(s->value, &set);
	sink->refile = set.kind == ODKCONF_REFILE;
	*file = s->file;
	*line = s->line;
	return import_entries(sink->im, s, file, fn, sink);
}

static int
read_tables(struct sink *sink, const struct import_setting *keys,
    const struct import_setting *rules)
{
	struct import *im = sink->im;
	struct odkconf_set set;
	int status;

	odkconf_set(keys->value, &set);
	if (set.kind == ODKCONF_REFILE) {
		import_lost(im, keys->file, keys->line, "KeyTable",
		    "names of keys that are patterns cannot be said in metermark.conf");
		return EX_OK;
	}
	status = entries(sink, keys, &im->keys_file, &im->keys_line, on_key);
	if (status != EX_OK)
		return status;
	/* Without its keys the other table would only bring errors. */
	if (set.kind == ODKCONF_ELSEWHERE)
		return EX_OK;
	return entries(sink, rules, &im->rules_file, &im->rules_line, on_rule);
}

/* What opendkim refuses to start with. */
static int
check_parts(const struct import_setting *keys, const struct import_setting *rules,
    const struct import_setting *domain, const struct import_setting *selector,
    const struct import_setting *file)
{
	if (rules != NULL && keys == NULL)
		return import_broken(rules->file, rules->line,
		    "SigningTable: expected a KeyTable as well");
	if (keys != NULL && rules == NULL)
		return import_broken(keys->file, keys->line,
		    "KeyTable: expected a SigningTable as well");
	if (keys != NULL)
		return EX_OK;
	if (domain != NULL && (selector == NULL || file == NULL))
		return import_broken(domain->file, domain->line,
		    "Domain: expected Selector and KeyFile as well");
	if ((selector == NULL) != (file == NULL)) {
		const struct import_setting *s = selector != NULL ? selector : file;

		return import_broken(s->file, s->line,
		    "%s: expected both Selector and KeyFile", s->known->name);
	}
	return EX_OK;
}

static int
exempt(struct sink *sink)
{
	const struct import_setting *s = import_get(sink->im, "ExemptDomains");
	unsigned line;

	return s != NULL ? entries(sink, s, &sink->file, &line, on_exempt) : EX_OK;
}

int
import_sign(struct import *im)
{
	const struct import_setting *keys = import_get(im, "KeyTable"),
				    *rules = import_get(im, "SigningTable"),
				    *domain = import_get(im, "Domain"),
				    *selector = import_get(im, "Selector"),
				    *file = import_get(im, "KeyFile");
	struct sink sink = { .im = im, .selector = STR(""), .key_file = STR("") };
	int status = check_parts(keys, rules, domain, selector, file);

	im->table = odktable_new(on_said, im);
	if (im->table == NULL)
		return import_no_memory();
	if (status != EX_OK || !im->signs)
		return status;
	sink.subdomains = import_true(im, "SubDomains", false);
	if (keys != NULL) {
		static const char *const others[] = { "Domain", "Selector", "KeyFile",
			"SubDomains" };

		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			import_needless(im, others[i],
			    "opendkim does not look at it when it has tables");
		status = read_tables(&sink, keys, rules);
	} else {
		import_needless(im, "MultipleSignatures",
		    "opendkim looks at it when it has tables only");
	}
	if (keys == NULL && domain != NULL) {
		sink.selector = selector->value;
		sink.key_file = file->value;
		status =
		    entries(&sink, domain, &im->rules_file, &im->rules_line, on_domain);
	}
	if (status == EX_OK)
		status = exempt(&sink);
	if (status == EX_OK &&
	    odktable_finish(im->table,
		keys != NULL && import_true(im, "MultipleSignatures", false)) != 0)
		status = import_no_memory();
	return status;
}

bool
import_key_file(const struct import *im, const struct odktable_rule *rule,
    const struct odktable_key *key, const char *mark, char out[IMPORT_PATH_MAX])
{
	bool in_table = import_get(im, "KeyTable") != NULL;
	struct str domain = odktable_domain(rule, key);
	struct buf path;
	char whole[IMPORT_PATH_MAX];
	int n;

	if (str_eq(domain, STR("%")))
		domain = str_of(mark);
	if (!import_path(im, key->file, whole))
		return false;
	buf_init(&path, IMPORT_PATH_MAX - 1);
	/* opendkim replaces % in an absolute path of a KeyTable only. */
	for (const char *p = whole; *p != '\0'; p++)
		if (*p == '%' && in_table && key->file.p[0] == '/')
			buf_addstr(&path, domain);
		else
			buf_addc(&path, *p);
	/* Keys of a table are read again for each message, and so within it. */
	n = snprintf(out, IMPORT_PATH_MAX, "%s%s", in_table ? im->chroot : "", path.p);
	n = buf_failed(&path) ? -1 : n;
	buf_fini(&path);
	return n > 0 && n < IMPORT_PATH_MAX;
}

/* One key; whether it is Ed25519. */
static bool
check_key(struct import *im, const struct odktable_key *key, const char *path)
{
	const char *file = im->keys_file != NULL ? im->keys_file : im->file;
	const char *name = im->keys_file != NULL ? "KeyTable" : "KeyFile";
	const struct import_setting *s = import_get(im, name);
	unsigned line = im->keys_file != NULL ? key->line : 0;
	struct keyring_key k;
	char why[1024], unwise[1024];
	bool ed25519;

	if (line == 0 && s != NULL) {
		file = s->file;
		line = s->line;
	}
	if (keyring_read(
		path, "metermark", &k, why, sizeof(why), unwise, sizeof(unwise)) != 0) {
		if (geteuid() != 0 && access(path, R_OK) != 0 && errno == EACCES)
			import_note(im, file, line, name,
			    "%s: not checked; become root for that", path);
		else
			import_unready(im, file, line, name, "%s", why);
		return false;
	}
	if (unwise[0] != '\0')
		import_note(im, file, line, name, "%s", unwise);
	ed25519 = k.type == KEYRING_ED25519;
	keyring_key_fini(&k);
	return ed25519;
}

/* libopendkim signs simple headers wrongly with Ed25519, and metermark refuses to. */
static void
relax(struct import *im)
{
	const struct import_setting *s = import_get(im, "Canonicalization");

	im->header_canon = CONF_CANON_RELAXED;
	import_lost(im, s != NULL ? s->file : im->file, s != NULL ? s->line : 0,
	    "Canonicalization",
	    "simple headers with an Ed25519 key: such signatures do not verify; headers are relaxed now");
}

void
import_check_keys(struct import *im)
{
	char path[IMPORT_PATH_MAX], last[IMPORT_PATH_MAX] = "";
	const struct odktable_rule *v;
	size_t n, tried = 0;

	v = odktable_rules(im->table, &n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].n_keys; k++) {
			const struct odktable_key *key = v[i].keys[k];

			/* Whose file is another one for each domain. */
			if (!import_key_file(im, &v[i], key, "\n", path) ||
			    strchr(path, '\n') != NULL || strcmp(path, last) == 0)
				continue;
			memcpy(last, path, sizeof(last));
			if (++tried > KEYS_TRIED_MAX) {
				import_note(im, im->file, 0, "keys",
				    "%d of them were tried here; metermark-milter -t tries all",
				    KEYS_TRIED_MAX);
				return;
			}
			if (check_key(im, key, path) &&
			    im->header_canon == CONF_CANON_SIMPLE)
				relax(im);
		}
}
