/* SPDX-License-Identifier: BSD-2-Clause */
#include "campaign/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
index_of_all(struct source_index *index)
{
	char *ids[SOURCES_MAX];
	size_t n;
	const struct source *s = source_table(&n);

	assert_true(n <= SOURCES_MAX);
	for (size_t i = 0; i < n; i++)
		ids[i] = strdup(s[i].id);
	source_index_make(index, ids, n);
	for (size_t i = 0; i < n; i++)
		free(ids[i]);
}

static const struct source_field *
look_up(const struct source_index *index, const char *name)
{
	int at = source_index_find(index, str_of(name));

	return at < 0 ? NULL : index->v[at].field;
}

static void
the_default_order_begins_with_our_own_header(void **state)
{
	static const char *const order[] = { "metermark", "x-campaign", "mailtrain",
		"ses", "sendgrid", "mailgun", "postmark", "mandrill", "sparkpost",
		"mailjet", "elasticemail", "powermta", "greenarrow" };
	static const char *const last[] = { "x-tag", "x-metadata", "feedback-id",
		"list-id" };
	size_t n;
	const struct source *s = source_table(&n);

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		assert_string_equal(s[i].id, order[i]);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(s[n - 4 + i].id, last[i]);
}

static void
every_id_is_found_and_stands_once(void **state)
{
	size_t n;
	const struct source *s = source_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(source_by_id(str_of(s[i].id)), &s[i]);
	assert_null(source_by_id(STR("X-Campaign")));
	assert_null(source_by_id(STR("nobody")));
	assert_null(source_by_id(STR("")));
}

static void
every_field_is_found_by_its_name_in_any_case(void **state)
{
	struct source_index index;
	size_t n, fields = 0;
	const struct source *s = source_table(&n);

	(void)state;
	index_of_all(&index);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s[i].n_fields; k++, fields++) {
			const struct source_field *f = &s[i].fields[k];
			char name[80];

			snprintf(name, sizeof(name), "%s", f->name);
			if (name[strlen(name) - 1] == '*')
				memcpy(name + strlen(name) - 1, "zz", 3);
			assert_ptr_equal(look_up(&index, name), f);
			for (char *p = name; *p != '\0'; p++)
				*p = ascii_lower(*p);
			assert_ptr_equal(look_up(&index, name), f);
			for (char *p = name; *p != '\0'; p++)
				*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
			assert_ptr_equal(look_up(&index, name), f);
		}
	assert_int_equal(index.n, fields);
	assert_true(fields < SOURCE_FIELDS_MAX);
	assert_true(index.n_rules < SOURCE_RULES_MAX);
}

static void
paths_of_the_table_become_rules_in_its_order(void **state)
{
	static const struct {
		struct str keys[3];
		size_t n;
		int name, tag; /* place of the first rule that matches; -1: none */
	} t[] = {
		{ { STR("category") }, 1, 0, 0 },
		{ { STR("unique_args"), STR("campaign") }, 2, 1, 1 },
		{ { STR("unique_args"), STR("campaignId") }, 2, 2, 1 },
		{ { STR("unique_args"), STR("Campaign-Name") }, 2, 3, 1 },
		{ { STR("unique_args"), STR("color") }, 2, -1, 1 },
		{ { STR("unique_args"), STR("a"), STR("campaign") }, 3, -1, -1 },
		{ { STR("Category") }, 1, -1, -1 },
		{ { STR("unique_args") }, 1, -1, -1 },
		{ { STR("") }, 0, -1, -1 },
	};
	struct source_index index;
	const struct source_entry *e;
	const struct source_rule *rules;

	(void)state;
	index_of_all(&index);
	e = &index.v[source_index_find(&index, STR("X-SMTPAPI"))];
	rules = &index.rules[e->rules];
	assert_int_equal(e->n_names, 4);
	assert_int_equal(e->n_tags, 2);
	assert_int_equal(e->n_limits, 2);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int name = -1, tag = -1;

		for (int k = e->n_names; k > 0; k--)
			if (source_rule_matches(&rules[k - 1], t[i].keys, t[i].n))
				name = k - 1;
		for (int k = e->n_tags; k > 0; k--)
			if (source_rule_matches(
				&rules[e->n_names + k - 1], t[i].keys, t[i].n))
				tag = k - 1;
		assert_int_equal(name, t[i].name);
		assert_int_equal(tag, t[i].tag);
	}
	e = &index.v[source_index_find(&index, STR("X-Tags"))];
	assert_true(source_rule_matches(&index.rules[e->rules], NULL, 0));
}

