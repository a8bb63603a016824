/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source_table.c - the services and their headers, as their manuals have them.
 *
 * Within a service the field that names the campaign best stands first.  The order of
 * the services is the default precedence: what was meant for a relay like this, then
 * the services' own headers, then those of applications and frameworks, last what only
 * hints at a campaign.  Mailtrain comes before the services since it writes their
 * headers as well, with an id in them that differs from recipient to recipient.
 */
#include "core/source.h"

#define N(fields) (fields), sizeof(fields) / sizeof((fields)[0])

/* A command to the service that says nothing of what the message is. */
#define COMMAND(name)                                                                  \
 {                                                                                     \
  name, SOURCE_COMMAND, NULL, NULL, SOURCE_MERGED, true, SOURCE_ANY, 0                 \
 }
/* A field that only tags, with that key; "*": the rest of the field's name is the key.
 */
#define TAG(name, key)                                                                 \
 {                                                                                     \
  name, SOURCE_TEXT, NULL, key, SOURCE_MERGED, true, SOURCE_ANY, 0                     \
 }
/* The same, and the key campaign names the campaign. */
#define KEYED(name)                                                                    \
 {                                                                                     \
  name, SOURCE_TEXT, "@", "*", SOURCE_MERGED, true, SOURCE_ANY, 0                      \
 }
/* What is sent on, and not read. */
#define KEPT(name)                                                                     \
 {                                                                                     \
  name, SOURCE_COMMAND, NULL, NULL, SOURCE_MERGED, false, SOURCE_ANY, 0                \
 }
/* One name of any kind. */
#define NAME(name, repeat, removed)                                                    \
 {                                                                                     \
  name, SOURCE_TEXT, "", NULL, repeat, removed, SOURCE_ANY, 0                          \
 }

