/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffile_bad.h - settings files with one fault each, and what conffile_read() says of
 * it after the file's name.  For conffile_test.c.
 */
#ifndef METERMARK_TESTS_CONFFILE_BAD_H
#define METERMARK_TESTS_CONFFILE_BAD_H

#define KEY "key { selector = s file = /k }"
#define FOUR_KEYS                                                                      \
 "key { selector = s1 file = /k } key { selector = s2 file = /k } "                    \
 "key { selector = s3 file = /k } key { selector = s4 file = /k }"
#define TOP                                                                            \
 "expected one of listen, allow_tcp, mta, redis, redis_user, redis_password_file, "    \
 "key_prefix, user, group, "                                                           \
 "state_dir, flush_interval_ms, journal_sync, journal_max_mb, retain_s, retain_mb, "   \
 "drain_s, line_length_limit, recipient_key_file, "                                    \
 "on_sign_failure, on_bad_message, log_level, domain_table, key_cache, dns_check, "    \
 "resolver, outbound, domain, campaign, token, inspect, stream"
#define QUOTES "expected a value with such characters in double quotes"
#define ENVIRONMENT                                                                    \
 "found ${, expected a plain value: the environment is not expanded "                  \
 "(placeholders are written %{name})"
#define BELONG                                                                         \
 "where it does not belong, expected a setting, or a value in quotes, or a "           \
 "comma between values"

