/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_track.h - the settings of a stream that write tracking fields, and what they may
 * hold.  Pure.
 *
 * A template is judged by what it makes of the longest values that a message can bring,
 * so that what passes here is good for every message.  tracking/tracking_fields.h and
 * token/verp.h carry the settings out.
 */
#ifndef METERMARK_CONFIG_CONF_TRACK_H
#define METERMARK_CONFIG_CONF_TRACK_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/tmpl.h"
#include "text/str.h"

struct conf;
struct conf_stream;

/* Bytes of one URI that we write: with its name and brackets it fits on one line. */
#define CONF_URI_MAX ((size_t)900)

/* What a message with several recipients gets in place of an URL with a token. */
enum conf_several { CONF_SEVERAL_LIST, CONF_SEVERAL_NONE, CONF_SEVERAL_REJECT };

/* All zero: nothing is written.  The templates may be NULL. */
struct conf_track {
	struct tmpl *list_unsubscribe;        /* https URL */
	struct tmpl *list_unsubscribe_mailto; /* mailbox, ?query may follow */
	struct tmpl *list_unsubscribe_list;   /* https URL or mailto:, for several */
	struct tmpl *list_id;
	struct tmpl *return_path; /* mailbox */
	struct tmpl *cfbl_address;
	struct tmpl *cfbl_feedback_id;
	struct tmpl *message_id; /* without <> */
	bool one_click;
	bool remove_leaks;
	bool keep_feedback_id; /* the sender's own stays */
	bool replace_list_unsubscribe, replace_list_id;
	enum conf_several several;
};

void conf_track_fini(struct conf_track *);

/*
 * Checks of single values, as those of config/conf.h: 0, or -1 with a phrase that
 * completes "expected ...".  A template that tmpl_parse() refuses passes: its fault is
 * told by whoever parses it.
 */
int conf_check_unsubscribe_url(const char *, char *err, size_t errlen);
int conf_check_unsubscribe_mailto(const char *, char *err, size_t errlen);
int conf_check_unsubscribe_list(const char *, char *err, size_t errlen);
int conf_check_list_id(const char *, char *err, size_t errlen);
int conf_check_return_path(const char *, char *err, size_t errlen);
int conf_check_cfbl_address(const char *, char *err, size_t errlen);
int conf_check_cfbl_feedback_id(const char *, char *err, size_t errlen);
int conf_check_message_id(const char *, char *err, size_t errlen);
/* A field of the sender that may be replaced. */
int conf_check_replace(const char *, char *err, size_t errlen);

/* Grammar that holds for what is written, too: list-id of RFC 2919 without <>. */
bool conf_track_list_id_ok(struct str id);
/* The domain of a CFBL-Address value: what follows the @, up to the parameters. */
struct str conf_track_cfbl_domain(struct str value);

/* Any template of the stream, rules included, uses that placeholder. */
bool conf_stream_uses(const struct conf_stream *, enum tmpl_var);

/*
 * What can only be judged with everything read: settings that need or exclude each
 * other, tokens without keys, a CFBL-Address that no domain could align with.  For a
 * conf whose domains are indexed.  0, or -1 with a sentence.
 */
int conf_track_finish(
    const struct conf *, const struct conf_stream *, char *err, size_t errlen);
/* True with a sentence when it is allowed but some mail will go without. */
bool conf_track_advise(
    const struct conf *, const struct conf_stream *, char *text, size_t size);

#endif
