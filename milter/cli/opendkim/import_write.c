/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_write.c - the domains as sections of metermark.conf or as a domain_table, and
 * the files.
 *
 * Sections say less than a table: a domain signs as itself, and what is below it is
 * signed with the same keys.  Rules that want more, and many rules, go into a table,
 * all of them, so that one place says who signs.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/opendkim/import.h"
#include "cli/term.h"
#include "config/domtable.h"
#include "text/visible.h"

#define MARK "%{domain}"
#define CONF_NAME "metermark.conf"
#define TABLE_NAME "domain_table"

static const char *
canon_name(enum conf_canon c)
{
	return c == CONF_CANON_RELAXED ? "relaxed" : "simple";
}

static bool
canon_is_default(const struct import *im)
{
	return im->header_canon == CONF_CANON_RELAXED &&
	    im->body_canon == CONF_CANON_RELAXED;
}

static const char *
rules_name(const struct import *im)
{
	return import_get(im, "SigningTable") != NULL ? "SigningTable" : "Domain";
}

static unsigned
rule_line(const struct import *im, const struct odktable_rule *r)
{
	return r->line != 0 ? r->line : im->rules_line;
}

/* --- what a section can say --- */

/* All keys sign as that domain. */
static bool
signs_as(const struct odktable_rule *r, struct str domain)
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (!str_caseeq(odktable_domain(r, r->keys[i]), domain))
			return false;
	return true;
}

/* Both sign with the same keys.  Keys of Domain are made twice, so paths are compared.
 */
static bool
same_keys(const struct import *im, const struct odktable_rule *a,
    const struct odktable_rule *b)
{
	char x[IMPORT_PATH_MAX], y[IMPORT_PATH_MAX];

	if (a->n_keys != b->n_keys)
		return false;
	for (size_t i = 0; i < a->n_keys; i++) {
		bool found = false;

		for (size_t k = 0; k < b->n_keys && !found; k++)
			found = str_eq(a->keys[i]->selector, b->keys[k]->selector) &&
			    import_key_file(im, a, a->keys[i], MARK, x) &&
			    import_key_file(im, b, b->keys[k], MARK, y) &&
			    strcmp(x, y) == 0;
		if (!found)
			return false;
	}
	return true;
}

static bool
fits_section(const struct import *im, const struct odktable_rule *r)
{
	const struct odktable_rule *own;

	switch (r->kind) {
	case ODKTABLE_EXACT:
		return signs_as(r, r->domain);
	case ODKTABLE_BELOW:
		own = odktable_find(im->table, ODKTABLE_EXACT, r->domain);
		return own != NULL && signs_as(r, r->domain) &&
		    signs_as(own, r->domain) && same_keys(im, own, r);
	case ODKTABLE_ANY:
		break;
	}
	return false;
}

/* --- sections --- */

static void
key_lost(struct import *im, const struct odktable_key *key, const char *why)
{
	bool table = im->keys_file != NULL;

	import_lost(im, table ? im->keys_file : im->file, key->line,
	    table ? "KeyTable" : "KeyFile", "the key of %.*s: %s",
	    key->name.len > 60 ? 60 : (int)key->name.len, key->name.p, why);
}

/* The path of a key, if the new settings can name it. */
static bool
key_path(struct import *im, const struct odktable_rule *r,
    const struct odktable_key *key, char out[IMPORT_PATH_MAX])
{
	const char *why = "its path is too long";
	char phrase[256];

	if (import_key_file(im, r, key, MARK, out)) {
		why = "its path has a control character or ${ in it";
		if (conf_check_path(out, phrase, sizeof(phrase)) == 0 &&
		    import_can_quote(str_of(out)))
			return true;
	}
	key_lost(im, key, why);
	return false;
}

