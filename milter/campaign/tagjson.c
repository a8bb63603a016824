/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tagjson.c - tag headers' JSON, by jansson.
 *
 * What comes here has been measured by the core, so recursion and memory are bounded.
 */
#include "campaign/tagjson.h"

#include <stdio.h>

#include <jansson.h>

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

int
tagjson_read(struct str text, source_leaf_fn leaf, void *arg)
{
	struct walk w = { .leaf = leaf, .arg = arg };
	json_error_t error;
	json_t *root;

	/* A NUL in a string is a character like another: \u0000 is valid JSON. */
	root = json_loadb(text.p, text.len, JSON_ALLOW_NUL, &error);
	/* So is an integer of any length, though none that fits jansson's. */
	if (root == NULL && json_error_code(&error) == json_error_numeric_overflow)
		root = json_loadb(
		    text.p, text.len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
	/* Our lack of memory is no fault of the sender's. */
	if (root == NULL)
		return json_error_code(&error) == json_error_out_of_memory ? 0 : -1;
	walk(&w, root);
	json_decref(root);
	return 0;
}
