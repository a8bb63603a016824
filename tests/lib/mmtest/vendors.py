# SPDX-License-Identifier: BSD-2-Clause
"""What applications send to sending services, as the services' manuals have it: for
each case the header, the campaign that it is, and which of its fields are sent on.

CASES is for a relay with the default settings.  Every service of
`metermark campaigns --sources` has one at least; repeats are there where the services
differ."""

import dataclasses

from .compose import canonical


@dataclasses.dataclass
class Case:
    vendor: str
    what: str
    header: str                 # one field a line, folds as usual, LF
    campaign: str
    left: tuple = ()            # names of the fields that stay, top to bottom
    fault: str = ""             # word of the log for what the service would refuse
    tags: tuple = ()            # some of the tags

    @property
    def name(self):
        return f"{self.vendor}: {self.what}"


CASES = [
    Case("metermark", "our own header", """\
X-Metermark-Campaign: Black Friday
X-Metermark-Tag: vip, region=eu
X-Metermark-Customer: Acme
""", "black-friday", tags=("vip", "region=eu", "tenant=Acme")),
    Case("x-campaign", "KumoMTA with tenant and schedule", """\
X-Campaign: spring/2026
X-Tenant: shop-7
X-Schedule: {"dow":"Mon,Tue","tz":"Europe/Berlin","start":"10:00:00","end":"20:00:00"}
""", "spring-2026", tags=("tenant=shop-7",)),
    Case("x-campaign", "twice: the first", "X-Campaign: one\nX-Campaign: two\n", "one"),
    Case("x-campaign", "an encoded word", "X-Campaign: =?UTF-8?Q?Herbst_2026?=\n",
         "herbst-2026"),
    Case("x-campaign", "an encoded word of UTF-8", "X-Campaign: =?utf-8?Q?caf=C3=A9?=\n",
         canonical("caf\u00e9")),
    Case("x-campaign", "an encoded word of Latin-1", "X-Campaign: =?iso-8859-1?Q?caf=E9?=\n",
         canonical("caf\u00e9")),
    Case("x-campaign", "an encoded word of a charset that is not read",
         "X-Campaign: =?koi8-r?B?98XT?=\n", canonical("\uf7f7\uf7c5\uf7d3")),
    Case("mailtrain", "with the headers of three services beside", """\
X-FBL: hkvTRq8Jb.S1xqZ.tGh-77
X-MSYS-API: {"campaign_id":"hkvTRq8Jb.S1xqZ.tGh-77"}
X-SMTPAPI: {"unique_args":{"campaign_id":"hkvTRq8Jb.S1xqZ.tGh-77"}}
X-Mailgun-Variables: {"campaign_id":"hkvTRq8Jb.S1xqZ.tGh-77"}
List-ID: Readers <S1xqZ.lists.example.com>
""", "hkvtrq8jb", ("X-FBL", "X-Mailgun-Variables", "List-ID")),
    Case("ses", "configuration set and tags", """\
X-SES-CONFIGURATION-SET: events
X-SES-MESSAGE-TAGS: type=newsletter, campaign=book-club
X-SES-SOURCE-ARN: arn:aws:ses:eu-west-1:1234:identity/example.com
X-SES-LIST-MANAGEMENT-OPTIONS: list; topic=sports
""", "book-club", tags=("configuration-set=events", "type=newsletter")),
    Case("ses", "tags in two headers", """\
X-SES-MESSAGE-TAGS: tier=gold
X-SES-MESSAGE-TAGS: campaign_id=c77
""", "c77"),
    Case("ses", "a value that it gives no numbers for", "X-SES-MESSAGE-TAGS: campaign=a b\n",
         "a-b", fault="name-characters"),
    Case("ses", "a tag that it gives no numbers for",
         "X-SES-MESSAGE-TAGS: campaign=a, site=www.example.com\n", "a", fault="tag-characters",
         tags=("site=www.example.com",)),
    Case("sendgrid", "categories and arguments, folded", """\
X-SMTPAPI: {"to": ["bcc1@example.net", "bcc2@example.net"],
 "category": ["Welcome Letters", "trial"], "send_at": 1409348513,
 "unique_args": {"customerAccountNumber": "55555", "activationAttempt": 1},
 "asm_group_id": 1, "ip_pool": "pool", "filters": {"clicktrack": {"settings":
  {"enable": 1}}}, "sub": {"-name-": ["Ann", "Bob"]}}
""", "welcome-letters",
         tags=("Welcome Letters", "trial", "customerAccountNumber=55555")),
    Case("sendgrid", "one category, escaped", r'X-SMTPAPI: {"category": "\u0061utumn"}' "\n",
         "autumn"),
    Case("sendgrid", "twice: only the first", """\
X-SMTPAPI: {"category": "one"}
X-SMTPAPI: {"category": "two"}
""", "one"),
    Case("sendgrid", "broken", "X-SMTPAPI: {\"category\": \"one\"\nX-Tag: rescue\n", "rescue",
         fault="no-json"),
    Case("sendgrid", "eleven categories",
         'X-SMTPAPI: {"category": ["c0", ' + ", ".join(f'"c{i}"' for i in range(1, 11)) + "]}\n",
         "c0", fault="too-many-tags"),
    Case("mailgun", "tags, switches, variables", """\
X-Mailgun-Tag: August newsletter
X-Mailgun-Tag: newsletter
X-Mailgun-Dkim: yes
X-Mailgun-Deliver-By: Fri, 25 Oct 2026 23:10:10 +0000
X-Mailgun-Drop-Message: yes
X-Mailgun-Recipient-Variables: {"a@example.net": {"id": 1}}
X-Mailgun-Variables: {"my-id": "7"}
X-Mailgun-Variables: {"other": "8"}
""", "august-newsletter", ("X-Mailgun-Variables", "X-Mailgun-Variables"),
         tags=("newsletter", "my-id=7", "other=8")),
    Case("mailgun", "a blank tag before the first", """\
X-Mailgun-Tag:
X-Mailgun-Tag: second
""", "second", tags=("second",)),
    Case("mailgun", "what is not ASCII is left out",
         "X-Mailgun-Tag: =?utf-8?Q?caf=C3=A9_2026?=\n", "caf-2026", tags=("caf 2026",)),
    Case("postmark", "blank, then twice: the first",
         "X-PM-Tag:\nX-PM-Tag: one\nX-PM-Tag: two\n", "one"),
    Case("postmark", "tag, stream, metadata", """\
X-PM-Tag: welcome-email
X-PM-Message-Stream: broadcasts
X-PM-Metadata-color: blue
X-PM-Metadata-client-id: 12345
X-PM-TrackOpens: true
X-PM-TrackLinks: HtmlOnly
X-PM-KeepID: true
""", "welcome-email", tags=("message-stream=broadcasts", "color=blue", "client-id=12345")),
    Case("postmark", "a key of 21 bytes",
         "X-PM-Tag: t\nX-PM-Metadata-" + "k" * 21 + ": v\n", "t", fault="tag-too-long"),
    Case("mandrill", "tags and more", """\
X-MC-Tags: password-reset, account
X-MC-Metadata: {"user_id": "45829", "location_id": "111"}
X-MC-Subaccount: cust-123
X-MC-Track: opens, clicks_htmlonly
X-MC-BccAddress: spy@example.net
X-MC-SendAt: 2026-11-24 09:00:00
X-MC-IpPool: main
""", "password-reset", tags=("account", "user_id=45829", "subaccount=cust-123")),
    Case("mandrill", "a reserved name", "X-MC-Tags: _own\n", "own", fault="name-characters"),
    Case("mandrill", "metadata of two recipients, and of more than 200 bytes", """\
X-MC-Tags: a
X-MC-Metadata: {"_rcpt": "a@example.net", "user": "1"}
X-MC-Metadata: {"_rcpt": "b@example.net", "user": "%s"}
""" % ("2" * 199), "a", fault="tags-too-long"),
    Case("sparkpost", "the example of its manual", """\
X-MSYS-API: {"options" : {"open_tracking" : false, "click_tracking" : true,
   "transactional" : true, "skip_suppression" : true, "ip_pool" : "p"},
\t"metadata" : {"key" : "value"}, "tags" : ["cat", "dog"],
   "campaign_id" : "my_campaign", "cc": [{"email": "cc@example.net"}],
   "bcc": [{"email": "bcc@example.net"}], "archive": [{"email": "a@example.net"}]}
""", "my_campaign", tags=("cat", "dog", "key=value", "transactional=true")),
    Case("sparkpost", "an encoded word of Latin-1 within JSON",
         'X-MSYS-API: {"campaign_id": "=?iso-8859-1?Q?caf=E9?=", "tags": ["=?koi8-r?Q?=F7?="]}\n',
         canonical("caf\u00e9"), tags=("\uf7f7",)),
    Case("sparkpost", "a name of 65 bytes", 'X-MSYS-API: {"campaign_id": "' + "n" * 65 + '"}\n',
         canonical("n" * 65), fault="name-too-long"),
    Case("mailjet", "campaign and events", """\
X-Mailjet-Campaign: Weekly offers 7
X-Mailjet-DeduplicateCampaign: y
X-Mailjet-TrackOpen: 1
X-MJ-CustomID: PassengerEticket1234
X-MJ-EventPayload: Eticket,1234,row,15,seat,B
X-MJ-TemplateID: 1
""", "weekly-offers-7", tags=("custom-id=PassengerEticket1234",)),
    Case("elasticemail", "channel and post-back", """\
X-ElasticEmail-Channel: Web shop
X-PostBack: order-9
postback-number: 9
""", "web-shop", tags=("postback=order-9", "number=9")),
    Case("elasticemail", "the short name", "Channel: signups\n", "signups"),
    Case("powermta", "job and virtual MTA", """\
X-Job: daily-117
X-VirtualMTA: pool-b
X-Envid: 4f1
""", "daily-117", tags=("virtual-mta=pool-b",)),
    Case("greenarrow", "instance, list, class", """\
X-GreenArrow-InstanceID: 7autumn
X-GreenArrow-SendID: 7autumn
X-GreenArrow-ListID: l4
X-GreenArrow-MailClass: bulk
X-GreenArrow-MtaID: 2
""", "7autumn", tags=("list-id=l4", "mail-class=bulk")),
    Case("greenarrow", "a list that is none", "X-GreenArrow-SendID: s\n"
         "X-GreenArrow-ListID: my-list\n", "s", fault="tag-characters"),
    Case("brevo", "a tag that is not ASCII", "X-Mailin-Tag: =?utf-8?Q?caf=C3=A9?=\n",
         canonical("caf\u00e9"), fault="name-characters"),
    Case("brevo", "tag and custom field", """\
X-Mailin-Tag: invoices
X-Mailin-custom: {"order": "9"}
sender.ip: 192.0.2.9
X-Mailin-IP: 192.0.2.9
""", "invoices", ("X-Mailin-custom",), tags=("order=9",)),
    Case("postal", "twice: the last", "X-Postal-Tag: one\nX-Postal-Tag: two\n", "two"),
    Case("postal", "a blank one behind", "X-Postal-Tag: one\nX-Postal-Tag:\n", "one"),
    Case("socketlabs", "mailing and message", "X-xsMailingId: week-47\nX-xsMessageId: m1\n",
         "week-47"),
    Case("socketlabs", "31 bytes together",
         "X-xsMailingId: week-47\nX-xsMessageId: " + "m" * 24 + "\n", "week-47",
         fault="tags-too-long"),
    Case("mailerq", "tag and properties", "x-mq-tag: letters\nx-mq-ips: 192.0.2.1\n", "letters"),
    Case("smtpeter", "tags and switches",
         "x-smtpeter-tags: reminder, second\nx-smtpeter-trackclicks: true\n", "reminder",
         tags=("second",)),
    Case("sendmachine", "campaign", "X-SM-Campaign: My first newsletter\n",
         "my-first-newsletter"),
    Case("sendmachine", "tag", "X-SM-Tag: User registration\n", "user-registration"),
    Case("smartsender", "tags as PHP leaves them", 'X-Tags: [\\"promo\\", \\"may\\"]\n', "promo",
         tags=("may",)),
    Case("contactlab", "delivery", """\
X-Clab-SmartRelay-DeliveryId: 9
X-Clab-SmartRelay-DeliveryLabel: Summer sales
""", "summer-sales"),
    Case("zonemta", "zone beside a campaign", "X-Sending-Zone: bulk\nX-Campaign: z\n", "z",
         tags=("sending-zone=bulk",)),
    Case("cuttlefish", "metadata", """\
X-Cuttlefish-Metadata-campaign: petition
X-Cuttlefish-Ignore-Deny-List: true
""", "petition"),
    Case("listmonk", "what it looks for in bounces", """\
X-Listmonk-Campaign: 7e3c2a6a-0d0f-4a3a-9d0e-2b1f1d1f4c11
X-Listmonk-Subscriber: 51bb43ad-67a3-4a7b-8b50-3f0c7b0e8a55
""", "7e3c2a6a-0d0f-4a3a-9d0e-2b1f1d1f4c11", ("X-Listmonk-Campaign", "X-Listmonk-Subscriber")),
    Case("mautic", "the id of its letter", "X-EMAIL-ID: 42\n", "42", ("X-EMAIL-ID",)),
    Case("x-campaign-id", "as Mailchimp has it", "X-campaignid: mailchimp1a.2b\n",
         "mailchimp1a.2b", ("X-campaignid",)),
    Case("x-tag", "Symfony over plain SMTP", """\
X-Tag: password-reset
X-Metadata-Color: blue
X-Metadata-Client-ID: 12345
""", "password-reset", tags=("Color=blue", "Client-ID=12345")),
    Case("x-metadata", "Symfony with metadata alone", "X-Metadata-campaign: onboarding\n",
         "onboarding"),
    Case("x-metadata", "django-anymail: one JSON",
         'X-Metadata: {"campaign_id": "drip-3", "user": 7}\n', "drip-3", tags=("user=7",)),
    Case("feedback-id", "four fields", "Feedback-ID: nov:acme:news:sender1\n", "nov",
         ("Feedback-ID",)),
    Case("list-id", "with a phrase", 'List-Id: "The weekly, short" <weekly.example.com>\n',
         "weekly", ("List-Id",)),
]
