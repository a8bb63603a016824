/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings.c - the rows of config/settings.h as a table, and access to the fields of a
 * struct conf by row.
 */
#include "config/settings.h"

#include <stdlib.h>
#include <string.h>

#include "config/conf.h"

#define TEXT_ROW(field, check, value, at_start)                                        \
 { .name = #field,                                                                     \
	 .type = SETTING_TEXT,                                                         \
	 .offset = offsetof(struct conf, field),                                       \
	 .text = (value),                                                              \
	 .restart = (at_start),                                                        \
	 .line = offsetof(struct conf_lines, field) },
#define TRUTH_ROW(field, value)                                                        \
 { .name = #field,                                                                     \
	 .type = SETTING_TRUTH,                                                        \
	 .offset = offsetof(struct conf, field),                                       \
	 .number = (value) },
#define NUMBER_ROW(field, value)                                                       \
 { .name = #field,                                                                     \
	 .type = SETTING_NUMBER,                                                       \
	 .offset = offsetof(struct conf, field),                                       \
	 .number = (value) },

static const struct setting table[] = { SETTINGS(
    TEXT_ROW, TRUTH_ROW, NUMBER_ROW, NUMBER_ROW) };

#define ROWS (sizeof(table) / sizeof(table[0]))

/* setting_set_number() writes 32 bits. */
#define NOTHING(...)
#define IS_32_BITS(field, value)                                                       \
 _Static_assert(sizeof(((struct conf *)0)->field) == sizeof(int32_t), #field);
SETTINGS(NOTHING, NOTHING, IS_32_BITS, IS_32_BITS)

const struct setting *
settings_table(size_t *n)
{
	*n = ROWS;
	return table;
}

const char *
setting_text(const struct setting *s, const struct conf *c)
{
	const char *value;

	memcpy(&value, (const char *)c + s->offset, sizeof(value));
	return value != NULL ? value : "";
}

int
setting_set_text(const struct setting *s, struct conf *c, const char *value)
{
	char *copy = strdup(value), *old;

	if (copy == NULL)
		return -1;
	memcpy(&old, (char *)c + s->offset, sizeof(old));
	free(old);
	memcpy((char *)c + s->offset, &copy, sizeof(copy));
	return 0;
}

void
setting_set_number(const struct setting *s, struct conf *c, int32_t value)
{
	bool truth = value != 0;

	if (s->type == SETTING_TRUTH)
		memcpy((char *)c + s->offset, &truth, sizeof(truth));
	else
		memcpy((char *)c + s->offset, &value, sizeof(value));
}

int
settings_init(struct conf *c)
{
	for (const struct setting *s = table; s < table + ROWS; s++)
		if (s->type != SETTING_TEXT)
			setting_set_number(s, c, s->number);
		else if (setting_set_text(s, c, s->text) != 0)
			return -1;
	return 0;
}

void
settings_fini(struct conf *c)
{
	char *text;

	for (const struct setting *s = table; s < table + ROWS; s++) {
		if (s->type != SETTING_TEXT)
			continue;
		memcpy(&text, (char *)c + s->offset, sizeof(text));
		free(text);
	}
}
