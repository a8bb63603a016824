/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.c - which stream a message belongs to.  See the header.
 */
#include "tracking/stream.h"

static bool
matches(const struct conf_list *patterns, struct str value)
{
	return patterns->n == 0 || conf_list_match(patterns, value);
}

/* True if the message has one of the tags that are asked for, or none is asked for. */
static bool
matches_tag(const struct conf_list *patterns, const struct stream_facts *f)
{
	for (size_t i = 0; i < f->n_tags; i++)
		if (conf_list_match(patterns, f->tags[i]))
			return true;
	return patterns->n == 0;
}

const char *
stream_misses(const struct conf_match *m, const struct stream_facts *f)
{
	if (!matches(&m->campaign, f->campaign))
		return "campaign";
	if (!matches(&m->from_domain, f->from_domain))
		return "from_domain";
	if (!matches(&m->envelope_domain, f->envelope->sender_domain))
		return "envelope_domain";
	if (!matches(&m->user, f->envelope->user))
		return "user";
	return matches_tag(&m->tag, f) ? NULL : "tag";
}

const struct conf_stream *
stream_find(const struct conf *c, const struct stream_facts *f)
{
	for (size_t i = 0; i < c->n_streams; i++) {
		const struct conf_stream *s = &c->streams[i];

		if (s->n_match == 0)
			return s;
		for (size_t k = 0; k < s->n_match; k++)
			if (stream_misses(&s->match[k], f) == NULL)
				return s;
	}
	return NULL;
}
