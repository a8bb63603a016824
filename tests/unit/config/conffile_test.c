/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffile_test.c - whole settings files: what is wrong and where, word by word; what
 * right ones mean; and that libconfuse keeps nothing of either.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/conffile.h"
#include "config/conffile_parts.h"
#include "mail/leaks.h"
#include "redis/redis_link.h"
#include "conffile_bad.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
static char folder[64], file[80];

static void
write_file(const char *text, size_t len)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int
read_text(const char *text, struct conf *c, char *err, size_t errlen)
{
	write_file(text, strlen(text));
	return conffile_read(file, c, err, errlen);
}

/* Three times over: libconfuse keeps state in globals, and leaks must show. */
static void
bad_files_are_refused_word_by_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3 * COUNT(bad); i++) {
		char err[1024] = "", expected[1024];
		struct conf c, untouched;

		memset(&c, 0x5a, sizeof(c));
		untouched = c;
		if (read_text(bad[i % COUNT(bad)].text, &c, err, sizeof(err)) != -1)
			fail_msg("accepted: %s", bad[i % COUNT(bad)].text);
		snprintf(
		    expected, sizeof(expected), "%s%s", file, bad[i % COUNT(bad)].err);
		assert_string_equal(err, expected);
		assert_memory_equal(&c, &untouched, sizeof(c));
	}
}

static void
an_error_stays_within_its_place(void **state)
{
	char err[200];
	struct conf c;

	(void)state;
	for (size_t n = 1; n < 150; n++) {
		memset(err, 'x', sizeof(err));
		assert_int_equal(read_text("token { }", &c, err, n), -1);
		assert_true(strlen(err) < n);
		assert_int_equal(err[n], 'x');
	}
}

static void
tls_to_redis_needs_a_build_with_it(void **state)
{
	char err[512] = "";
	struct conf c;
	int rc = read_text("redis = \"rediss://:secret@h/0\"\n", &c, err, sizeof(err));

	(void)state;
	if (redis_link_has_tls()) {
		assert_int_equal(rc, 0);
		conf_fini(&c);
		return;
	}
	assert_int_equal(rc, -1);
	assert_non_null(strstr(err, ":1: redis: this build has no TLS"));
	assert_null(strstr(err, "secret"));
}

static void
an_empty_file_is_the_defaults(void **state)
{
	static const char *const texts[] = { "", "\n", "# only a comment", "/**/",
		"\xef\xbb\xbf", "outbound { }\ncampaign { }\n" };
	char err[512];
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(read_text(texts[i], &c, err, sizeof(err)), 0);
		assert_string_equal(c.file, file);
		assert_string_equal(c.listen, "unix:/run/metermark/milter.sock");
		assert_int_equal(c.outbound.n_networks, 2);
		assert_true(c.campaign.sources.n > 15);
		assert_int_equal(c.campaign.customer.n, 2);
		assert_int_equal(c.campaign.on_bad_source, CONF_SOURCE_COUNT);
		assert_int_equal(c.n_domains, 0);
		conf_fini(&c);
	}
}

static const char everything[] =
    "listen = 'inet6:8891@[::1]' allow_tcp = yes\n"
    "mta = sendmail redis = \"unix:/run/redis.sock?db=3\" key_prefix = mm:x "
    "redis_user = count redis_password_file = /srv/pw\n"
    "user = root group = postfix state_dir = /srv/mm\n"
    "flush_interval_ms = 50 drain_s = 0 line_length_limit = 0\n"
    "journal_sync = always journal_max_mb = 4 retain_s = 0 retain_mb = 65536\n"
    "recipient_key_file = /srv/k on_sign_failure = accept on_bad_message = accept\n"
    "log_level = debug domain_table = /srv/t key_cache = 16 "
    "dns_check = off resolver = \"[::1]:5353\"\n"
    "outbound { networks = {\"10.0.0.0/8\", // one\n\"2001:db8::/32\" # two\n,}\n"
    " authenticated = off daemon_names = {submission, smtps} host_names = "
    "mx.example.com reinjected = on }\n"
    "domain Example.COM { key { selector = r file = \"/k/r s.pem\" }\n"
    " key { selector = e file = /k/e.pem }\n"
    " subdomains = true canonicalization = simple/relaxed expire = 604800\n"
    " users = {shop, \"crm@example.com\"} also_sign = ESP.example }\n"
    "domain esp.example { key { selector = x file = /k/x } } campaign { sources = "
    "x-campaign default = misc max = 7 customer = {acct, shop} on_bad_source = reject "
    "}\n"
    "stream one { match { campaign = {\"a-*\", b} user = shop tag = {\"a b=*\", c} "
    "}\n"
    " match { from_domain = \"*.example.com\" envelope_domain = bounce.example.com }\n"
    " feedback_id = \"%{campaign}::%{domain}:sender\"\n"
    " add X-Report-Abuse { value = \"  <https://example.com/?a=1&b=%%> \" }\n"
    " set Precedence { value = bulk } set X-B { value = 'say \"hi\" \\\\ \\'x\\'' }\n"
    " remove = {X-Mailer, \"X-Originating-IP\"} }\n"
    "stream two { }\n"
    "token { key { id = z file = /k/z }\n key { id = 0 file = /k/0 } }\n";

