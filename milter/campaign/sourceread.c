/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sourceread.c - from the fields of a message to its campaign and tags.  See the
 * header.
 *
 * The sources are read one after another, in the order of the settings; each reads its
 * fields in the order of the message.  A field is decoded once, into one buffer, and
 * cut into values by its form.  A value is held against the rules of its field: the
 * first rule for names that matches proposes it as the campaign's name, each rule for
 * tags that matches makes it a tag.  Of the names that a source proposes, the one whose
 * rule stands first in the table counts, and of one rule the first value.
 */
#include "campaign/sourceread.h"

#include <string.h>

#include "campaign/sourcelimit.h"
#include "mail/mimeword.h"
#include "text/buf.h"

/* Later than any rule of the table. */
#define NO_RULE SIZE_MAX

/* The message that is read. */
struct reader {
	const struct source_index *index;
	char *const *customers;
	size_t n_customers;
	struct arena *arena;
	struct source_found *out;
	struct str *tags;
	size_t n_documents;
	size_t customer_key; /* place in customers of what has named the customer */

	/* The source that is read, and the name proposed in it so far. */
	size_t name_rule; /* place in index->rules, or NO_RULE */
	const struct source_field *named_by;
	struct buf name;
	struct source_used used;

	/* The field that is read. */
	const struct source_entry *entry;
	struct str key; /* rest of its name, where the table has a * */
};

static bool
is_blank(const struct hdr *h, uint16_t field)
{
	return str_trim(h->v[field].value).len == 0;
}

/*
 * If only one instance of a field counts, keep the first (or last) one that is not
 * blank and mark the other as ignored.  earlier and later are places in out, from 1;
 * earlier may be 0.  Returns the one that counts.
 */
static uint16_t
choose_instance(struct source_hits *out, const struct hdr *h, enum source_repeat repeat,
    uint16_t earlier, uint16_t later)
{
	bool keep = repeat == SOURCE_FIRST_ALONE;
	uint16_t other;

	if (earlier == 0 || (!keep && repeat != SOURCE_LAST_ALONE))
		return later;
	if (is_blank(h, out->v[keep ? earlier - 1 : later - 1].field))
		keep = !keep;
	other = keep ? later : earlier;
	out->v[other - 1].ignored = true;
	return keep ? earlier : later;
}

void
source_scan(
    const struct source_index *index, const struct hdr *h, struct source_hits *out)
{
	uint16_t seen[SOURCE_FIELDS_MAX];
	bool any = false;

	out->n = 0;
	for (size_t i = 0; i < h->n && out->n < HDR_FIELDS_MAX; i++) {
		int entry = h->v[i].state == HDR_REMOVED
		    ? -1
		    : source_index_find(index, h->v[i].name);

		if (entry < 0)
			continue;
		if (!any)
			memset(seen, 0, sizeof(seen));
		any = true;
		out->v[out->n].field = (uint16_t)i;
		out->v[out->n].entry = (uint8_t)entry;
		out->v[out->n].ignored = false;
		out->n++;
		seen[entry] = choose_instance(out, h, index->v[entry].field->repeat,
		    seen[entry], (uint16_t)out->n);
	}
}

void
source_strip(
    const struct source_index *index, const struct source_hits *hits, struct hdr *h)
{
	for (size_t i = 0; i < hits->n; i++)
		if (index->v[hits->v[i].entry].field->removed)
			hdr_remove(&h->v[hits->v[i].field]);
}

static bool
is_json(const struct reader *r)
{
	return r->entry->field->form == SOURCE_JSON ||
	    r->entry->field->form == SOURCE_JSON_OR_TEXT;
}

/* The first fault of a message is the one that is told. */
static void
note_fault(struct reader *r, enum source_fault f)
{
	if (r->out->fault != SOURCE_FINE || f == SOURCE_FINE)
		return;
	r->out->fault = f;
	r->out->fault_field = r->entry->field->name;
}

/* ==== Names ==== */

/* True if a name has a letter, a digit or a byte of one; else its canonical form is
 * "none". */
static bool
has_word(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (ascii_isalnum(name.p[i]) || (unsigned char)name.p[i] >= 0x80)
			return true;
	return false;
}

/* Propose a name by a rule.  A name with nothing in it leaves the word to other rules.
 */
