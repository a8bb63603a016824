/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sourcejson.c - JSON in a header value, measured before jansson parses it, so that
 * recursion and memory are bounded.
 */
#include "campaign/sourcejson.h"

#include <stdio.h>

#include <jansson.h>

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

/* Count levels and keys outside strings.  If text is no JSON, any count will do. */
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

/* ==== Parsing ==== */

struct walk {
	source_leaf_fn leaf;
	void *arg;
	struct str keys[SOURCE_JSON_DEPTH];
	size_t n;
};

static void
give(const struct walk *w, struct str value)
{
	w->leaf(w->arg, w->keys, w->n, value);
}

/* jansson knows the length of a key only since 2.14; no key of ours holds a NUL. */
static void
walk(struct walk *w, json_t *value)
{
	char number[64];
	const char *key;
	json_t *part;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		if (w->n == SOURCE_JSON_DEPTH)
			return;
		json_object_foreach(value, key, part)
		{
			w->keys[w->n++] = str_of(key);
			walk(w, part);
			w->n--;
		}
		return;
	case JSON_ARRAY:
		json_array_foreach(value, i, part) walk(w, part);
		return;
	case JSON_STRING:
		give(w, str_make(json_string_value(value), json_string_length(value)));
		return;
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(value));
		give(w, str_of(number));
		return;
	case JSON_REAL:
		snprintf(number, sizeof(number), "%.15g", json_real_value(value));
		give(w, str_of(number));
		return;
	case JSON_TRUE:
		give(w, STR("true"));
		return;
	case JSON_FALSE:
		give(w, STR("false"));
		return;
	case JSON_NULL:
		return;
	}
}

static enum source_fault
parse(struct str text, source_leaf_fn leaf, void *arg)
{
	enum source_fault fault = measure(text);
	struct walk w = { .leaf = leaf, .arg = arg };
	json_error_t error;
	json_t *root;

	if (fault != SOURCE_FINE)
		return fault;
	/* A NUL in a string is a character like another: \u0000 is valid JSON. */
	root = json_loadb(text.p, text.len, JSON_ALLOW_NUL, &error);
	/* An integer of any length is valid JSON, too, but may not fit jansson's. */
	if (root == NULL && json_error_code(&error) == json_error_numeric_overflow)
		root = json_loadb(
		    text.p, text.len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
	/* Our lack of memory is no fault of the sender's. */
	if (root == NULL)
		return json_error_code(&error) == json_error_out_of_memory
		    ? SOURCE_FINE
		    : SOURCE_NO_JSON;
	walk(&w, root);
	json_decref(root);
	return SOURCE_FINE;
}

enum source_fault
source_json(struct str text, source_leaf_fn leaf, void *arg)
{
	enum source_fault fault;
	struct buf plain;

	if (text.len > SOURCE_JSON_BYTES)
		return SOURCE_TOO_LONG;
	text = str_trim(text);
	if (!str_starts(text, STR("[\\\"")))
		return parse(text, leaf, arg);
	buf_init(&plain, SOURCE_JSON_BYTES);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] != '\\' || i + 1 == text.len ||
		    (text.p[i + 1] != '"' && text.p[i + 1] != '\\'))
			buf_addc(&plain, text.p[i]);
		else
			buf_addc(&plain, text.p[++i]);
	fault = parse(buf_str(&plain), leaf, arg);
	buf_fini(&plain);
	return fault;
}
