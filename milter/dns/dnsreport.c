/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsreport.c - writes and reads struct dnsreport as JSON.  Its texts are ASCII, since
 * dns/dnslook.h escapes what strangers publish.
 */
#include "dns/dnsreport.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "system/jsonfile.h"

static json_t *
findings_json(const struct dnsnews *n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n->n; i++) {
		const struct dnsnews_finding *f = &n->v[i];

		json_array_append_new(all,
		    json_pack("{s:s, s:s, s:s, s:s, s:I}", "domain", f->domain, "check",
			f->check, "result", dnslook_word(f->f.word), "text", f->f.text,
			"seen_ms", (json_int_t)f->seen_ms));
	}
	return all;
}

int
dnsreport_write(const char *dir, const struct dnsreport *r, char *err, size_t errlen)
{
	json_t *root = json_pack("{s:I, s:I, s:I, s:I, s:o}", "checked_ms",
	    (json_int_t)r->checked_ms, "domains", (json_int_t)r->domains, "looked",
	    (json_int_t)r->looked, "well", (json_int_t)r->well, "findings",
	    findings_json(&r->news));

	return jsonfile_write(dir, DNSREPORT_FILE, root, err, errlen);
}

static const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static void
take_finding(struct dnsnews *news, const json_t *one)
{
	const char *word = text_of(one, "result");
	struct dnslook_finding f = { .word = DNSLOOK_PASS };

	for (int w = DNSLOOK_WARN; w <= DNSLOOK_FAIL; w++)
		if (strcmp(word, dnslook_word((enum dnslook_word)w)) == 0)
			f.word = (enum dnslook_word)w;
	snprintf(f.text, sizeof(f.text), "%s", text_of(one, "text"));
	dnsnews_take(news, str_of(text_of(one, "domain")), text_of(one, "check"), &f,
	    json_integer_value(json_object_get(one, "seen_ms")));
}

int
dnsreport_read(const char *dir, struct dnsreport *r, char *err, size_t errlen)
{
	json_t *root = jsonfile_read(dir, DNSREPORT_FILE, err, errlen), *one;
	size_t i;

	*r = (struct dnsreport) { .checked_ms = 0 };
	if (root == NULL)
		return -1;
	r->checked_ms = json_integer_value(json_object_get(root, "checked_ms"));
	r->domains = json_integer_value(json_object_get(root, "domains"));
	r->looked = json_integer_value(json_object_get(root, "looked"));
	r->well = json_integer_value(json_object_get(root, "well"));
	json_array_foreach(json_object_get(root, "findings"), i, one)
	    take_finding(&r->news, one);
	json_decref(root);
	return 0;
}