static void
propose_name(struct reader *r, size_t rule, struct str name)
{
	if (rule >= r->name_rule || !has_word(name))
		return;
	r->name_rule = rule;
	r->named_by = r->entry->field;
	buf_reset(&r->name);
	buf_addstr(&r->name, name);
}

/* ==== Tags ==== */

/* Take the value of a tag as the customer, if its key comes before the one taken. */
static void
take_customer(struct reader *r, struct str key, struct str value)
{
	for (size_t i = 0; i < r->n_customers && i < r->customer_key; i++) {
		struct camp_name clean;

		if (source_key(key, r->customers[i]) != 0)
			continue;
		camp_canonical(value, &clean);
		if (strcmp(clean.name, CAMP_NONE) == 0)
			return;
		r->out->customer =
		    arena_copy(r->arena, str_make(clean.name, clean.len));
		if (r->out->customer.p == NULL)
			r->out->customer = STR("");
		else
			r->customer_key = i;
		return;
	}
}

static void
add_tag(struct reader *r, struct str key, struct str value)
{
	char text[SOURCE_TAG_BYTES];
	size_t n = 0;

	key = str_trim(key);
	value = str_trim(value);
	if (value.len == 0)
		return;
	if (key.len > 0)
		take_customer(r, key, value);
	if (r->out->n_tags == SOURCE_TAGS_MAX)
		return;
	if (r->tags == NULL)
		r->tags = arena_alloc(r->arena, SOURCE_TAGS_MAX * sizeof(*r->tags));
	if (r->tags == NULL)
		return;
	for (size_t i = 0; i < key.len && n < sizeof(text); i++)
		text[n++] = key.p[i];
	if (key.len > 0 && n < sizeof(text))
		text[n++] = '=';
	for (size_t i = 0; i < value.len && n < sizeof(text); i++)
		text[n++] = value.p[i];
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	r->tags[r->out->n_tags] = arena_copy(r->arena, str_make(text, n));
	if (r->tags[r->out->n_tags].p != NULL)
		r->out->n_tags++;
	r->out->tags = r->tags;
}

/* ==== Rules ==== */

/* The first rule for names of the field at hand that matches; NO_RULE: none does. */
static size_t
name_rule(const struct reader *r, const struct str *keys, size_t n)
{
	const struct source_entry *e = r->entry;

	for (size_t i = e->rules; i < (size_t)e->rules + e->n_names; i++)
		if (source_rule_matches(&r->index->rules[i], keys, n))
			return i;
	return NO_RULE;
}

/* The first limit of the field at hand whose rule matches; NULL: none does. */
static const struct source_limit *
limit_of(const struct reader *r, const struct str *keys, size_t n)
{
	const struct source_entry *e = r->entry;
	size_t first = (size_t)e->rules + e->n_names + e->n_tags;

	for (uint8_t i = 0; i < e->n_limits; i++)
		if (source_rule_matches(&r->index->rules[first + i], keys, n))
			return &e->field->limits[i];
	return NULL;
}

/*
 * The value as the service takes it, without blanks at its ends.  What the service
 * would refuse is a fault: a fault of a name if the value is to be the campaign's name
 * so far, else one of a tag.
 */
static struct str
limited_value(
    struct reader *r, const struct str *keys, size_t n, size_t rule, struct str value)
{
	const struct source_limit *l = limit_of(r, keys, n);
	bool names = rule < r->name_rule;
	enum source_fault f;

	value = str_trim(value);
	if (l == NULL || value.len == 0)
		return value;
	f = source_limit(
	    l, &r->used, is_json(r), n > 0 ? keys[n - 1] : STR(""), &value, r->arena);
	if (names && f == SOURCE_TAG_LONG)
		f = SOURCE_NAME_LONG;
	if (names && f == SOURCE_TAG_CHARS)
		f = SOURCE_NAME_CHARS;
	note_fault(r, f);
	return value;
}

/* Read a value of a field without keys: its tag gets the key of the table. */
static void
read_whole(struct reader *r, struct str value)
{
	const struct source_field *f = r->entry->field;
	size_t rule = name_rule(r, NULL, 0);

	value = limited_value(r, NULL, 0, rule, value);
	propose_name(r, rule, value);
	if (f->tags != NULL)
		add_tag(r, str_of(f->tags), value);
}