static void
add_section(struct import *im, const struct odktable_rule *r, struct buf *out)
{
	const struct odktable_rule *below =
	    odktable_find(im->table, ODKTABLE_BELOW, r->domain);
	char path[IMPORT_PATH_MAX];
	struct buf keys;

	buf_init(&keys, 8 * IMPORT_PATH_MAX * ODKTABLE_KEYS_MAX);
	for (size_t i = 0; i < r->n_keys; i++) {
		if (!key_path(im, r, r->keys[i], path))
			continue;
		buf_adds(&keys, "\tkey { selector = ");
		import_quote(&keys, r->keys[i]->selector);
		buf_adds(&keys, " file = ");
		import_quote(&keys, str_of(path));
		buf_adds(&keys, " }\n");
	}
	if (keys.len > 0) {
		buf_adds(out, "# ");
		visible_add(out, str_of(im->rules_file), true);
		buf_addf(out, ":%u\ndomain ", rule_line(im, r));
		import_quote(out, r->domain);
		buf_addf(out, " {\n%s", keys.p);
		if (below != NULL && fits_section(im, below))
			buf_adds(out, "\tsubdomains = true\n");
		if (!canon_is_default(im))
			buf_addf(out, "\tcanonicalization = \"%s/%s\"\n",
			    canon_name(im->header_canon), canon_name(im->body_canon));
		if (im->expire_s != 0)
			buf_addf(out, "\texpire = %ld\n", im->expire_s);
		buf_adds(out, "\tusers = {\"*\"}\n}\n\n");
	}
	buf_fini(&keys);
}

static void
add_sections(struct import *im, struct buf *out)
{
	size_t n;
	const struct odktable_rule *v = odktable_rules(im->table, &n);

	for (size_t i = 0; i < n; i++)
		if (!fits_section(im, &v[i]))
			import_lost(im, im->rules_file, rule_line(im, &v[i]),
			    rules_name(im),
			    "%s%.*s: only a domain_table can say that; run this again with --output FOLDER, which writes one",
			    v[i].kind == ODKTABLE_EXACT       ? ""
				: v[i].kind == ODKTABLE_BELOW ? "."
							      : "*",
			    (int)v[i].domain.len, v[i].domain.p);
		else if (v[i].kind == ODKTABLE_EXACT)
			add_section(im, &v[i], out);
	if (n > IMPORT_SECTIONS_MAX)
		import_note(im, im->file, 0, rules_name(im),
		    "%zu domains: with --output FOLDER they go into a domain_table, which is read faster",
		    n);
}

/* --- a table --- */

/* d=, where the table would take another one. */
static void
add_domain_option(const struct odktable_rule *r, const struct odktable_key *key,
    bool own_file, struct buf *out)
{
	struct str domain = odktable_domain(r, key);
	bool from = str_eq(domain, STR("%"));
	bool from_by_default =
	    r->kind == ODKTABLE_ANY || (r->kind == ODKTABLE_BELOW && own_file);

	if (from == from_by_default && (from || str_caseeq(domain, r->domain)))
		return;
	buf_adds(out, " d=");
	buf_addstr(out, from ? STR(MARK) : domain);
}

static bool
fits_row(const char *path)
{
	const char *mark = path;

	while ((mark = strstr(mark, "%{")) != NULL) {
		if (strncmp(mark, MARK, strlen(MARK)) != 0)
			return false;
		mark += strlen(MARK);
	}
	return strpbrk(path, " \t\v\f") == NULL && strlen(path) < DOMTABLE_LINE_MAX / 2;
}

static void
add_row(struct import *im, const struct odktable_rule *r,
    const struct odktable_key *key, struct buf *out)
{
	char path[IMPORT_PATH_MAX];

	if (!key_path(im, r, key, path))
		return;
	if (!fits_row(path)) {
		key_lost(im, key,
		    "its path has a blank or a placeholder in it, or is too long for a domain_table");
		return;
	}
	if (r->kind != ODKTABLE_EXACT)
		buf_adds(out, r->kind == ODKTABLE_ANY ? "*" : ".");
	buf_addstr(out, r->domain);
	buf_addc(out, ' ');
	buf_addstr(out, key->selector);
	buf_addf(out, " %s", path);
	add_domain_option(r, key, strstr(path, MARK) != NULL, out);
	buf_adds(out, " users=*");
	if (!canon_is_default(im))
		buf_addf(out, " c=%s/%s", canon_name(im->header_canon),
		    canon_name(im->body_canon));
	if (im->expire_s != 0)
		buf_addf(out, " x=%ld", im->expire_s);
	buf_addc(out, '\n');
}