/* What the look-up takes for granted. */
static void
every_name_begins_with_a_letter_and_has_three_bytes_at_least(void **state)
{
	size_t n;
	const struct source *s = source_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s[i].n_fields; k++) {
			assert_true(ascii_isalpha(s[i].fields[k].name[0]));
			assert_true(strlen(s[i].fields[k].name) > 3);
		}
}

static void
other_fields_are_nothing_to_us(void **state)
{
	static const char *const names[] = { "", "X", "X-", "From", "To", "Subject",
		"Received", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post",
		"List-ID2", "X-Campaignx", "X-Campaign ", "X-Metermark", "X-Mailer",
		"X-MailgunTag", "X-Mailgun-", "X-Metadata-", "X-Report-Abuse",
		"X-PM-Metadata-", "CFBL-Address", "DKIM-Signature", "Resent-Bcc",
		"X-SES-Outgoing", "\xff", "x-\xff", "{", "X-Metermark-Mark" };
	struct source_index index;
	char *long_name = calloc(1, 70000);

	(void)state;
	index_of_all(&index);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(look_up(&index, names[i]));
	assert_non_null(long_name);
	memset(long_name, 'x', 69999);
	assert_null(look_up(&index, long_name));
	free(long_name);
}

static void
the_longest_name_that_fits_is_meant(void **state)
{
	struct source_index index;

	(void)state;
	index_of_all(&index);
	assert_string_equal(look_up(&index, "X-Mailgun-Tag")->name, "X-Mailgun-Tag");
	assert_string_equal(look_up(&index, "X-Mailgun-Tags")->name, "X-Mailgun-*");
	assert_string_equal(
	    look_up(&index, "X-Mailgun-Variables")->name, "X-Mailgun-Variables");
	assert_string_equal(look_up(&index, "X-Cuttlefish-Metadata-a")->name,
	    "X-Cuttlefish-Metadata-*");
	assert_string_equal(
	    look_up(&index, "X-Cuttlefish-Metadata-")->name, "X-Cuttlefish-*");
	assert_string_equal(look_up(&index, "X-Metadata")->name, "X-Metadata");
	assert_string_equal(look_up(&index, "X-Metadata-x")->name, "X-Metadata-*");
}

static void
a_name_with_a_star_in_it_is_no_pattern_of_ours(void **state)
{
	struct source_index index;

	(void)state;
	index_of_all(&index);
	/* As a name it fits the pattern, like any other. */
	assert_string_equal(look_up(&index, "X-Mailgun-*")->name, "X-Mailgun-*");
	assert_null(look_up(&index, "X-*"));
	assert_null(look_up(&index, "*"));
}

static void
only_the_sources_in_use_are_looked_up(void **state)
{
	static char ses[] = "ses", x[] = "x-campaign", none[] = "nobody";
	char *ids[] = { ses, none, x };
	struct source_index index;
	int at;

	(void)state;
	source_index_make(&index, ids, 3);
	assert_null(look_up(&index, "X-SMTPAPI"));
	assert_null(look_up(&index, "List-Id"));
	at = source_index_find(&index, STR("X-Campaign"));
	assert_int_not_equal(at, -1);
	assert_int_equal(index.v[at].rank, 2);
	assert_string_equal(index.v[at].source->id, "x-campaign");
	source_index_make(&index, ids, 0);
	assert_null(look_up(&index, "X-Campaign"));
}