/*
 * The key of a tag that a rule has found.  What a path names in full, such as
 * "category", is a list of tags without keys; below it, or where any key will do, the
 * last key is part of the tag.
 */
static struct str
tag_key(const struct source_rule *rule, const struct str *keys)
{
	if (rule->depth == 0 || (rule->depth == 1 && !rule->any_key))
		return STR("");
	return keys[rule->depth - 1];
}

/* Read a value below these keys. */
static void
read_entry(struct reader *r, const struct str *keys, size_t n, struct str value)
{
	const struct source_entry *e = r->entry;
	const struct source_rule *tags = &r->index->rules[e->rules + e->n_names];
	size_t rule = name_rule(r, keys, n);

	value = limited_value(r, keys, n, rule, value);
	propose_name(r, rule, value);
	for (uint8_t i = 0; i < e->n_tags; i++)
		if (source_rule_matches(&tags[i], keys, n))
			add_tag(r, tag_key(&tags[i], keys), value);
}

static void
on_leaf(void *arg, const struct str *keys, size_t n, struct str value)
{
	read_entry(arg, keys, n, value);
}

/* ==== Forms ==== */

static void
read_text(struct reader *r, struct str value)
{
	if (r->key.len > 0)
		read_entry(r, &r->key, 1, value);
	else
		read_whole(r, value);
}

static void
read_list(struct reader *r, struct str value)
{
	while (value.len > 0) {
		struct str part = str_make(value.p, str_find(value, ','));

		value = str_skip(value, part.len + 1);
		read_whole(r, part);
	}
}

static void
read_pairs(struct reader *r, struct str value)
{
	while (value.len > 0) {
		struct str part = str_make(value.p, str_find(value, ','));
		size_t equals = str_find(part, '=');
		struct str key = str_trim(str_make(part.p, equals));

		value = str_skip(value, part.len + 1);
		if (equals == part.len) {
			key = STR("");
			add_tag(r, key, limited_value(r, &key, 1, NO_RULE, part));
		} else if (key.len > 0) {
			read_entry(r, &key, 1, str_skip(part, equals + 1));
		}
	}
}

static void
read_json(struct reader *r, struct str value)
{
	if (r->entry->field->form == SOURCE_JSON_OR_TEXT &&
	    !str_starts(value, STR("{")))
		return;
	r->used = (struct source_used) { 0 };
	if (r->n_documents++ == SOURCE_DOCUMENTS_MAX)
		note_fault(r, SOURCE_TOO_MANY);
	if (r->n_documents <= SOURCE_DOCUMENTS_MAX)
		note_fault(r, source_json(value, on_leaf, r));
}

/*
 * Gmail counts from the right: SenderId is the last field, and what is more than three
 * places before it does not count.
 */
static void
read_feedback(struct reader *r, struct str value)
{
	size_t colons = 0;

	for (size_t i = value.len; i > 0; i--)
		if (value.p[i - 1] == ':' && ++colons == 4) {
			value = str_skip(value, i);
			break;
		}
	if (colons >= 3)
		propose_name(r, r->entry->rules,
		    str_trim(str_make(value.p, str_find(value, ':'))));
}

static void
read_list_id(struct reader *r, struct str value)
{
	size_t open = str_rfind(value, '<');

	if (open < value.len) {
		value = str_skip(value, open + 1);
		value = str_make(value.p, str_find(value, '>'));
	}
	value = str_trim(value);
	/* Without brackets a phrase is nothing to go by. */
	for (size_t i = 0; i < value.len; i++)
		if (ascii_iswsp(value.p[i]))
			return;
	propose_name(r, r->entry->rules, str_make(value.p, str_find(value, '.')));
}

/* Mailtrain's campaign.list.subscriber; what else is in such a field is not ours. */
static void
read_triple(struct reader *r, struct str value)
{
	size_t dots = 0, first = str_find(value, '.');

	for (size_t i = 0; i < value.len; i++) {
		dots += value.p[i] == '.' ? 1 : 0;
		if (value.p[i] != '.' && value.p[i] != '-' && value.p[i] != '_' &&
		    !ascii_isalnum(value.p[i]))
			return;
	}
	if (dots == 2 && first > 0)
		propose_name(r, r->entry->rules, str_make(value.p, first));
}

