/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.c - struct status as JSON, by one table for both ways.
 */
#include "flush/status.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "system/jsonfile.h"

enum kind { NUMBER, TRUTH, TEXT };

#define FIELD(kind, name)                                                              \
 {                                                                                     \
#  name, kind, offsetof(struct status, name), sizeof(((struct status *)0)->name)       \
 }

static const struct {
	const char *name;
	enum kind kind;
	size_t at, size;
} fields[] = {
	FIELD(NUMBER, written_ms),
	FIELD(NUMBER, started_ms),
	FIELD(NUMBER, pid),
	FIELD(TRUTH, stopped),
	FIELD(TEXT, producer),
	FIELD(TEXT, redis),
	FIELD(TRUTH, redis_there),
	FIELD(NUMBER, redis_away_ms),
	FIELD(NUMBER, redis_ok_ms),
	FIELD(TEXT, redis_error),
	FIELD(NUMBER, redis_error_ms),
	FIELD(NUMBER, backlog_messages),
	FIELD(NUMBER, backlog_oldest_ms),
	FIELD(TRUTH, on_disk),
	FIELD(TRUTH, held),
	FIELD(NUMBER, journal_segments),
	FIELD(NUMBER, journal_bytes),
	FIELD(NUMBER, ledger_bytes),
	FIELD(TRUTH, journal_down),
	FIELD(NUMBER, journal_left_out),
	FIELD(NUMBER, journal_sync_failures),
	FIELD(NUMBER, retained_batches),
	FIELD(NUMBER, retained_bytes),
	FIELD(NUMBER, lost_deltas),
	FIELD(NUMBER, damaged_records),
	FIELD(NUMBER, other_names),
	FIELD(NUMBER, crowded),
	FIELD(NUMBER, sent),
	FIELD(NUMBER, applied),
	FIELD(NUMBER, duplicates),
	FIELD(NUMBER, refused),
	FIELD(NUMBER, restored),
	FIELD(NUMBER, not_whole),
};
#define FIELDS (sizeof fields / sizeof fields[0])

/* A text from Redis may not be UTF-8. */
static json_t *
text_of(const char *text)
{
	json_t *v = json_string(text);
	char plain[512];
	size_t n = 0;

	if (v != NULL)
		return v;
	for (; text[n] != '\0' && n < sizeof plain - 1; n++)
		plain[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	plain[n] = '\0';
	return json_string(plain);
}

static json_t *
value_of(const struct status *s, size_t i)
{
	const char *at = (const char *)s + fields[i].at;
	int64_t number;
	bool truth;

	switch (fields[i].kind) {
	case NUMBER:
		memcpy(&number, at, sizeof number);
		return json_integer((json_int_t)number);
	case TRUTH:
		memcpy(&truth, at, sizeof truth);
		return json_boolean(truth);
	case TEXT:
		return text_of(at);
	}
	return NULL;
}

int
status_write(const char *dir, const struct status *s, char *err, size_t errlen)
{
	json_t *object = json_object();

	for (size_t i = 0; object != NULL && i < FIELDS; i++)
		json_object_set_new(object, fields[i].name, value_of(s, i));
	return jsonfile_write(dir, STATUS_FILE, object, err, errlen);
}

static void
set_field(struct status *s, size_t i, const json_t *v)
{
	char *at = (char *)s + fields[i].at;
	int64_t number = (int64_t)json_integer_value(v);
	bool truth = json_is_true(v);

	switch (fields[i].kind) {
	case NUMBER:
		memcpy(at, &number, sizeof number);
		break;
	case TRUTH:
		memcpy(at, &truth, sizeof truth);
		break;
	case TEXT:
		snprintf(at, fields[i].size, "%s",
		    json_is_string(v) ? json_string_value(v) : "");
		break;
	}
}

int
status_read(const char *dir, struct status *s, char *err, size_t errlen)
{
	json_t *object = jsonfile_read(dir, STATUS_FILE, err, errlen);

	*s = (struct status) { .written_ms = 0 };
	if (object == NULL)
		return -1;
	for (size_t i = 0; i < FIELDS; i++)
		set_field(s, i, json_object_get(object, fields[i].name));
	json_decref(object);
	return 0;
}