static void
on_table_error(void *arg, unsigned line, const char *sentence)
{
	struct import *im = arg;

	import_lost(im, TABLE_NAME, line, "the new table", "%s", sentence);
}

static int
add_table(struct import *im, struct buf *out)
{
	size_t n;
	const struct odktable_rule *v = odktable_rules(im->table, &n);
	struct domtable *t;

	buf_adds(out,
	    "# domain_table made by metermark import-opendkim; see metermark.conf(5).\n# PATTERN SELECTOR KEYFILE [OPTION ...]\n");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].n_keys; k++)
			add_row(im, &v[i], v[i].keys[k], out);
	if (buf_failed(out))
		return import_no_memory();
	/* Selectors and paths were taken as they are. */
	t = domtable_parse(buf_str(out), on_table_error, im);
	domtable_free(t);
	return EX_OK;
}

/* Where the table will be, as an absolute path. */
static int
table_path(const struct import *im, char out[PATH_MAX])
{
	char here[PATH_MAX] = "";
	int n;

	if (im->output[0] != '/' && getcwd(here, sizeof(here)) == NULL) {
		term_say("cannot tell where %s is: %m", im->output);
		return -1;
	}
	n = snprintf(out, PATH_MAX, "%s%s%s/" TABLE_NAME, here,
	    here[0] != '\0' ? "/" : "", im->output);
	if (n > 0 && n < PATH_MAX)
		return 0;
	term_say("%s: the path is too long", im->output);
	return -1;
}

int
import_domains(
    struct import *im, struct buf *sections, struct buf *table, bool *use_table)
{
	char path[PATH_MAX];
	size_t n, fit = 0;
	const struct odktable_rule *v = odktable_rules(im->table, &n);

	for (size_t i = 0; i < n; i++)
		fit += fits_section(im, &v[i]);
	*use_table = im->output != NULL && (fit < n || n > IMPORT_SECTIONS_MAX);
	if (n == 0) {
		import_note(im, im->file, 0, "Domain", "no domain is signed");
		return EX_OK;
	}
	buf_adds(sections,
	    "# users: opendkim lets whoever has authenticated send as any of these domains.\n# Name identities instead of * to end that.\n");
	if (!*use_table) {
		buf_addc(sections, '\n');
		add_sections(im, sections);
		return EX_OK;
	}
	if (table_path(im, path) != 0)
		return EX_CANTCREAT;
	buf_addf(sections, "# The %zu domains of %s\n", n, rules_name(im));
	buf_adds(sections, "domain_table = ");
	import_quote(sections, str_of(path));
	buf_addc(sections, '\n');
	return add_table(im, table);
}

/* --- files --- */

static int
save(const char *folder, const char *name, const struct buf *text)
{
	char path[PATH_MAX];
	size_t done = 0;
	int fd, n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	fd = n > 0 && (size_t)n < sizeof(path)
	    ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)
	    : -1;
	if (fd < 0) {
		term_say("cannot write %s: %m%s", path,
		    errno == EEXIST ? "; remove it or name another folder" : "");
		return EX_CANTCREAT;
	}
	while (done < text->len) {
		ssize_t put = write(fd, text->p + done, text->len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			break;
		done += (size_t)put;
	}
	if (done < text->len || fsync(fd) != 0) {
		term_say("cannot write %s: %m", path);
		close(fd);
		unlink(path);
		return EX_CANTCREAT;
	}
	close(fd);
	term_say("wrote %s", path);
	return EX_OK;
}

int
import_save(struct import *im, const struct buf *conf, const struct buf *table)
{
	int status = EX_OK;

	if (mkdir(im->output, 0755) != 0 && errno != EEXIST) {
		term_say("cannot make %s: %m", im->output);
		return EX_CANTCREAT;
	}
	if (table != NULL)
		status = save(im->output, TABLE_NAME, table);
	return status == EX_OK ? save(im->output, CONF_NAME, conf) : status;
}
