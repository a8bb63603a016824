/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_why.c - what decisions mean, in sentences.
 */
#include <string.h>

#include "cli/check/explain.h"

const char *
explain_class(enum client_class c)
{
	switch (c) {
	case CLIENT_STRANGER:
		return "stranger";
	case CLIENT_AUTH:
		return "authenticated";
	case CLIENT_NETWORK:
		return "network";
	case CLIENT_DAEMON:
		return "daemon";
	}
	return "stranger";
}

static void
network_why(const struct explain *e, struct buf *out)
{
	char text[64];

	for (size_t i = 0; i < e->conf.outbound.n_networks; i++) {
		if (!cidr_match(&e->conf.outbound.networks[i], &e->addr))
			continue;
		cidr_format(&e->conf.outbound.networks[i], text, sizeof(text));
		buf_addf(out, "%s is in %s of outbound { networks }", e->options.client,
		    text);
		return;
	}
}

static void
stranger_why(const struct explain *e, struct buf *out)
{
	buf_addf(out, "%s is in none of outbound { networks }", e->options.client);
	if (e->options.user[0] == '\0')
		buf_adds(out, ", nobody has authenticated");
	else
		buf_adds(out, ", outbound { authenticated } is false");
	if (e->conf.outbound.daemon_names.n > 0)
		buf_adds(out, ", and the daemon name is not listed");
	buf_adds(out, ": the message passes untouched");
}

void
explain_class_why(const struct explain *e, struct buf *out)
{
	switch (e->envelope->client) {
	case CLIENT_STRANGER:
		stranger_why(e, out);
		return;
	case CLIENT_AUTH:
		buf_addf(out,
		    "authenticated as %s: only for domains whose users name it",
		    e->options.user);
		return;
	case CLIENT_NETWORK:
		network_why(e, out);
		return;
	case CLIENT_DAEMON:
		buf_addf(out, "it came in by %s, of outbound { daemon_names }",
		    e->options.daemon);
		return;
	}
}

const char *
explain_word(const char *why)
{
	static const struct {
		const char *word, *text;
	} words[] = {
		{ "bad-from", "From does not name exactly one domain" },
		{ "bad-source",
		    "a header with tags cannot be read, and campaign { on_bad_source } says reject" },
		{ "bare-line-end", "the body has a CR or LF that is no line end" },
		{ "control-in-header", "a field to be signed has a control character" },
		{ "from-too-long", "Sendmail would cut From" },
		{ "header-too-large", "the header is larger than metermark takes" },
		{ "long-body-line",
		    "a line of the body is longer than the mail server sends on" },
		{ "long-header-line",
		    "a line of the header is longer than the mail server sends on, and has no place to fold it" },
		{ "marked", "its X-Metermark says that metermark has handled it" },
		{ "no-domain",
		    "no domain section and no line of domain_table signs for the domain in From" },
		{ "no-from", "there is no From" },
		{ "reinjected",
		    "a Received field says that this host has had it before; see outbound { reinjected }" },
		{ "too-many-fields",
		    "there are more fields than a signature can list" },
		{ "two-froms", "there are several From" },
		{ "user-not-allowed",
		    "users of the domain in From does not name who authenticated" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, why) == 0)
			return words[i].text;
	return NULL;
}

struct stream_facts
explain_stream_facts(const struct explain *e)
{
	const struct decision *d = e->decision;

	return (struct stream_facts) {
		.envelope = e->envelope,
		.campaign = str_make(d->campaign.name, d->campaign.len),
		.from_domain = d->from_domain,
		.tags = d->source.tags,
		.n_tags = d->source.n_tags,
	};
}