static void
check_top(const struct conf *c)
{
	assert_string_equal(c->listen, "inet6:8891@[::1]");
	assert_int_equal(c->lines.listen, 1);
	assert_true(c->allow_tcp);
	assert_int_equal(c->mta, CONF_MTA_SENDMAIL);
	assert_string_equal(c->redis, "unix:/run/redis.sock?db=3");
	assert_string_equal(c->redis_user, "count");
	assert_string_equal(c->redis_password_file, "/srv/pw");
	assert_string_equal(c->key_prefix, "mm:x");
	assert_string_equal(c->user, "root");
	assert_string_equal(c->group, "postfix");
	assert_string_equal(c->state_dir, "/srv/mm");
	assert_int_equal(c->flush_interval_ms, 50);
	assert_int_equal(c->drain_s, 0);
	assert_int_equal(c->journal_sync, CONF_SYNC_ALWAYS);
	assert_int_equal(c->journal_max_mb, 4);
	assert_int_equal(c->retain_s, 0);
	assert_int_equal(c->retain_mb, 65536);
	assert_int_equal(c->line_length_limit, 0);
	assert_string_equal(c->recipient_key_file, "/srv/k");
	assert_int_equal(c->on_sign_failure, CONF_SIGN_ACCEPT);
	assert_int_equal(c->on_bad_message, CONF_BAD_ACCEPT);
	assert_int_equal(c->log_level, CONF_LOG_DEBUG);
	assert_string_equal(c->domain_table, "/srv/t");
	assert_int_equal(c->key_cache, 16);
	assert_false(c->dns_check);
	assert_string_equal(c->resolver, "[::1]:5353");
	assert_int_equal(c->outbound.n_networks, 2);
	assert_int_equal(c->outbound.networks[0].bits, 104);
	assert_int_equal(c->outbound.networks[1].bits, 32);
	assert_false(c->outbound.authenticated);
	assert_true(c->outbound.reinjected);
	assert_int_equal(c->outbound.daemon_names.n, 2);
	assert_string_equal(c->outbound.daemon_names.v[1], "smtps");
	assert_string_equal(c->outbound.host_names.v[0], "mx.example.com");
	assert_int_equal(c->campaign.sources.n, 1);
	assert_string_equal(c->campaign.sources.v[0], "x-campaign");
	assert_string_equal(c->campaign.default_name, "misc");
	assert_int_equal(c->campaign.max, 7);
	assert_int_equal(c->campaign.customer.n, 2);
	assert_string_equal(c->campaign.customer.v[0], "acct");
	assert_int_equal(c->campaign.on_bad_source, CONF_SOURCE_REJECT);
	assert_int_equal(c->n_token_keys, 2);
	assert_int_equal(c->token_keys[0].id, 'z');
	assert_string_equal(c->token_keys[0].file, "/k/z");
	assert_int_equal(c->token_keys[1].id, '0');
	assert_int_equal(c->token_keys[1].line, c->token_keys[0].line + 1);
}

static void
check_domain(const struct conf_domain *d)
{
	assert_string_equal(d->name, "example.com");
	assert_int_equal(d->line, 12);
	assert_int_equal(d->n_keys, 2);
	assert_string_equal(d->keys[0].selector, "r");
	assert_string_equal(d->keys[0].file, "/k/r s.pem");
	assert_int_equal(d->keys[0].line, 12);
	assert_string_equal(d->keys[1].file, "/k/e.pem");
	assert_int_equal(d->keys[1].line, 13);
	assert_true(d->subdomains);
	assert_int_equal(d->header_canon, CONF_CANON_SIMPLE);
	assert_int_equal(d->body_canon, CONF_CANON_RELAXED);
	assert_int_equal(d->expire_s, 604800);
	assert_int_equal(d->users.n, 2);
	assert_string_equal(d->users.v[1], "crm@example.com");
	assert_int_equal(d->n_also, 1);
	assert_string_equal(d->also[0]->name, "esp.example");
	assert_int_equal(conf_domain_signatures(d), 3);
}

