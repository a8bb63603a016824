/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key_check.c - `metermark key test`: are the keys of the settings what DNS publishes?
 */
#include "cli/keys/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/cmd.h"
#include "cli/term.h"
#include "config/conffile.h"
#include "config/domfile.h"
#include "dkim/keyring.h"
#include "dns/domlook.h"
#include "text/buf.h"
#include "text/visible.h"

#define OUT_MAX ((size_t)64 * 1024 * 1024)

struct test {
	const struct key_options *o;
	struct conf conf;
	struct term term;
	bool json;
	json_t *all;
	struct buf out;
	struct keyring_key key; /* the one being looked at */
	size_t unreadable;
};

static void *
own_key(void *arg, const char *file, char *err, size_t errlen)
{
	struct test *t = arg;
	char warn[1024];

	if (keyring_decode(
		file, t->conf.user, &t->key, err, errlen, warn, sizeof(warn)) != 0) {
		t->unreadable++;
		return NULL;
	}
	return t->key.pkey;
}

static void
done_with(void *arg, void *own)
{
	struct test *t = arg;

	(void)own;
	keyring_key_fini(&t->key);
}

static const char *
strength(const struct dnslook_key *k, char out[32])
{
	if (!k->parsed || k->bits == 0)
		return "-";
	if (k->rec.type == DKIMREC_ED25519)
		return "ed25519";
	snprintf(out, 32, "rsa %u", k->bits);
	return out;
}

static void
add_row(struct test *t, const struct domlook_result *r)
{
	static const char *const styles[] = { "\033[32m", "\033[32m", "\033[33m",
		"\033[33m", "\033[31m" };
	char bits[32];

	if (t->term.style)
		buf_adds(&t->out, styles[r->f->word]);
	buf_addf(&t->out, "%-7s", dnslook_word(r->f->word));
	if (t->term.style)
		buf_adds(&t->out, "\033[0m");
	buf_addf(&t->out, " %-24.*s %-12s %-9s ", (int)r->domain.len, r->domain.p,
	    r->selector, strength(r->key, bits));
	visible_add(&t->out, str_of(r->f->text), t->term.utf8);
	buf_addc(&t->out, '\n');
}

static const char *
type_name(enum dkimrec_type t)
{
	return t == DKIMREC_RSA ? "rsa" : t == DKIMREC_ED25519 ? "ed25519" : "other";
}

static void
found(void *arg, const struct domlook_result *r)
{
	struct test *t = arg;
	const struct dnslook_key *k = r->key;

	if (!t->json) {
		add_row(t, r);
		return;
	}
	json_array_append_new(t->all,
	    json_pack("{s:s%, s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:i}", "domain",
		r->domain.p, r->domain.len, "selector", r->selector, "file", r->file,
		"result", dnslook_word(r->f->word), "reason", r->f->text, "published",
		(int)k->published, "parsed", (int)k->parsed, "type",
		k->parsed ? json_string(type_name(k->rec.type)) : json_null(),
		"matches", k->compared ? json_boolean(k->matches) : json_null(), "bits",
		(int)k->bits));
}

static int
look(struct test *t, struct domlook_sum *sum)
{
	const struct key_options *o = t->o;
	const struct domlook_job job = {
		.resolver = o->resolver != NULL ? o->resolver : t->conf.resolver,
		.max = SIZE_MAX,
		.keys_only = true,
		.only = o->args,
		.n_only = o->n_args,
		.own = own_key,
		.done = done_with,
		.found = found,
		.arg = t
	};
	char err[512];

	if (domlook_run(&t->conf, &job, sum, err, sizeof(err)) != 0) {
		term_say("%s", err);
		return EX_OSERR;
	}
	if (sum->domains == 0 && o->n_args > 0)
		term_say("none of these domains is in %s", t->conf.file);
	else if (sum->domains == 0)
		term_say("%s: no domain has a key", t->conf.file);
	if (sum->domains > 0)
		return EX_OK;
	return o->n_args > 0 ? EX_USAGE : EX_CONFIG;
}

static int
answer(struct test *t, const struct domlook_sum *sum)
{
	char *text;

	if (t->json) {
		text = json_dumps(t->all, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
		if (text != NULL)
			buf_adds(&t->out, text);
		buf_addc(&t->out, '\n');
		free(text);
	}
	if (buf_failed(&t->out)) {
		term_say("out of memory");
		return EX_OSERR;
	}
	term_put(buf_str(&t->out));
	if (term_finish() != EX_OK)
		return EX_IOERR;
	if (sum->n[DNSLOOK_FAIL] > 0 || t->unreadable > 0)
		return CMD_FAILED;
	return sum->n[DNSLOOK_UNKNOWN] > 0 ? EX_TEMPFAIL : EX_OK;
}

static int
set_form(struct test *t)
{
	const char *form = t->o->format != NULL ? t->o->format : "table";

	t->json = strcmp(form, "json") == 0;
	if (t->json || strcmp(form, "table") == 0)
		return EX_OK;
	term_say("--format: \"%s\" is none of table, json", form);
	return EX_USAGE;
}

int
key_test(const struct key_options *o)
{
	static struct test t; /* a table's worth of keys is looked at one by one */
	const char *file = o->config != NULL ? o->config : CONFFILE_DEFAULT;
	struct domlook_sum sum;
	char err[1024];
	int status;

	t = (struct test) { .o = o };
	status = set_form(&t);
	if (status != EX_OK)
		return status;
	if (conffile_read(file, &t.conf, err, sizeof(err)) != 0) {
		term_say("%s", err);
		return EX_CONFIG;
	}
	if (domfile_load(&t.conf, NULL, NULL, err, sizeof(err)) != 0) {
		term_say("%s", err);
		conf_fini(&t.conf);
		return EX_CONFIG;
	}
	term_probe(&t.term);
	buf_init(&t.out, OUT_MAX);
	t.all = json_array();
	status = look(&t, &sum);
	if (status == EX_OK)
		status = answer(&t, &sum);
	json_decref(t.all);
	buf_fini(&t.out);
	conf_fini(&t.conf);
	return status;
}
