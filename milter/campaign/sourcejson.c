/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sourcejson.c - JSON in a header value, measured before it is parsed.
 */
#include "campaign/sourcejson.h"

#include "text/buf.h"

static const struct {
	const char *word, *text;
} faults[SOURCE_FAULTS] = {
	[SOURCE_FINE] = { "", "" },
	[SOURCE_TOO_LONG] = { "too-long", "is longer than 16 kilobytes, shorten it" },
	[SOURCE_TOO_DEEP] = { "too-deep", "is nested more than 4 levels deep" },
	[SOURCE_TOO_MANY] = { "too-many",
	    "has more than 64 keys, or stands there too often" },
	[SOURCE_NO_JSON] = { "no-json", "is no valid JSON, correct it" },
	[SOURCE_NAME_LONG] = { "name-too-long",
	    "holds a name that is too long, shorten it" },
	[SOURCE_NAME_CHARS] = { "name-characters",
	    "holds a name with characters that may not stand in it" },
	[SOURCE_TAG_LONG] = { "tag-too-long",
	    "holds a tag that is too long, shorten it" },
	[SOURCE_TAG_CHARS] = { "tag-characters",
	    "holds a tag with characters that may not stand in it" },
	[SOURCE_TAGS_MANY] = { "too-many-tags",
	    "holds more tags than its service takes, leave some out" },
	[SOURCE_TAGS_LONG] = { "tags-too-long",
	    "holds more text in its tags than its service takes, shorten them" },
};

const char *
source_fault_word(enum source_fault f)
{
	return faults[f].word;
}

const char *
source_fault_text(enum source_fault f)
{
	return faults[f].text;
}

/* Levels and keys, counted outside strings.  Of what is no JSON any number will do. */
static enum source_fault
measure(struct str text)
{
	size_t depth = 0, keys = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted)
			i += c == '\\' ? 1 : 0;
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		else if (c == ':')
			keys++;
		if (depth > SOURCE_JSON_DEPTH)
			return SOURCE_TOO_DEEP;
	}
	return keys > SOURCE_JSON_KEYS ? SOURCE_TOO_MANY : SOURCE_FINE;
}

static enum source_fault
parse(struct str text, source_json_fn json, source_leaf_fn leaf, void *arg)
{
	enum source_fault fault = measure(text);

	if (fault == SOURCE_FINE && json(text, leaf, arg) != 0)
		fault = SOURCE_NO_JSON;
	return fault;
}

enum source_fault
source_json(struct str text, source_json_fn json, source_leaf_fn leaf, void *arg)
{
	enum source_fault fault;
	struct buf plain;

	if (text.len > SOURCE_JSON_BYTES)
		return SOURCE_TOO_LONG;
	text = str_trim(text);
	if (!str_starts(text, STR("[\\\"")))
		return parse(text, json, leaf, arg);
	buf_init(&plain, SOURCE_JSON_BYTES);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] != '\\' || i + 1 == text.len ||
		    (text.p[i + 1] != '"' && text.p[i + 1] != '\\'))
			buf_addc(&plain, text.p[i]);
		else
			buf_addc(&plain, text.p[++i]);
	fault = parse(buf_str(&plain), json, leaf, arg);
	buf_fini(&plain);
	return fault;
}
