/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source_show.c - what the table of sources says, for people.
 */
#include "campaign/source.h"

static bool
is_prefix(const struct source_field *f)
{
	return str_ends(str_of(f->name), STR("*"));
}

static bool
is_json(const struct source_field *f)
{
	return f->form == SOURCE_JSON || f->form == SOURCE_JSON_OR_TEXT;
}

/* "unique_args.@" as "unique_args.campaign", "[]" as "[0]", "category" as it is. */
static void
show_entry(struct str entry, struct buf *out)
{
	if (str_eq(entry, STR("[]"))) {
		buf_adds(out, "the first");
		return;
	}
	for (size_t i = 0; i < entry.len; i++)
		if (entry.p[i] == '@')
			buf_adds(out, "campaign");
		else
			buf_addc(out, entry.p[i]);
}

static void
show_entries(struct str entries, const char *between, struct buf *out)
{
	const char *comma = "";

	while (entries.len > 0) {
		buf_adds(out, comma);
		show_entry(source_word(&entries), out);
		comma = between;
	}
}

static void
show_field(const struct source_field *f, struct buf *out)
{
	static const char *const parts[] = {
		[SOURCE_LIST] = ": the first",
		[SOURCE_FEEDBACK] = ": the first field of four",
		[SOURCE_LIST_ID] = ": the label",
		[SOURCE_TRIPLE] = ": the first of three parts",
		[SOURCE_TEXT] = "",
	};
	struct str name = str_of(f->name);

	if (f->form == SOURCE_TEXT && is_prefix(f)) {
		buf_add(out, name.p, name.len - 1);
		buf_adds(out, "Campaign");
		return;
	}
	buf_addstr(out, name);
	if (f->form == SOURCE_PAIRS || is_json(f)) {
		buf_adds(out, ": ");
		show_entries(str_of(f->campaign), ", else ", out);
	} else if (parts[f->form] != NULL) {
		buf_adds(out, parts[f->form]);
	}
}

void
source_show_campaign(const struct source *s, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < s->n_fields; i++) {
		if (s->fields[i].campaign == NULL)
			continue;
		buf_adds(out, comma);
		show_field(&s->fields[i], out);
		comma = "; else ";
	}
}

void
source_show_tags(const struct source *s, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < s->n_fields; i++) {
		const struct source_field *f = &s->fields[i];

		if (f->tags == NULL)
			continue;
		buf_adds(out, comma);
		buf_adds(out, f->name);
		if (is_json(f) && f->tags[0] != '[') {
			buf_adds(out, ": ");
			show_entries(str_of(f->tags), ", ", out);
		} else if (f->tags[0] != '\0' && f->tags[0] != '*' &&
		    f->tags[0] != '[') {
			buf_addf(out, " as %s", f->tags);
		}
		comma = "; ";
	}
}

void
source_show_fields(const struct source *s, bool removed, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < s->n_fields; i++) {
		if (s->fields[i].removed != removed)
			continue;
		buf_adds(out, comma);
		buf_adds(out, s->fields[i].name);
		comma = ", ";
	}
}

const char *
source_show_repeat(const struct source *s)
{
	static const char *const words[] = {
		[SOURCE_FIRST] = "first",
		[SOURCE_FIRST_ALONE] = "only the first",
		[SOURCE_LAST_ALONE] = "only the last",
		[SOURCE_MERGED] = "merged",
	};

	for (size_t i = 0; i < s->n_fields; i++)
		if (s->fields[i].campaign != NULL)
			return words[s->fields[i].repeat];
	return "";
}

static void
show_charset(enum source_charset charset, unsigned max, const char **comma,
    const char *what, struct buf *out)
{
	static const char *const words[SOURCE_CHARSETS] = {
		[SOURCE_ANY] = "",
		[SOURCE_ASCII] = "ASCII",
		[SOURCE_WORD] = "A-Z a-z 0-9 _ -",
		[SOURCE_DASH] = "A-Z a-z 0-9 -",
		[SOURCE_SPACED] = "A-Z a-z 0-9 _ - blank",
		[SOURCE_PLUS] = "A-Z a-z 0-9 _ +",
		[SOURCE_LETTERS] = "A-Z a-z _",
		[SOURCE_KEY] = "A-Z a-z 0-9 _, no _ in front",
		[SOURCE_UNMARKED] = "no _ in front",
	};

	if (charset != SOURCE_ANY) {
		buf_addf(out, "%s%s%s", *comma, what, words[charset]);
		*comma = ", ";
	}
	if (max > 0) {
		buf_addf(out, "%s%s%u bytes", *comma, what, max);
		*comma = ", ";
	}
}

static void
show_limit(const struct source_limit *l, struct buf *out)
{
	const char *comma = ": ";

	show_charset(l->charset, l->max, &comma, "", out);
	show_charset(l->key_charset, l->key_max, &comma, "key ", out);
	if (l->count > 0) {
		buf_addf(out, "%s%u of them", comma, (unsigned)l->count);
		comma = ", ";
	}
	if (l->total > 0)
		buf_addf(out, "%s%u bytes together", comma, (unsigned)l->total);
	if (l->cut)
		buf_adds(out, ", the rest is cut");
}

/* It is there to except its entries from the next one. */
static bool
is_free(const struct source_limit *l)
{
	return l->charset == SOURCE_ANY && l->key_charset == SOURCE_ANY &&
	    l->max + l->key_max + l->count + l->total == 0;
}

/* The fields that have the limits of this one. */
static void
show_limited(const struct source *s, const struct source_field *first, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < s->n_fields; i++) {
		if (s->fields[i].limits != first->limits)
			continue;
		buf_addf(out, "%s%s", comma, s->fields[i].name);
		comma = ", ";
	}
}

void
source_show_limits(const struct source *s, struct buf *out)
{
	const char *semicolon = "";

	for (size_t i = 0; i < s->n_fields; i++) {
		const struct source_field *f = &s->fields[i];
		size_t first = 0;

		while (s->fields[first].limits != f->limits)
			first++;
		for (uint8_t k = 0; k < f->n_limits && first == i; k++) {
			const struct source_limit *l = &f->limits[k];

			if (is_free(l))
				continue;
			buf_adds(out, semicolon);
			show_limited(s, f, out);
			if (is_json(f) && l->entries[0] != '[' && l->entries[0] != '*')
				buf_addf(out, " %s", l->entries);
			show_limit(l, out);
			semicolon = "; ";
		}
	}
}