static const struct {
	const char *text, *err;
} bad[] = {
	/* what libconfuse would take silently, or say badly */
	{ "mta = auto\nmta = postfix\n",
	    ":2: found mta a second time, expected it once: it is set in line 1" },
	{ "outbound { networks = {} networks = {\"10.0.0.0/8\"} }",
	    ":1: found networks a second time, expected it once: it is set in line 1" },
	{ "outbound { }\noutbound { }\n",
	    ":2: found a second section outbound, expected one: it begins in line 1" },
	{ "campaign { }\n\ncampaign { max = 1 }\n",
	    ":3: found a second section campaign, expected one: it begins in line 1" },
	{ "inspect { rule \"one-clik\" { action = \"count\" } }\n",
	    ":1: rule: found \"one-clik\", expected one-click" },
	{ "inspect {\nrule \"one-click\" { action = \"maybe\" } }\n",
	    ":2: action: found \"maybe\", expected off, count, warn, hold, tempfail or "
	    "reject" },
	{ "inspect {\nrule \"one-click\" { } }\n",
	    ":2: found rule \"one-click\" without action, expected { action = "
	    "\"count\" }" },
	{ "inspect { }\ninspect { }\n",
	    ":2: found a second section inspect, expected one: it begins in line 1" },
	{ "stream \"s\" {\n inspect { rule \"none\" {\n action = \"hold\" } } }\n",
	    ":2: rule: found \"none\", expected the id of a rule: from, freemail-from, "
	    "date, message-id, duplicate-field, to, one-recipient, noreply, list-id, "
	    "feedback-id, list-unsubscribe, one-click, one-click-signed, "
	    "unsubscribe-link, dkim, dkim-aligned, envelope-aligned, long-header, "
	    "header-size, 8bit-header, control-header, mime-version, long-line, "
	    "bare-line-end, nul, "
	    "8bit-body, html-only, clip" },
	{ "token { }\n",
	    ":1: token: found no key, expected key { id = \"a\" file = \"...\" }" },
	{ "token { key { id = a file = /k } }\ntoken { key { id = b file = /k } }\n",
	    ":2: found a second section token, expected one: it begins in line 1" },
	{ "token {\nkey { id = a }\n}",
	    ":2: token: found a key without file, expected key { id = \"a\" file = "
	    "\"...\" }" },
	{ "token {\nkey { file = /k }\n}",
	    ":2: token: found a key without id, expected key { id = \"a\" file = "
	    "\"...\" }" },
	{ "token { key { id = A file = /k } }",
	    ":1: id: found \"A\", expected one character of a-z and 0-9: it is in each "
	    "token" },
	{ "token { key { id = a1 file = /k } }",
	    ":1: id: found \"a1\", expected one character of a-z and 0-9: it is in "
	    "each "
	    "token" },
	{ "token { key { id = \"\" file = /k } }",
	    ":1: id: found \"\", expected one character of a-z and 0-9: it is in each "
	    "token" },
	{ "token { key { id = a file = /k }\n key { id = b file = /k }\n key { id = a "
	  "file = /m } }",
	    ":3: token: found key \"a\" a second time, expected another id for each "
	    "key: it is in line 1" },
	{ "domain a.org { " KEY " }\ndomain a.org { " KEY " }\n",
	    ":2: found a second section \"a.org\", expected it once" },
	{ "domain a.org { " KEY " }\ndomain A.org { " KEY " }\n",
	    ":2: domain \"a.org\": found a second time, expected once: it begins in "
	    "line "
	    "1" },
	{ "stream a { }\nstream a { }\n",
	    ":2: found a second section \"a\", expected it once" },
	{ "redis = \"${REDIS}\"\n", ":1: " ENVIRONMENT },
	{ "redis = ${REDIS}\n", ":1: " ENVIRONMENT },
	{ "/* ${OK} */ # ${OK}\nredis = '${REDIS}'\n", ":2: " ENVIRONMENT },
	{ "stream a { match { campaign = news-* } }",
	    ":1: found * outside quotes, " QUOTES },
	{ "mta = auto; redis = \"redis://h\"", ":1: found ; outside quotes, " QUOTES },
	{ "outbound { networks += {\"10.0.0.0/8\"} }",
	    ":1: found + outside quotes, " QUOTES },
	{ "include(\"/etc/passwd\")", ":1: found ( outside quotes, " QUOTES },
	{ "outbound|authenticated = true", ":1: found | outside quotes, " QUOTES },
	{ "\"outbound|authenticated\" = true",
	    ":1: found = without a setting's name before it" },
	{ "mta = auto \"outbound|x\" { }",
	    ":1: found {, expected it after = or after the name of a section" },
	{ "_line = 3", ":1: found \"_line\", expected the name of a setting" },
	{ "mta = \"po\\nst\"", ":1: found \\n in a string, expected \\\\ or \\\"" },
	/* grammar */
	{ "listen =\nredis = \"redis://h\"\n",
	    ":1: found listen = without a value, expected one" },
	{ "\nlisten =\n", ":2: found listen = without a value, expected one" },
	{ "listen \"unix:/x/y\"",
	    ":1: found listen without =, expected = and a value" },
	{ "mta", ":1: found the end of the file, expected more" },
	{ "mta = auto\n\"\"", ":2: found \"\", expected the name of a setting" },
	{ "mta = auto auto", ":1: found \"auto\", " TOP },
	{ "mta = {auto}", ":1: found \"{\" " BELONG },
	{ "outbound = x",
	    ":1: found outbound without {, expected its settings in braces" },
	{ "domain { }",
	    ":1: found domain without a name, expected a name in quotes before {" },
	{ "stream \"a\" \"b\" { }",
	    ":1: found {, expected it after = or after the name of a section" },
	{ "stream a {\n match x { campaign = y } }",
	    ":2: found match without {, expected its settings in braces" },
	{ "outbound { networks = {\"10.0.0.0/8\"\n\"11.0.0.0/8\"} }",
	    ":2: found \"11.0.0.0/8\" " BELONG },
	{ "outbound { daemon_names = {a,, b} }", ":1: found \",\" " BELONG },
	{ "outbound {\n authenticated = true\n",
	    ":1: found { without its }, expected it before the end of the file" },
	{ "outbound {\n}\n}\n", ":3: found } without its {" },
	{ "{ }", ":1: found {, expected it after = or after the name of a section" },
	{ "= 3", ":1: found = without a setting's name before it" },
	{ "listen = \"abc\nredis = \"x\"\n",
	    ":1: found a string without its end, expected \" on the same line" },
	{ "\n/* never closed\n", ":2: found /* without its end, expected */" },
	{ "mta = \"a\001b\"", ":1: found the control character 0x01, expected text" },
	{ "a{b{c{d{e{f{g{h{i{}}}}}}}}}", ":1: found braces nested more than 8 deep" },
	/* unknown words */
	{ "\n\nbananas { }", ":3: found \"bananas\", " TOP },
	{ "\n\ntokens { }", ":3: found \"tokens\", expected token" },
	{ "listn = \"unix:/a/b\"", ":1: found \"listn\", expected listen" },
	{ "Listen = \"unix:/a/b\"",
	    ":1: found \"Listen\", expected the name of a setting" },
	{ "outbound {\n  network = {\"10.0.0.0/8\"}\n}\n",
	    ":2: found \"network\", expected networks" },
	{ "domain a.org {\n key { selektor = s file = /k }\n}\n",
	    ":2: found \"selektor\", expected selector" },
	{ "domain a.org { " KEY " selector = s }",
	    ":1: found \"selector\", expected one of key, subdomains, "
	    "canonicalization, "
	    "expire, users, also_sign" },
	{ "campaign { name = x }",
	    ":1: found \"name\", expected one of sources, default, "
	    "customer, on_bad_source, max" },
	{ "stream a { verp = \"x\" }",
	    ":1: found \"verp\", expected one of match, transactional, feedback_id, "
	    "list_unsubscribe, "
	    "one_click, list_unsubscribe_mailto, several_recipients, "
	    "list_unsubscribe_list, list_id, return_path, cfbl_address, "
	    "cfbl_feedback_id, message_id, replace, remove_leaks, add, set, remove, "
	    "inspect" },
	{ "stream a { match { to = \"x\" } }",
	    ":1: found \"to\", expected one of campaign, from_domain, envelope_domain, "
	    "user, tag" },
	/* values at the top */
	{ "listen = \"unix:relative\"",
	    ":1: listen: found \"unix:relative\", expected the absolute path of a "
	    "socket "
	    "after unix:, such as unix:/run/metermark/milter.sock" },
	{ "# a\n/* b\n*/ listen = \"inet:8891@127.0.0.1\"",
	    ":3: listen: found \"inet:8891@127.0.0.1\", expected a unix: socket, or "
	    "allow_tcp = true as well: every user of every host that can connect to "
	    "that port can have mail signed" },
	{ "allow_tcp = maybe",
	    ":1: allow_tcp: found \"maybe\", expected true or false" },
	{ "mta = exim", ":1: mta: found \"exim\", expected auto, postfix or sendmail" },
	{ "redis = \"http://:secret@h\"",
	    ":1: redis: not a Redis URL; expected redis://HOST:PORT/DB, rediss://, "
	    "redis+sentinel://HOST,HOST/NAME, redis+cluster://HOST,HOST or unix:PATH" },
	{ "redis_user = \"a b\"",
	    ":1: redis_user: found \"a b\", expected the name of a user of Redis, of "
	    "up "
	    "to 127 bytes, without blanks" },
	{ "redis_password_file = pw",
	    ":1: redis_password_file: found \"pw\", expected an absolute path" },
	{ "key_prefix = \"{a}\"",
	    ":1: key_prefix: found \"{a}\", expected 1 to 64 printable characters "
	    "without blanks and braces" },
	{ "user = \"a b\"",
	    ":1: user: found \"a b\", expected the name of an account" },
	{ "group = \"a:b\"",
	    ":1: group: found \"a:b\", expected the name of an account" },
	{ "state_dir = lib",
	    ":1: state_dir: found \"lib\", expected an absolute path" },
	{ "recipient_key_file = k",
	    ":1: recipient_key_file: found \"k\", expected an absolute path" },
	{ "flush_interval_ms = 0x100",
	    ":1: flush_interval_ms: found \"0x100\", expected a number from 50 to "
	    "60000" },
	{ "flush_interval_ms = 1e3",
	    ":1: flush_interval_ms: found \"1e3\", expected a number from 50 to "
	    "60000" },
	{ "flush_interval_ms = 49",
	    ":1: flush_interval_ms: found \"49\", expected a number from 50 to 60000" },
	{ "flush_interval_ms = 99999999999999999999",
	    ":1: flush_interval_ms: found \"99999999999999999999\", expected a number "
	    "from 50 to 60000" },
	{ "journal_sync = sometimes",
	    ":1: journal_sync: found \"sometimes\", expected none, interval or "
	    "always" },
	{ "journal_max_mb = 3",
	    ":1: journal_max_mb: found \"3\", expected a number from 4 to 1000000" },
	{ "retain_s = 86401",
	    ":1: retain_s: found \"86401\", expected a number from 0 to 86400" },
	{ "retain_mb = 65537",
	    ":1: retain_mb: found \"65537\", expected a number from 0 to 65536" },
	{ "drain_s = -1",
	    ":1: drain_s: found \"-1\", expected a number from 0 to 600" },
	{ "drain_s = 10s",
	    ":1: drain_s: found \"10s\", expected a number from 0 to 600" },
	{ "drain_s = \"\"",
	    ":1: drain_s: found \"\", expected a number from 0 to 600" },
	{ "drain_s = \" 7\"",
	    ":1: drain_s: found \" 7\", expected a number from 0 to 600" },
	{ "line_length_limit = 100",
	    ":1: line_length_limit: found \"100\", expected auto, 0 or a number from "
	    "512 "
	    "to 1000000" },
	{ "on_sign_failure = reject",
	    ":1: on_sign_failure: found \"reject\", expected tempfail or accept" },
	{ "on_bad_message = tempfail",
	    ":1: on_bad_message: found \"tempfail\", expected reject or accept" },
	{ "log_level = Info",
	    ":1: log_level: found \"Info\", expected error, warn, info or debug" },
	{ "mta = "
	  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
	    ":1: mta: found "
	    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\", "
	    "expected auto, postfix or sendmail" },
	/* outbound and campaign */
	{ "outbound { networks = {\"127.0.0.0/8\",\n\"10.1.0.0/8\"} }",
	    ":2: networks: found \"10.1.0.0/8\", expected 10.0.0.0/8, since bits are "
	    "set "
	    "behind the prefix" },
	{ "outbound { networks = localhost }",
	    ":1: networks: found \"localhost\", expected a network such as 10.0.0.0/8 "
	    "or "
	    "2001:db8::/32" },
	{ "outbound { daemon_names = \"\" }",
	    ":1: daemon_names: found \"\", expected 1 to 254 printable ASCII "
	    "characters "
	    "without blanks" },
	{ "campaign { sources = {metermark, foo} }",
	    ":1: sources: found \"foo\", expected one of metermark, x-campaign, "
	    "mailtrain, ses, sendgrid, mailgun, postmark, mandrill, sparkpost, "
	    "mailjet, "
	    "elasticemail, powermta, greenarrow, brevo, postal, socketlabs, mailerq, "
	    "smtpeter, sendmachine, smartsender, contactlab, zonemta, cuttlefish, "
	    "listmonk, mautic, x-campaign-id, x-tag, x-metadata, feedback-id, "
	    "list-id" },
	{ "campaign { on_bad_source = drop }",
	    ":1: on_bad_source: found \"drop\", expected count or reject" },
	{ "campaign { customer = {\"a b\"} }",
	    ":1: customer: found \"a b\", expected the key of a tag: letters, digits, "
	    "., _ and -, at most 64 bytes" },
	{ "stream a { match { tag = \"\" } }",
	    ":1: tag: found \"\", expected key=value or a value, with * and ?, 1 to "
	    "256 bytes" },
	{ "campaign { sources = {metermark, metermark} }",
	    ":1: sources: found \"metermark\", expected each source once" },
	{ "campaign { default = \"News 1\" }",
	    ":1: default: found \"News 1\", expected 1 to 64 of a-z, 0-9, ., _ and -, "
	    "beginning with a letter or digit" },
	{ "campaign { max = 0 }",
	    ":1: max: found \"0\", expected a number from 1 to 1000000" },
	/* domains */
	{ "domain a.org {\n" KEY "\nalso_sign = esp.example }",
	    ":1: domain \"a.org\": also_sign: found \"esp.example\", expected the name "
	    "of another domain section" },
	{ "domain a.org { " KEY " also_sign = A.org }",
	    ":1: domain \"a.org\": also_sign: found the domain itself, expected "
	    "others: it signs in any case" },
	{ "domain b.org { " KEY " subdomains = true }\n"
	  "domain a.org { " KEY " also_sign = x.b.org }",
	    ":2: domain \"a.org\": also_sign: found \"x.b.org\", expected the name of "
	    "another domain section" },
	{ "domain b.org { " KEY " }\n"
	  "domain a.org { " KEY " also_sign = {b.org, B.ORG} }",
	    ":2: domain \"a.org\": also_sign: found \"b.org\" twice, expected it "
	    "once" },
	{ "domain a.org { " KEY " also_sign = localhost }",
	    ":1: also_sign: found \"localhost\", expected a domain name such as "
	    "example.com" },
	{ "domain a.org { " FOUR_KEYS " also_sign = b.org }\n"
	  "domain b.org { " FOUR_KEYS " " KEY " }",
	    ":1: domain \"a.org\": found 9 keys, those of also_sign included, expected "
	    "at most 8: each is a signature on every message" },
	{ "domain_table = keys/table",
	    ":1: domain_table: found \"keys/table\", expected an absolute path" },
	{ "resolver = ns.example.com",
	    ":1: resolver: found \"ns.example.com\", expected an address of a name "
	    "server such as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53" },
	{ "dns_check = maybe",
	    ":1: dns_check: found \"maybe\", expected true or false" },
	{ "key_cache = 0",
	    ":1: key_cache: found \"0\", expected a number from 16 to 1000000" },
	{ "\ndomain \"example.com\" {\n}\n",
	    ":2: domain \"example.com\": found no key, expected key { selector = "
	    "\"...\" "
	    "file = \"...\" }" },
	{ "domain \"b\303\274cher.example\" { " KEY " }",
	    ":1: domain: found \"b\303\274cher.example\", expected a domain name in "
	    "its "
	    "ASCII form (xn--...), as idn2(1) prints it" },
	{ "domain localhost {\n" KEY "\n}",
	    ":1: domain: found \"localhost\", expected a domain name such as "
	    "example.com" },
	{ "domain a.org. { " KEY " }",
	    ":1: domain: found \"a.org.\", expected a domain name without a dot at its "
	    "end" },
	{ "domain a.org {\n key { selector = s }\n}",
	    ":2: found a key without file, expected key { selector = \"...\" file = "
	    "\"...\" }" },
	{ "domain a.org {\n key { file = /k }\n}",
	    ":2: found a key without selector, expected key { selector = \"...\" file "
	    "= "
	    "\"...\" }" },
	{ "domain a.org {\n key { selector = \"a b\" file = /k }\n}",
	    ":2: selector: found \"a b\", expected a selector of letters, digits, - "
	    "and "
	    "_, at most 63 bytes, such as r2026" },
	{ "domain a.org { key { selector = a file = keys/a } }",
	    ":1: file: found \"keys/a\", expected an absolute path" },
	{ "domain a.org {\n" KEY "\n" KEY "\n}",
	    ":3: domain \"a.org\": found selector \"s\" a second time, expected "
	    "another "
	    "for each key" },
	{ "domain a.org { canonicalization = relaxed }",
	    ":1: canonicalization: found \"relaxed\", expected relaxed/relaxed, "
	    "relaxed/simple, simple/relaxed or simple/simple" },
	{ "domain a.org { expire = 60 }",
	    ":1: expire: found \"60\", expected 0, or a number from 3600 to 31536000" },
	/* streams */
	{ "stream A { }",
	    ":1: stream: found \"A\", expected a name of a-z, 0-9, ., _ and -, at most "
	    "32 bytes, beginning with a letter or digit" },
	{ "stream a { match { } }",
	    ":1: stream \"a\": found a match without conditions, expected one at "
	    "least; "
	    "to match all mail leave match out" },
	{ "stream a {\n add \"X-A\" { }\n}",
	    ":2: found add \"X-A\" without value, expected { value = \"...\" }" },
	{ "stream a {\n set \"From\" { value = x }\n}",
	    ":2: set: From may not be set: it names the author, and the signature "
	    "vouches for it" },
	{ "stream a {\n add \"X A\" { value = x }\n}",
	    ":2: add: found \"X A\", expected the name of a header field, without "
	    "colon, "
	    "at most 76 bytes" },
	{ "stream a { remove = {\"X-Mailer\",\n\"List-Unsubscribe\"} }",
	    ":2: remove: List-Unsubscribe may not be removed: it is the recipient's "
	    "way "
	    "out" },
	{ "stream a { remove = \"X:\" }",
	    ":1: remove: found \"X:\", expected the name of a header field, without "
	    "colon, at most 76 bytes" },
	{ "stream a { set \"X-A\" { value = \" \t\" } }",
	    ":1: value: found \" \\x09\", expected some text; to take a field away, "
	    "list "
	    "it in remove" },
	{ "stream a { set \"X-A\" { value = \"50% off\" } }",
	    ":1: value: found \"% \", expected %%, %{campaign}, %{stream}, %{domain}, "
	    "%{user}, %{customer}, %{queue_id}, %{token}, %{date} or %{rcpt_count}" },
	{ "stream a { set \"X-A\" { value = \"caf\303\251\" } }",
	    ":1: value: found the byte 0xc3, expected ASCII; write other characters as "
	    "RFC 2047 encoded words, =?UTF-8?Q?caf=C3=A9?=" },
	{ "stream a { feedback_id = \"a:b:c\" }",
	    ":1: feedback_id: found \"a:b:c\", expected four fields with colons "
	    "between "
	    "them, such as %{campaign}:%{stream}:%{domain}:senderid" },
	{ "stream a { feedback_id = \"a:b:c:x%{user}\" }",
	    ":1: feedback_id: found \"a:b:c:x%{user}\", expected a sender id as the "
	    "fourth field: the same for all mail, 5 to 15 letters, digits, ., _ or -" },
	{ "stream a { feedback_id = \"a:%{queue_id}:c:sender\" }",
	    ":1: feedback_id: found \"a:%{queue_id}:c:sender\", expected a Feedback-ID "
	    "without %{queue_id}: Gmail reports on sums of mail, and each message "
	    "would "
	    "be one of its own" },
	{ "stream a { feedback_id = \"%{usr}:b:c:sender\" }",
	    ":1: feedback_id: found \"%{usr}\", expected %%, %{campaign}, %{stream}, "
	    "%{domain}, %{user}, %{customer}, %{queue_id}, %{token}, %{date} or "
	    "%{rcpt_count}" },
	{ "stream a {\n set X-A { value = 1 }\n set X-A { value = 2 }\n}",
	    ":3: found a second section \"X-A\", expected it once" },
	{ "\nstream a {\n set X-A { value = 1 }\n set x-a { value = 2 }\n}",
	    ":2: stream \"a\": found set \"x-a\" twice, expected it once" },
	{ "stream a { set X-A { value = 1 } add X-A { value = 2 } }",
	    ":1: stream \"a\": found X-A in set and in add, expected one of them: set "
	    "leaves exactly one" },
	{ "stream a { set X-A { value = 1 } remove = x-a }",
	    ":1: stream \"a\": found X-A in remove and in set, expected one of them: "
	    "set "
	    "replaces all there are" },
	{ "stream a { add X-A { value = 1 } remove = x-a }",
	    ":1: stream \"a\": found X-A in remove and in add, expected set, which "
	    "replaces all there are" },
	{ "stream a { remove = {X-A, x-a} }",
	    ":1: stream \"a\": found x-a in remove twice, expected it once" },
	{ "stream a { feedback_id = \"a:b:c:sender\" remove = Feedback-ID }",
	    ":1: stream \"a\": found Feedback-ID in remove and in feedback_id, "
	    "expected "
	    "one of them: feedback_id replaces all there are" },
};

#endif
