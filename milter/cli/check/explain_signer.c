/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_signer.c - a signer that notes what it is given, and makes no signature.
 *
 * Key files are looked at where they can be read; a plain user mostly cannot, and that
 * changes nothing of what would be signed.
 */
#include <stdio.h>
#include <string.h>

#include "cli/check/explain.h"
#include "dkim/keyring.h"

/* The one signing there is; it belongs to the explain_signer. */
struct signing {
	struct explain_signer *owner;
};

static struct signing the_signing;

static void
look_at(struct explain_signer *s, struct explain_key *k)
{
	char warn[EXPLAIN_TEXT_MAX];
	struct keyring_key key;

	k->read = keyring_decode(k->key->file, s->user, &key, k->text, sizeof(k->text),
		      warn, sizeof(warn)) == 0;
	if (!k->read)
		return;
	k->ed25519 = key.type == KEYRING_ED25519;
	if (!k->ed25519)
		snprintf(k->text, sizeof(k->text), "rsa %u", key.bits);
	else
		snprintf(k->text, sizeof(k->text), "ed25519");
	keyring_key_fini(&key);
}

static void
add_keys(struct explain_signer *s, const struct conf_domain *d)
{
	for (size_t i = 0; i < d->n_keys && s->n_keys < CONF_KEYS_MAX; i++) {
		struct explain_key *k = &s->keys[s->n_keys++];

		*k = (struct explain_key) { .domain = d, .key = &d->keys[i] };
		look_at(s, k);
	}
}

static struct signing *
begin(void *self, const struct conf_domain *d, unsigned skips, char *err, size_t errlen)
{
	struct explain_signer *s = self;

	(void)skips;
	(void)err;
	(void)errlen;
	add_keys(s, d);
	for (size_t i = 0; i < d->n_also; i++)
		add_keys(s, d->also[i]);
	the_signing.owner = s;
	return &the_signing;
}

static int
field(struct signing *g, struct str name, struct str value)
{
	struct explain_signer *s = g->owner;

	(void)value;
	if (s->fields.len > 0)
		buf_addc(&s->fields, ':');
	for (size_t i = 0; i < name.len; i++)
		buf_addc(&s->fields, ascii_lower(name.p[i]));
	return 0;
}

static int
end_fields(struct signing *g)
{
	(void)g;
	return 0;
}

static int
body(struct signing *g, const void *p, size_t n)
{
	(void)g;
	(void)p;
	(void)n;
	return 0;
}

static size_t
end(struct signing *g, size_t *n, char *err, size_t errlen)
{
	struct explain_signer *s = g->owner;

	(void)err;
	(void)errlen;
	for (size_t i = 0; i < s->n_keys; i++) {
		buf_init(&s->value[i], EXPLAIN_MESSAGE_MAX);
		buf_addf(&s->value[i], " v=1; d=%s; s=%s; ...", s->keys[i].domain->name,
		    s->keys[i].key->selector);
	}
	*n = s->n_keys;
	return 0;
}

static struct sign_made
signature(const struct signing *g, size_t i)
{
	const struct explain_signer *s = g->owner;

	return (struct sign_made) { .value = buf_str(&s->value[i]),
		.domain = str_of(s->keys[i].domain->name),
		.selector = str_of(s->keys[i].key->selector),
		.ed25519 = s->keys[i].ed25519 };
}

static void
no_free(struct signing *g)
{
	(void)g;
}

void
explain_signer_init(struct explain_signer *s, const char *user)
{
	*s = (struct explain_signer) { .user = user,
		.port = { .begin = begin,
		    .field = field,
		    .end_fields = end_fields,
		    .body = body,
		    .end = end,
		    .signature = signature,
		    .free = no_free,
		    .self = s } };
	buf_init(&s->fields, EXPLAIN_MESSAGE_MAX);
}

void
explain_signer_fini(struct explain_signer *s)
{
	for (size_t i = 0; i < s->n_keys; i++)
		if (s->value[i].p != NULL)
			buf_fini(&s->value[i]);
	if (s->fields.p != NULL)
		buf_fini(&s->fields);
}
