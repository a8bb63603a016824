/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source_table.c - the services and their headers, as their manuals have them.
 *
 * Within a service the field that names the campaign best stands first.  The order of
 * the services is the default precedence: what was meant for a relay like this, then
 * the services' own headers, then those of applications and frameworks, last what only
 * hints at a campaign.  Mailtrain comes before the services since it writes their
 * headers as well, with an id in them that differs from recipient to recipient.
 * Limits are those of the manuals.  Where one says only what is shown of a value, or
 * limits an account, it says nothing of a message.
 */
#include "campaign/source.h"

#define N(fields) (fields), sizeof(fields) / sizeof((fields)[0])

/* A command to the service that says nothing of what the message is. */
#define COMMAND(name)                                                                  \
 {                                                                                     \
  name, SOURCE_COMMAND, NULL, NULL, SOURCE_MERGED, true, NULL, 0                       \
 }
/* A field that only tags, with that key; "*": the rest of the field's name is the key.
 */
#define TAG(name, key)                                                                 \
 {                                                                                     \
  name, SOURCE_TEXT, NULL, key, SOURCE_MERGED, true, NULL, 0                           \
 }
/* The same, and the key campaign names the campaign. */
#define KEYED(name)                                                                    \
 {                                                                                     \
  name, SOURCE_TEXT, "@", "*", SOURCE_MERGED, true, NULL, 0                            \
 }
/* What is sent on, and not read. */
#define KEPT(name)                                                                     \
 {                                                                                     \
  name, SOURCE_COMMAND, NULL, NULL, SOURCE_MERGED, false, NULL, 0                      \
 }
/* One name of any kind. */
#define NAME(name, repeat, removed)                                                    \
 {                                                                                     \
  name, SOURCE_TEXT, "", NULL, repeat, removed, NULL, 0                                \
 }

static const struct source_field metermark[] = {
	NAME("X-Metermark-Campaign", SOURCE_FIRST, true),
	TAG("X-Metermark-Customer", "tenant"),
	{ "X-Metermark-Tag", SOURCE_PAIRS, NULL, "*", SOURCE_MERGED, true, NULL, 0 },
};
/* KumoMTA's queue helper, and many others; of several X-Campaign KumoMTA takes the
 * first. */