static void
read_decoded(struct reader *r, struct str value)
{
	switch (r->entry->field->form) {
	case SOURCE_COMMAND:
		return;
	case SOURCE_TEXT:
		read_text(r, value);
		return;
	case SOURCE_LIST:
		read_list(r, value);
		return;
	case SOURCE_PAIRS:
		read_pairs(r, value);
		return;
	case SOURCE_JSON:
	case SOURCE_JSON_OR_TEXT:
		read_json(r, value);
		return;
	case SOURCE_FEEDBACK:
		read_feedback(r, value);
		return;
	case SOURCE_LIST_ID:
		read_list_id(r, value);
		return;
	case SOURCE_TRIPLE:
		read_triple(r, value);
		return;
	}
}

/* ==== Messages ==== */

/*
 * Services put one blank where a field was folded, and so do we: a tab there would be
 * no JSON.
 */
static void
unfold(struct str value, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] != '\n' && value.p[i] != '\r') {
			buf_addc(out, value.p[i]);
			continue;
		}
		while (i + 1 < value.len && ascii_iswsp(value.p[i + 1]))
			i++;
		buf_addc(out, ' ');
	}
}

/* Out of memory the value is read as it came: another name, not a lost message. */
static void
read_value(struct reader *r, struct str value)
{
	struct buf line, text;

	value = str_trim(value);
	if (r->entry->field->form == SOURCE_JSON && value.len > SOURCE_JSON_BYTES) {
		note_fault(r, SOURCE_TOO_LONG);
		return;
	}
	buf_init(&line, value.len);
	buf_init(&text, MIMEWORD_GROWTH * value.len);
	unfold(value, &line);
	if (buf_failed(&line)) {
		read_decoded(r, value);
	} else {
		mimeword_decode(buf_str(&line), &text);
		read_decoded(r, buf_failed(&text) ? buf_str(&line) : buf_str(&text));
	}
	buf_fini(&text);
	buf_fini(&line);
}

/* All fields of the source in that place of the settings. */
static void
read_source(struct reader *r, const struct source_hits *hits, const struct hdr *h,
    unsigned rank)
{
	for (size_t i = 0; i < hits->n; i++) {
		const struct source_entry *e = &r->index->v[hits->v[i].entry];
		const struct hdr_field *f = &h->v[hits->v[i].field];

		if (e->rank != rank || hits->v[i].ignored ||
		    e->field->form == SOURCE_COMMAND)
			continue;
		r->entry = e;
		r->key = str_skip(f->name, e->name.len);
		read_value(r, f->value);
	}
}

/* The best name that was offered, if there is something in it. */
static void
take_name(struct reader *r, const struct source *s, struct camp_name *name)
{
	struct camp_name found;

	if (r->name_rule == NO_RULE || r->out->source != NULL)
		return;
	camp_canonical(buf_str(&r->name), &found);
	/* A name of nothing but junk says as little as no name. */
	if (str_eq(str_make(found.name, found.len), STR(CAMP_NONE)))
		return;
	*name = found;
	r->out->source = s;
	r->out->field = r->named_by;
}

void
source_read(const struct source_index *index, const struct source_hits *hits,
    const struct hdr *h, char *const *customers, size_t n_customers, struct arena *a,
    struct camp_name *name, struct source_found *out)
{
	struct reader r = { .index = index,
		.customers = customers,
		.n_customers = n_customers,
		.arena = a,
		.out = out,
		.customer_key = n_customers };
	const struct source *there[SOURCES_MAX] = { NULL };

	*out = (struct source_found) { .customer = STR(""), .fault_field = "" };
	for (size_t i = 0; i < hits->n; i++) {
		const struct source_entry *e = &index->v[hits->v[i].entry];

		there[e->rank] = e->source;
	}
	buf_init(&r.name, SIZE_MAX / 2);
	for (unsigned rank = 0; hits->n > 0 && rank < SOURCES_MAX; rank++) {
		if (there[rank] == NULL)
			continue;
		r.name_rule = NO_RULE;
		r.used = (struct source_used) { 0 };
		read_source(&r, hits, h, rank);
		take_name(&r, there[rank], name);
	}
	buf_fini(&r.name);
}