static void
check_stream(const struct conf_stream *s)
{
	assert_string_equal(s->name, "one");
	assert_int_equal(s->line, 17);
	assert_int_equal(s->n_match, 2);
	assert_int_equal(s->match[0].campaign.n, 2);
	assert_string_equal(s->match[0].campaign.v[0], "a-*");
	assert_string_equal(s->match[0].user.v[0], "shop");
	assert_int_equal(s->match[0].tag.n, 2);
	assert_string_equal(s->match[0].tag.v[0], "a b=*");
	assert_int_equal(s->match[0].from_domain.n, 0);
	assert_string_equal(s->match[1].from_domain.v[0], "*.example.com");
	assert_string_equal(s->match[1].envelope_domain.v[0], "bounce.example.com");
	assert_string_equal(tmpl_text(s->feedback_id), "%{campaign}::%{domain}:sender");
	assert_int_equal(s->n_add, 1);
	assert_string_equal(s->add[0].name, "X-Report-Abuse");
	assert_string_equal(
	    tmpl_text(s->add[0].value), "<https://example.com/?a=1&b=%%>");
	assert_int_equal(s->n_set, 2);
	assert_string_equal(s->set[0].name, "Precedence");
	assert_string_equal(tmpl_text(s->set[1].value), "say \"hi\" \\ 'x'");
	assert_int_equal(s->remove.n, 2);
	assert_string_equal(s->remove.v[1], "X-Originating-IP");
}