static const struct source_field x_campaign[] = {
	NAME("X-Campaign", SOURCE_FIRST, true),
	TAG("X-Tenant", "tenant"),
	COMMAND("X-Schedule"),
};
/* The application finds the subscriber by it again in bounces and complaints. */
static const struct source_field mailtrain[] = {
	{ "X-FBL", SOURCE_TRIPLE, "", NULL, SOURCE_FIRST, false, NULL, 0 },
};
static const struct source_limit ses_tags[] = {
	{ "*", .charset = SOURCE_WORD, .max = 256, .key_charset = SOURCE_WORD,
	    .key_max = 256 },
};
static const struct source_field ses[] = {
	{ "X-SES-Message-Tags", SOURCE_PAIRS, "@", "*", SOURCE_MERGED, true,
	    N(ses_tags) },
	TAG("X-SES-Configuration-Set", "configuration-set"),
	COMMAND("X-SES-Source-ARN"),
	COMMAND("X-SES-From-ARN"),
	COMMAND("X-SES-Return-Path-ARN"),
	COMMAND("X-SES-List-Management-Options"),
	COMMAND("X-SES-Tenant"),
};
static const struct source_limit sendgrid_api[] = {
	{ "category", .charset = SOURCE_ASCII, .max = 255, .count = 10 },
	{ "unique_args.*", .total = 10000 },
};
static const struct source_field sendgrid[] = {
	{ "X-SMTPAPI", SOURCE_JSON, "category unique_args.@", "category unique_args.*",
	    SOURCE_FIRST_ALONE, true, N(sendgrid_api) },
};
static const struct source_limit mailgun_tag[] = {
	{ "", .charset = SOURCE_ASCII, .cut = true },
};
/* X-Mailgun-Variables reach the recipient there as well. */
static const struct source_field mailgun[] = {
	{ "X-Mailgun-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST, true, N(mailgun_tag) },
	NAME("X-Mailgun-Campaign-Id", SOURCE_FIRST, true),
	{ "X-Mailgun-Variables", SOURCE_JSON, "@", "*", SOURCE_MERGED, false, NULL, 0 },
	COMMAND("X-Mailgun-*"),
};
static const struct source_limit postmark_tag[] = { { "", .max = 1000 } };
static const struct source_limit postmark_metadata[] = {
	{ "*", .max = 80, .key_max = 20, .count = 10 },
};
static const struct source_field postmark[] = {
	{ "X-PM-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST_ALONE, true, N(postmark_tag) },
	{ "X-PM-Metadata-*", SOURCE_TEXT, "@", "*", SOURCE_MERGED, true,
	    N(postmark_metadata) },
	TAG("X-PM-Message-Stream", "message-stream"),
	COMMAND("X-PM-TrackOpens"),
	COMMAND("X-PM-TrackLinks"),
	COMMAND("X-PM-KeepID"),
};
static const struct source_limit mandrill_tags[] = {
	{ "", .charset = SOURCE_UNMARKED, .max = 50 },
};
/* _rcpt says whose metadata it is. */
static const struct source_limit mandrill_metadata[] = {
	{ "_rcpt", .max = 0 },
	{ "*", .key_charset = SOURCE_KEY, .total = 200 },
};
/* X-MC-User is Mailchimp's, and tells the recipient whom to complain about. */
static const struct source_field mandrill[] = {
	{ "X-MC-Tags", SOURCE_LIST, "", "", SOURCE_FIRST, true, N(mandrill_tags) },
	{ "X-MC-Metadata", SOURCE_JSON, "@", "*", SOURCE_FIRST, true,
	    N(mandrill_metadata) },
	NAME("X-MC-GoogleAnalyticsCampaign", SOURCE_FIRST, true),
	TAG("X-MC-Subaccount", "subaccount"),
	KEPT("X-MC-User"),
	COMMAND("X-MC-*"),
};
/* Of more metadata it takes as much into its events. */
static const struct source_limit sparkpost_api[] = {
	{ "campaign_id", .max = 64 },
	{ "tags", .count = 10 },
	{ "metadata.*", .total = 1000, .cut = true },
};
static const struct source_field sparkpost[] = {
	{ "X-MSYS-API", SOURCE_JSON, "campaign_id metadata.@",
	    "tags metadata.* options.transactional", SOURCE_FIRST_ALONE, true,
	    N(sparkpost_api) },
	TAG("X-MSYS-Subaccount", "subaccount"),
};
static const struct source_limit mailjet_campaign[] = {
	{ "", .charset = SOURCE_SPACED, .max = 255 },
};
static const struct source_field mailjet[] = {
	{ "X-Mailjet-Campaign", SOURCE_TEXT, "", NULL, SOURCE_FIRST, true,
	    N(mailjet_campaign) },
	TAG("X-MJ-CustomID", "custom-id"),
	COMMAND("X-Mailjet-*"),
	COMMAND("X-MJ-*"),
};
static const struct source_limit elasticemail_channel[] = { { "", .max = 191 } };
static const struct source_field elasticemail[] = {
	{ "X-ElasticEmail-Channel", SOURCE_TEXT, "", NULL, SOURCE_FIRST, true,
	    N(elasticemail_channel) },
	{ "Channel", SOURCE_TEXT, "", NULL, SOURCE_FIRST, true,
	    N(elasticemail_channel) },
	TAG("X-PostBack", "postback"),
	TAG("PostBack-*", "*"),
	COMMAND("X-ElasticEmail-*"),
};
static const struct source_field powermta[] = {
	NAME("X-Job", SOURCE_FIRST, true),
	TAG("X-VirtualMTA", "virtual-mta"),
	TAG("X-Virtual-MTA", "virtual-mta"),
	COMMAND("X-Envid"),
};
/* An InstanceID of its older form, 27 letters and digits, is one of these as well. */
static const struct source_limit greenarrow_instance[] = {
	{ "", .charset = SOURCE_ASCII, .max = 300 },
};
static const struct source_limit greenarrow_list[] = {
	{ "", .charset = SOURCE_PLUS, .max = 20 },
};
static const struct source_limit greenarrow_class[] = {
	{ "", .charset = SOURCE_LETTERS },
};
static const struct source_field greenarrow[] = {
	{ "X-GreenArrow-InstanceID", SOURCE_TEXT, "", NULL, SOURCE_FIRST, true,
	    N(greenarrow_instance) },
	NAME("X-GreenArrow-SendID", SOURCE_FIRST, true),
	{ "X-GreenArrow-ListID", SOURCE_TEXT, NULL, "list-id", SOURCE_MERGED, true,
	    N(greenarrow_list) },
	{ "X-GreenArrow-MailClass", SOURCE_TEXT, NULL, "mail-class", SOURCE_MERGED,
	    true, N(greenarrow_class) },
	COMMAND("X-GreenArrow-*"),
};
static const struct source_limit brevo_tag[] = { { "", .charset = SOURCE_ASCII } };
static const struct source_limit brevo_custom[] = { { "*", .charset = SOURCE_ASCII } };
/* X-Mailin-custom reaches the recipient there as well. */
static const struct source_field brevo[] = {
	{ "X-Mailin-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST, true, N(brevo_tag) },
	{ "X-Mailin-custom", SOURCE_JSON_OR_TEXT, "@", "*", SOURCE_FIRST, false,
	    N(brevo_custom) },
	COMMAND("X-Mailin-*"),
	COMMAND("Sender.IP"),
};
static const struct source_field postal[] = {
	{ "X-Postal-Tag", SOURCE_TEXT, "", "", SOURCE_LAST_ALONE, true, NULL, 0 },
};
/* Both stand in its return path. */
static const struct source_limit socketlabs_ids[] = {
	{ "", .charset = SOURCE_DASH, .total = 30 },
};
static const struct source_field socketlabs[] = {
	{ "X-xsMailingId", SOURCE_TEXT, "", NULL, SOURCE_FIRST_ALONE, true,
	    N(socketlabs_ids) },
	{ "X-xsMessageId", SOURCE_TEXT, NULL, NULL, SOURCE_FIRST_ALONE, true,
	    N(socketlabs_ids) },
};
static const struct source_field mailerq[] = {
	{ "X-MQ-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST, true, NULL, 0 },
	COMMAND("X-MQ-*"),
};
static const struct source_field smtpeter[] = {
	{ "X-SMTPeter-Tags", SOURCE_LIST, "", "", SOURCE_FIRST, true, NULL, 0 },
	COMMAND("X-SMTPeter-*"),
};
static const struct source_field sendmachine[] = {
	NAME("X-SM-Campaign", SOURCE_FIRST, true),
	{ "X-SM-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST, true, NULL, 0 },
};
static const struct source_limit smartsender_tags[] = {
	{ "[]", .charset = SOURCE_UNMARKED, .max = 50 },
};
static const struct source_field smartsender[] = {
	{ "X-Tags", SOURCE_JSON, "[]", "[]", SOURCE_FIRST, true, N(smartsender_tags) },
	COMMAND("X-Ignore-Hard"),
	COMMAND("X-Ignore-Complaint"),
	COMMAND("X-Ignore-Unsubscribe"),
};
static const struct source_field contactlab[] = {
	NAME("X-Clab-SmartRelay-DeliveryLabel", SOURCE_FIRST, true),
	NAME("X-Clab-SmartRelay-DeliveryId", SOURCE_FIRST, true),
	COMMAND("X-Clab-SmartRelay-*"),
};
static const struct source_field zonemta[] = {
	TAG("X-Sending-Zone", "sending-zone"),
};
static const struct source_field cuttlefish[] = {
	KEYED("X-Cuttlefish-Metadata-*"),
	COMMAND("X-Cuttlefish-*"),
};
static const struct source_field listmonk[] = {
	NAME("X-Listmonk-Campaign", SOURCE_FIRST, false),
	KEPT("X-Listmonk-Subscriber"),
};
static const struct source_field mautic[] = {
	NAME("X-EMAIL-ID", SOURCE_FIRST, false),
};
static const struct source_field x_campaign_id[] = {
	NAME("X-Campaign-ID", SOURCE_FIRST, false),
	NAME("X-CampaignID", SOURCE_FIRST, false),
};
/* Of frameworks, for whichever service there is; a plain relay would send them on. */
static const struct source_field x_tag[] = {
	{ "X-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST, true, NULL, 0 },
};
static const struct source_field x_metadata[] = {
	KEYED("X-Metadata-*"),
	{ "X-Metadata", SOURCE_JSON, "@", "*", SOURCE_FIRST, true, NULL, 0 },
};
static const struct source_field feedback_id[] = {
	{ "Feedback-ID", SOURCE_FEEDBACK, "", NULL, SOURCE_FIRST, false, NULL, 0 },
};
static const struct source_field list_id[] = {
	{ "List-Id", SOURCE_LIST_ID, "", NULL, SOURCE_FIRST, false, NULL, 0 },
};

static const struct source sources[] = {
	{ "metermark", "metermark", N(metermark) },
	{ "x-campaign", "X-Campaign, KumoMTA", N(x_campaign) },
	{ "mailtrain", "Mailtrain", N(mailtrain) },
	{ "ses", "Amazon SES", N(ses) },
	{ "sendgrid", "SendGrid", N(sendgrid) },
	{ "mailgun", "Mailgun", N(mailgun) },
	{ "postmark", "Postmark", N(postmark) },
	{ "mandrill", "Mandrill", N(mandrill) },
	{ "sparkpost", "SparkPost, Momentum", N(sparkpost) },
	{ "mailjet", "Mailjet", N(mailjet) },
	{ "elasticemail", "Elastic Email", N(elasticemail) },
	{ "powermta", "PowerMTA", N(powermta) },
	{ "greenarrow", "GreenArrow", N(greenarrow) },
	{ "brevo", "Brevo", N(brevo) },
	{ "postal", "Postal", N(postal) },
	{ "socketlabs", "SocketLabs", N(socketlabs) },
	{ "mailerq", "MailerQ", N(mailerq) },
	{ "smtpeter", "SMTPeter", N(smtpeter) },
	{ "sendmachine", "Sendmachine", N(sendmachine) },
	{ "smartsender", "SmartSender", N(smartsender) },
	{ "contactlab", "Contactlab", N(contactlab) },
	{ "zonemta", "ZoneMTA", N(zonemta) },
	{ "cuttlefish", "Cuttlefish", N(cuttlefish) },
	{ "listmonk", "listmonk", N(listmonk) },
	{ "mautic", "Mautic", N(mautic) },
	{ "x-campaign-id", "X-Campaign-ID", N(x_campaign_id) },
	{ "x-tag", "Symfony, Laravel, django-anymail", N(x_tag) },
	{ "x-metadata", "Symfony, Laravel, django-anymail", N(x_metadata) },
	{ "feedback-id", "Feedback-ID", N(feedback_id) },
	{ "list-id", "List-Id (RFC 2919)", N(list_id) },
};

const struct source *
source_table(size_t *n)
{
	*n = sizeof(sources) / sizeof(sources[0]);
	return sources;
}
