# SPDX-License-Identifier: BSD-2-Clause
"""The metermark.conf that the end-to-end tests run with."""

import os
import shutil

CONFIG = """\
listen = "unix:@SOCKET@"
user = "@USER@"
redis = "@REDIS@"
key_prefix = "@PREFIX@"
state_dir = "@STATE@"
flush_interval_ms = 100
dns_check = false

outbound {
	networks = {"127.0.0.1/32"}
	authenticated = true
	daemon_names = {"SUBMISSION"}
}
@DOMAINS@
token { key { id = "a" file = "@TOKEN@" } }
campaign { default = "none" }

stream "news" {
	match { campaign = "news-*" }
	feedback_id = "%{campaign}:%{stream}:%{domain}:exmplco"
	add "X-Report-Abuse" { value = "https://example.test/abuse?c=%{campaign}" }
	set "Precedence" { value = "bulk" }
	remove = {"X-Mailer", "X-Originating-IP"}
}
stream "list" {
	match { campaign = "list-*" }
	add "List-Id" { value = "News <%{campaign}.list.example.test>" }
	set "Subject" { value = "[%{campaign}]" }
}
stream "reload" {
	match { campaign = "reload-*" }
	set "X-Revision" { value = "@REVISION@" }
}
stream "shop" {
	match { user = "shop" }
	add "X-Shop" { value = "%{user}" }
}
stream "track" {
	match { campaign = "track-*" }
	list_unsubscribe = "https://u.example.test/%{token}"
	one_click = true
	list_unsubscribe_mailto = "unsub+%{token}@example.test"
	list_unsubscribe_list = "https://u.example.test/list/%{campaign}"
	list_id = "Our letters <%{campaign}.lists.example.test>"
	return_path = "b+%{token}@bounce.example.test"
	cfbl_address = "fbl@example.test; report=arf"
	cfbl_feedback_id = "%{token}:%{stream}"
	message_id = "%{token}@%{domain}"
	feedback_id = "%{campaign}:%{domain}:%{stream}:exmplco"
	set "Precedence" { value = "bulk" }
	set "Auto-Submitted" { value = "auto-generated" }
	add "X-Report-Abuse" { value = "https://example.test/abuse?m=%{token}" }
	remove_leaks = true
}
stream "replace" {
	match { campaign = "replace-*" }
	list_unsubscribe = "https://u.example.test/%{token}"
	one_click = true
	several_recipients = "reject"
	list_id = "<%{campaign}.lists.example.test>"
	feedback_id = "%{campaign}:%{domain}:%{stream}:exmplco"
	replace = {"List-Unsubscribe", "List-Id", "Feedback-ID"}
}
stream "org" {
	match { from_domain = "example.org" }
	add "X-Org" { value = "%{domain} %{rcpt_count}" }
}
"""

# Domains that sign, and what kinds of key they have.
DOMAINS = {
    "example.test": {"r1": "rsa", "e1": "ed25519"},
    "example.org": {"r1": "rsa"},
}
SUBDOMAINS = {"example.test"}
USERS = {"example.test": ("shop",)}


def domain_sections(keys):
    out = []
    for domain, pairs in keys.domains.items():
        lines = [f'\tkey {{ selector = "{s}" file = "{path}" }}' for s, path in pairs]
        lines.append(f"\tsubdomains = {'true' if domain in SUBDOMAINS else 'false'}")
        if domain in USERS:
            users = ", ".join(f'"{u}"' for u in USERS[domain])
            lines.append(f"\tusers = {{{users}}}")
        out.append(f'domain "{domain}" {{\n' + "\n".join(lines) + "\n}\n")
    return "".join(out)


def token_key(keys):
    """The key file of tokens, beside those that sign."""
    path = os.path.join(keys.directory, "token.key")
    if not os.path.exists(path):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(b"not secret, and of at least 32 bytes\n")
        if keys.owner:
            shutil.chown(path, keys.owner)
    return path


def text(redis, prefix, keys, revision="1"):
    return (CONFIG.replace("@TOKEN@", token_key(keys)).replace("@REDIS@", redis).replace("@PREFIX@", prefix)
            .replace("@DOMAINS@", domain_sections(keys)).replace("@REVISION@", revision))