static void
what_senders_read_back_stays_and_commands_go(void **state)
{
	static const struct {
		const char *name;
		bool removed;
	} t[] = {
		{ "X-Metermark-Campaign", true },
		{ "X-Campaign", true },
		{ "X-SES-Configuration-Set", true },
		{ "X-SMTPAPI", true },
		{ "X-Mailgun-Recipient-Variables", true },
		{ "X-Mailgun-Variables", false },
		{ "X-PM-Metadata-order", true },
		{ "X-MC-BccAddress", true },
		{ "X-MC-User", false },
		{ "X-MSYS-API", true },
		{ "X-MJ-EventPayload", true },
		{ "X-Mailjet-TrackOpen", true },
		{ "Channel", true },
		{ "X-VirtualMTA", true },
		{ "X-GreenArrow-MtaID", true },
		{ "X-Mailin-custom", false },
		{ "X-Mailin-Tag", true },
		{ "X-Listmonk-Campaign", false },
		{ "X-Listmonk-Subscriber", false },
		{ "X-EMAIL-ID", false },
		{ "X-FBL", false },
		{ "X-CampaignID", false },
		{ "X-Tag", true },
		{ "X-Metadata-color", true },
		{ "Feedback-ID", false },
		{ "List-Id", false },
	};
	struct source_index index;

	(void)state;
	index_of_all(&index);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_non_null(look_up(&index, t[i].name));
		assert_int_equal(look_up(&index, t[i].name)->removed, t[i].removed);
	}
}

/* Which recipients, when, from where, in spite of whom: not even as a tag. */
static void
no_rule_reads_what_would_be_an_order(void **state)
{
	static const char *const orders[] = { "to", "cc", "bcc", "archive", "sub",
		"section", "send_at", "send_each_at", "ip_pool", "skip_suppression",
		"asm_group_id", "filters", "dkim_key", "start_time", "template_id" };
	size_t n;
	const struct source *s = source_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s[i].n_fields; k++) {
			const struct source_field *f = &s[i].fields[k];

			if (f->form == SOURCE_COMMAND) {
				assert_null(f->campaign);
				assert_null(f->tags);
			}
			for (size_t o = 0; o < sizeof(orders) / sizeof(orders[0]);
			     o++) {
				assert_int_equal(f->campaign == NULL
					? -1
					: source_key(str_of(orders[o]), f->campaign),
				    -1);
				assert_int_equal(f->tags == NULL
					? -1
					: source_key(str_of(orders[o]), f->tags),
				    -1);
			}
		}
}