static const struct source_field metermark[] = {
	NAME("X-Metermark-Campaign", SOURCE_FIRST, true),
	TAG("X-Metermark-Customer", "tenant"),
	{ "X-Metermark-Tag", SOURCE_PAIRS, NULL, "*", SOURCE_MERGED, true, SOURCE_ANY,
	    0 },
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
	{ "X-FBL", SOURCE_TRIPLE, "", NULL, SOURCE_FIRST, false, SOURCE_ANY, 0 },
};
static const struct source_field ses[] = {
	{ "X-SES-Message-Tags", SOURCE_PAIRS, "@", "*", SOURCE_MERGED, true,
	    SOURCE_WORD, 256 },
	TAG("X-SES-Configuration-Set", "configuration-set"),
	COMMAND("X-SES-Source-ARN"),
	COMMAND("X-SES-From-ARN"),
	COMMAND("X-SES-Return-Path-ARN"),
	COMMAND("X-SES-List-Management-Options"),
	COMMAND("X-SES-Tenant"),
};
static const struct source_field sendgrid[] = {
	{ "X-SMTPAPI", SOURCE_JSON, "category unique_args.@", "category unique_args.*",
	    SOURCE_FIRST_ALONE, true, SOURCE_ASCII, 255 },
};
/* X-Mailgun-Variables reach the recipient there as well. */
static const struct source_field mailgun[] = {
	{ "X-Mailgun-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST, true, SOURCE_ANY, 0 },
	NAME("X-Mailgun-Campaign-Id", SOURCE_FIRST, true),
	{ "X-Mailgun-Variables", SOURCE_JSON, "@", "*", SOURCE_MERGED, false,
	    SOURCE_ANY, 0 },
	COMMAND("X-Mailgun-*"),
};
static const struct source_field postmark[] = {
	{ "X-PM-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST_ALONE, true, SOURCE_ANY, 1000 },
	KEYED("X-PM-Metadata-*"),
	TAG("X-PM-Message-Stream", "message-stream"),
	COMMAND("X-PM-TrackOpens"),
	COMMAND("X-PM-TrackLinks"),
	COMMAND("X-PM-KeepID"),
};
/* X-MC-User is Mailchimp's, and tells the recipient whom to complain about. */
static const struct source_field mandrill[] = {
	{ "X-MC-Tags", SOURCE_LIST, "", "", SOURCE_FIRST, true, SOURCE_UNMARKED, 50 },
	{ "X-MC-Metadata", SOURCE_JSON, "@", "*", SOURCE_FIRST, true, SOURCE_ANY, 0 },
	NAME("X-MC-GoogleAnalyticsCampaign", SOURCE_FIRST, true),
	TAG("X-MC-Subaccount", "subaccount"),
	KEPT("X-MC-User"),
	COMMAND("X-MC-*"),
};
static const struct source_field sparkpost[] = {
	{ "X-MSYS-API", SOURCE_JSON, "campaign_id metadata.@",
	    "tags metadata.* options.transactional", SOURCE_FIRST_ALONE, true,
	    SOURCE_ANY, 64 },
	TAG("X-MSYS-Subaccount", "subaccount"),
};
static const struct source_field mailjet[] = {
	{ "X-Mailjet-Campaign", SOURCE_TEXT, "", NULL, SOURCE_FIRST, true,
	    SOURCE_SPACED, 255 },
	TAG("X-MJ-CustomID", "custom-id"),
	COMMAND("X-Mailjet-*"),
	COMMAND("X-MJ-*"),
};
static const struct source_field elasticemail[] = {
	{ "X-ElasticEmail-Channel", SOURCE_TEXT, "", NULL, SOURCE_FIRST, true,
	    SOURCE_ANY, 191 },
	{ "Channel", SOURCE_TEXT, "", NULL, SOURCE_FIRST, true, SOURCE_ANY, 191 },
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
static const struct source_field greenarrow[] = {
	{ "X-GreenArrow-InstanceID", SOURCE_TEXT, "", NULL, SOURCE_FIRST, true,
	    SOURCE_ASCII, 300 },
	NAME("X-GreenArrow-SendID", SOURCE_FIRST, true),
	TAG("X-GreenArrow-ListID", "list-id"),
	TAG("X-GreenArrow-MailClass", "mail-class"),
	COMMAND("X-GreenArrow-*"),
};
/* X-Mailin-custom reaches the recipient there as well. */
static const struct source_field brevo[] = {
	{ "X-Mailin-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST, true, SOURCE_ANY, 0 },
	{ "X-Mailin-custom", SOURCE_JSON_OR_TEXT, "@", "*", SOURCE_FIRST, false,
	    SOURCE_ANY, 0 },
	COMMAND("X-Mailin-*"),
	COMMAND("Sender.IP"),
};
static const struct source_field postal[] = {
	{ "X-Postal-Tag", SOURCE_TEXT, "", "", SOURCE_LAST_ALONE, true, SOURCE_ANY, 0 },
};
static const struct source_field socketlabs[] = {
	{ "X-xsMailingId", SOURCE_TEXT, "", NULL, SOURCE_FIRST, true, SOURCE_DASH, 30 },
	COMMAND("X-xsMessageId"),
};
static const struct source_field mailerq[] = {
	{ "X-MQ-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST, true, SOURCE_ANY, 0 },
	COMMAND("X-MQ-*"),
};
static const struct source_field smtpeter[] = {
	{ "X-SMTPeter-Tags", SOURCE_LIST, "", "", SOURCE_FIRST, true, SOURCE_ANY, 0 },
	COMMAND("X-SMTPeter-*"),
};
static const struct source_field sendmachine[] = {
	NAME("X-SM-Campaign", SOURCE_FIRST, true),
	{ "X-SM-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST, true, SOURCE_ANY, 0 },
};
static const struct source_field smartsender[] = {
	{ "X-Tags", SOURCE_JSON, "[]", "[]", SOURCE_FIRST, true, SOURCE_UNMARKED, 50 },
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
	{ "X-Tag", SOURCE_TEXT, "", "", SOURCE_FIRST, true, SOURCE_ANY, 0 },
};
static const struct source_field x_metadata[] = {
	KEYED("X-Metadata-*"),
	{ "X-Metadata", SOURCE_JSON, "@", "*", SOURCE_FIRST, true, SOURCE_ANY, 0 },
};
static const struct source_field feedback_id[] = {
	{ "Feedback-ID", SOURCE_FEEDBACK, "", NULL, SOURCE_FIRST, false, SOURCE_ANY,
	    0 },
};
static const struct source_field list_id[] = {
	{ "List-Id", SOURCE_LIST_ID, "", NULL, SOURCE_FIRST, false, SOURCE_ANY, 0 },
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
