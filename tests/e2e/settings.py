# SPDX-License-Identifier: BSD-2-Clause
"""The metermark.conf that the end-to-end tests run with."""

CONFIG = """\
listen = "unix:@SOCKET@"
user = "@USER@"
redis = "@REDIS@"
key_prefix = "@PREFIX@"
state_dir = "@STATE@"
flush_interval_ms = 100

outbound {
	networks = {"127.0.0.1/32"}
	authenticated = true
	daemon_names = {"SUBMISSION"}
}
@DOMAINS@
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


def text(redis, prefix, keys, revision="1"):
    return (CONFIG.replace("@REDIS@", redis).replace("@PREFIX@", prefix)
            .replace("@DOMAINS@", domain_sections(keys)).replace("@REVISION@", revision))