static void
keys_are_the_same_whatever_their_case_and_joints(void **state)
{
	static const struct {
		const char *key;
		int place;
	} t[] = {
		{ "campaign", 0 },
		{ "Campaign", 0 },
		{ "campaign_id", 1 },
		{ "campaign-id", 1 },
		{ "campaignId", 1 },
		{ "CAMPAIGNID", 1 },
		{ "campaign_name", 2 },
		{ "_campaign_", 0 },
		{ "campaigns", -1 },
		{ "campaig", -1 },
		{ "", -1 },
		{ "-", -1 },
		{ "c a", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(
		    source_key(str_of(t[i].key), SOURCE_CAMPAIGN_KEYS), t[i].place);
	assert_int_equal(source_key(STR("a"), ""), -1);
}

/* More would not be counted. */
static void
the_sums_of_a_source_have_room(void **state)
{
	size_t n;
	const struct source *s = source_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		size_t sums = 0;

		for (size_t k = 0; k < s[i].n_fields; k++)
			for (uint8_t l = 0; l < s[i].fields[k].n_limits; l++)
				sums += s[i].fields[k].limits[l].count > 0 ||
				    s[i].fields[k].limits[l].total > 0;
		assert_true(sums <= SOURCE_LIMITS_MAX);
	}
}

static void
the_table_tells_people_what_it_does(void **state)
{
	static const struct {
		const char *id, *campaign, *tags, *repeat, *limit;
	} t[] = {
		{ "ses", "X-SES-Message-Tags: campaign",
		    "X-SES-Message-Tags; X-SES-Configuration-Set as configuration-set",
		    "merged",
		    "X-SES-Message-Tags: A-Z a-z 0-9 _ -, 256 bytes, key A-Z a-z 0-9 _ "
		    "-, key 256 bytes" },
		{ "sendgrid", "X-SMTPAPI: category, else unique_args.campaign",
		    "X-SMTPAPI: category, unique_args.*", "only the first",
		    "X-SMTPAPI category: ASCII, 255 bytes, 10 of them; "
		    "X-SMTPAPI unique_args.*: 10000 bytes together" },
		{ "mandrill",
		    "X-MC-Tags: the first; else X-MC-Metadata: campaign; else "
		    "X-MC-GoogleAnalyticsCampaign",
		    "X-MC-Tags; X-MC-Metadata: *; X-MC-Subaccount as subaccount",
		    "first",
		    "X-MC-Tags: no _ in front, 50 bytes; "
		    "X-MC-Metadata: key A-Z a-z 0-9 _, no _ in front, 200 bytes "
		    "together" },
		{ "mailgun",
		    "X-Mailgun-Tag; else X-Mailgun-Campaign-Id; else "
		    "X-Mailgun-Variables: campaign",
		    "X-Mailgun-Tag; X-Mailgun-Variables: *", "first",
		    "X-Mailgun-Tag: ASCII, the rest is cut" },
		{ "socketlabs", "X-xsMailingId", "", "only the first",
		    "X-xsMailingId, X-xsMessageId: A-Z a-z 0-9 -, 30 bytes together" },
		{ "smartsender", "X-Tags: the first", "X-Tags", "first",
		    "X-Tags: no _ in front, 50 bytes" },
		{ "postmark", "X-PM-Tag; else X-PM-Metadata-Campaign",
		    "X-PM-Tag; X-PM-Metadata-*; X-PM-Message-Stream as message-stream",
		    "only the first",
		    "X-PM-Tag: 1000 bytes; "
		    "X-PM-Metadata-*: 80 bytes, key 20 bytes, 10 of them" },
		{ "postal", "X-Postal-Tag", "X-Postal-Tag", "only the last", "" },
		{ "list-id", "List-Id: the label", "", "first", "" },
		{ "zonemta", "", "X-Sending-Zone as sending-zone", "", "" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct source *s = source_by_id(str_of(t[i].id));

		source_show_campaign(s, &b);
		assert_string_equal(b.p, t[i].campaign);
		buf_reset(&b);
		source_show_tags(s, &b);
		assert_string_equal(b.p, t[i].tags);
		buf_reset(&b);
		source_show_limits(s, &b);
		assert_string_equal(b.p, t[i].limit);
		buf_reset(&b);
		assert_string_equal(source_show_repeat(s), t[i].repeat);
	}
	source_show_fields(source_by_id(STR("mailgun")), true, &b);
	assert_string_equal(b.p, "X-Mailgun-Tag, X-Mailgun-Campaign-Id, X-Mailgun-*");
	buf_reset(&b);
	source_show_fields(source_by_id(STR("mailgun")), false, &b);
	assert_string_equal(b.p, "X-Mailgun-Variables");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_the_table_become_rules_in_its_order),
		cmocka_unit_test(the_default_order_begins_with_our_own_header),
		cmocka_unit_test(every_id_is_found_and_stands_once),
		cmocka_unit_test(every_field_is_found_by_its_name_in_any_case),
		cmocka_unit_test(
		    every_name_begins_with_a_letter_and_has_three_bytes_at_least),
		cmocka_unit_test(other_fields_are_nothing_to_us),
		cmocka_unit_test(the_longest_name_that_fits_is_meant),
		cmocka_unit_test(a_name_with_a_star_in_it_is_no_pattern_of_ours),
		cmocka_unit_test(only_the_sources_in_use_are_looked_up),
		cmocka_unit_test(what_senders_read_back_stays_and_commands_go),
		cmocka_unit_test(no_rule_reads_what_would_be_an_order),
		cmocka_unit_test(keys_are_the_same_whatever_their_case_and_joints),
		cmocka_unit_test(the_sums_of_a_source_have_room),
		cmocka_unit_test(the_table_tells_people_what_it_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