static void
every_setting_arrives(void **state)
{
	char err[512];
	struct conf c;

	(void)state;
	if (read_text(everything, &c, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	check_top(&c);
	assert_int_equal(c.n_domains, 2);
	check_domain(&c.domains[0]);
	assert_ptr_equal(conf_domain_for(&c, STR("a.example.com")), &c.domains[0]);
	assert_int_equal(c.n_streams, 2);
	check_stream(&c.streams[0]);
	assert_string_equal(c.streams[1].name, "two");
	assert_int_equal(c.streams[1].n_match, 0);
	assert_null(c.streams[1].feedback_id);
	conf_fini(&c);
}

/* What is empty in the file is empty, not the default. */
static void
empty_lists_and_texts_are_empty(void **state)
{
	char err[512];
	struct conf c;

	(void)state;
	assert_int_equal(
	    read_text("group = \"\" recipient_key_file = \"\"\n"
		      "outbound { networks = {} }\ncampaign { sources = {} }\n",
		&c, err, sizeof(err)),
	    0);
	assert_int_equal(c.outbound.n_networks, 0);
	assert_int_equal(c.campaign.sources.n, 0);
	assert_string_equal(c.group, "");
	conf_fini(&c);
	assert_int_equal(
	    read_text("line_length_limit = auto", &c, err, sizeof(err)), 0);
	assert_int_equal(c.line_length_limit, -1);
	conf_fini(&c);
}

/* Every prefix and every single byte taken out: an answer, no leak, no overrun. */
static void
damaged_files_get_an_answer(void **state)
{
	char err[512], text[sizeof(everything)];
	struct conf c;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(everything); i++) {
		write_file(everything, i);
		err[0] = '\0';
		if (conffile_read(file, &c, err, sizeof(err)) == 0)
			conf_fini(&c);
		else
			assert_true(err[0] != '\0');
		memcpy(text, everything, i);
		memcpy(text + i, everything + i + 1, sizeof(everything) - i - 1);
		if (read_text(text, &c, err, sizeof(err)) == 0)
			conf_fini(&c);
	}
}

static void
files_that_cannot_be_read_say_why(void **state)
{
	char err[512], expected[512], path[128];
	static char big[4 * 1024 * 1024 + 1];
	struct conf c;

	(void)state;
	snprintf(path, sizeof(path), "%s/none.conf", folder);
	assert_int_equal(conffile_read(path, &c, err, sizeof(err)), -1);
	snprintf(expected, sizeof(expected),
	    "%s: cannot be opened: No such file or directory", path);
	assert_string_equal(err, expected);

	assert_int_equal(conffile_read(folder, &c, err, sizeof(err)), -1);
	snprintf(expected, sizeof(expected),
	    "%s: found a directory, expected a regular file", folder);
	assert_string_equal(err, expected);

	assert_int_equal(conffile_read("/dev/null", &c, err, sizeof(err)), -1);
	assert_string_equal(
	    err, "/dev/null: found a special file, expected a regular file");

	memset(big, '\n', sizeof(big));
	write_file(big, sizeof(big));
	assert_int_equal(conffile_read(file, &c, err, sizeof(err)), -1);
	snprintf(expected, sizeof(expected),
	    "%s: found more than 4194304 bytes, expected a smaller file", file);
	assert_string_equal(err, expected);

	write_file("", 0);
	assert_int_equal(chmod(file, 0666), 0);
	assert_int_equal(conffile_read(file, &c, err, sizeof(err)), -1);
	snprintf(expected, sizeof(expected),
	    "%s: everyone may write to it, and it decides what is signed; run: chmod "
	    "o-w %s",
	    file, file);
	assert_string_equal(err, expected);
	assert_int_equal(chmod(file, 0644), 0);
}

static void
count(void *arg, const char *sentence)
{
	char *all = arg;

	snprintf(all + strlen(all), 2048 - strlen(all), "%s\n", sentence);
}

static void
a_readable_password_is_warned_of(void **state)
{
	char err[512], all[2048] = "", expected[1024];
	struct conf c;

	(void)state;
	assert_int_equal(
	    read_text("redis = \"redis://:secret@h\"\n", &c, err, sizeof(err)), 0);
	assert_int_equal(chmod(file, 0664), 0);
	conffile_advise(&c, count, all);
	snprintf(expected, sizeof(expected),
	    "%s: everyone may read the password of Redis in it; run: chgrp metermark "
	    "%s && chmod 640 %s\n"
	    "%s: its group may write to it, and it decides what is signed; chmod g-w "
	    "%s "
	    "unless that is meant\n"
	    "%s: there is no domain section: nothing will be signed\n",
	    file, file, file, file, file, file);
	assert_string_equal(all, expected);
	assert_int_equal(chmod(file, 0640), 0);
	all[0] = '\0';
	conffile_advise(&c, count, all);
	assert_null(strstr(all, "password"));
	conffile_advise(&c, NULL, NULL);
	conf_fini(&c);
	assert_int_equal(chmod(file, 0644), 0);
}

/* A file of the source tree, whole. */
static void
read_source(const char *name, char *out, size_t size)
{
	const char *top = getenv("MM_SRC");
	char path[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top != NULL ? top : ".", name);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s: set MM_SRC to the top of the source tree", path);
	len = fread(out, 1, size - 1, f);
	out[len] = '\0';
	fclose(f);
	assert_true(len > 1000 && len < size - 1);
}

/* "#name = value" is a setting, "# words" is prose. */
static void
uncomment(char *text)
{
	char *out = text;

	for (char *line = text, *next; *line != '\0'; line = next) {
		size_t len = strcspn(line, "\n");

		next = line + len + (line[len] == '\n');
		if (line[0] != '#' || line[1] == ' ' || line[1] == '\n')
			continue;
		memmove(out, line + 1, len);
		out += len;
		out[-1] = '\n';
	}
	*out = '\0';
}

static void
the_shipped_file_shows_the_defaults(void **state)
{
	static char text[32768];
	char err[512], shown[64];
	struct conf c, d;
	size_t n;
	const struct setting *settings = settings_table(&n);

	(void)state;
	read_source("conf/metermark.conf", text, sizeof(text));
	assert_int_equal(read_text(text, &c, err, sizeof(err)), 0);
	assert_int_equal(c.n_domains, 0);
	conf_fini(&c);

	uncomment(text);
	if (read_text(text, &c, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_int_equal(conf_init(&d), 0);
	for (size_t i = 0; i < n; i++) {
		const struct setting *s = &settings[i];
		size_t size = s->type == SETTING_TRUTH ? sizeof(bool) : sizeof(int32_t);

		snprintf(shown, sizeof(shown), "\n%s = ", s->name);
		if (strncmp(text, shown + 1, strlen(shown + 1)) != 0 &&
		    strstr(text, shown) == NULL)
			fail_msg("metermark.conf has no line for %s", s->name);
		if (s->type == SETTING_TEXT)
			assert_string_equal(setting_text(s, &c), setting_text(s, &d));
		else if (memcmp((char *)&c + s->offset, (char *)&d + s->offset, size) !=
		    0)
			fail_msg("metermark.conf shows another default of %s", s->name);
	}
	assert_int_equal(c.outbound.n_networks, d.outbound.n_networks);
	assert_memory_equal(c.outbound.networks, d.outbound.networks,
	    d.outbound.n_networks * sizeof(*d.outbound.networks));
	assert_int_equal(c.outbound.authenticated, d.outbound.authenticated);
	assert_int_equal(c.outbound.daemon_names.n, 0);
	assert_int_equal(c.outbound.host_names.n, 0);
	assert_int_equal(c.outbound.reinjected, d.outbound.reinjected);
	assert_int_equal(c.campaign.max, d.campaign.max);
	assert_string_equal(c.campaign.default_name, d.campaign.default_name);
	assert_int_equal(c.campaign.sources.n, d.campaign.sources.n);
	for (size_t i = 0; i < c.campaign.sources.n; i++)
		assert_string_equal(c.campaign.sources.v[i], d.campaign.sources.v[i]);
	assert_int_equal(c.n_domains, 1);
	assert_int_equal(c.n_streams, 1);
	conf_fini(&c);
	conf_fini(&d);
}

/* As an item of a list; alone on its line or with more behind it. */
static bool
manual_has(const char *manual, const char *name)
{
	char alone[64], with[64];

	snprintf(alone, sizeof(alone), ".It Ic %s\n", name);
	snprintf(with, sizeof(with), ".It Ic %s ", name);
	return strstr(manual, alone) != NULL || strstr(manual, with) != NULL;
}

static void
assert_documented(const cfg_opt_t *options, const char *example, const char *manual)
{
	/* Told of in the item of their section. */
	static const char *const inner = " _line selector file value id ";

	for (const cfg_opt_t *o = options; o->name != NULL; o++) {
		char word[64];

		snprintf(word, sizeof(word), " %s ", o->name);
		if (strstr(inner, word) != NULL)
			continue;
		if (strstr(example, o->name) == NULL)
			fail_msg("%s is not in metermark.conf", o->name);
		if (o->type == CFGT_SEC)
			assert_documented(o->subopts, example, manual);
		else if (!manual_has(manual, o->name))
			fail_msg("%s is not in metermark.conf(5)", o->name);
	}
}

static void
every_setting_is_in_the_example_and_in_the_manual(void **state)
{
	static char example[32768], manual[65536];

	(void)state;
	read_source("conf/metermark.conf", example, sizeof(example));
	read_source("conf/metermark.conf.5.in", manual, sizeof(manual));
	assert_documented(conffile_options(), example, manual);
}

/* What goes with remove_leaks = true; "X-Source-*" for all that begin so. */
static void
leaks_are_named_in_the_manual(void **state)
{
	static char manual[65536];
	char name[64];
	const char *at;
	size_t n;
	const char *const *leaks = leaks_names(&n);

	(void)state;
	read_source("conf/metermark.conf.5.in", manual, sizeof(manual));
	at = strstr(manual, ".It Ic remove_leaks");
	assert_non_null(at);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%s", leaks[i],
		    leaks[i][strlen(leaks[i]) - 1] == '-' ? "*" : "");
		/* X-Sender is not X-Sender-IP. */
		for (at = strstr(manual, name);
		     at != NULL && strchr(", .\n", at[strlen(name)]) == NULL;)
			at = strstr(at + 1, name);
		if (at == NULL)
			fail_msg("%s is not in metermark.conf(5)", name);
	}
}

static int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/conffile_test.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/m.conf", folder);
	umask(022);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_files_are_refused_word_by_word),
		cmocka_unit_test(an_error_stays_within_its_place),
		cmocka_unit_test(tls_to_redis_needs_a_build_with_it),
		cmocka_unit_test(an_empty_file_is_the_defaults),
		cmocka_unit_test(every_setting_arrives),
		cmocka_unit_test(empty_lists_and_texts_are_empty),
		cmocka_unit_test(damaged_files_get_an_answer),
		cmocka_unit_test(files_that_cannot_be_read_say_why),
		cmocka_unit_test(a_readable_password_is_warned_of),
		cmocka_unit_test(the_shipped_file_shows_the_defaults),
		cmocka_unit_test(every_setting_is_in_the_example_and_in_the_manual),
		cmocka_unit_test(leaks_are_named_in_the_manual),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
