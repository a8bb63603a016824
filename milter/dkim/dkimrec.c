/* SPDX-License-Identifier: BSD-2-Clause */
/* dkimrec.c - reads the record that publishes a DKIM key.  See the header. */
#include "dkim/dkimrec.h"

#include <stdio.h>

#include "dkim/taglist.h"
#include "text/base64.h"
#include "text/buf.h"
#include "text/visible.h"

#define ED25519_BYTES 32
#define SHOWN_MAX 24

/* v= is optional; if it is there, it must be the first tag and say DKIM1. */
static int
check_version(const struct taglist *l, char *err, size_t errlen)
{
	struct str v;
	struct buf shown;

	if (!taglist_get(l, "v", &v))
		return 0;
	if (!str_eq(v, STR("DKIM1"))) {
		buf_init(&shown, 8 * SHOWN_MAX);
		visible_quote(&shown, v, SHOWN_MAX);
		snprintf(err, errlen, "v= is %s, expected DKIM1", shown.p);
		buf_fini(&shown);
		return -1;
	}
	if (str_eq(l->v[0].name, STR("v")))
		return 0;
	snprintf(err, errlen, "v=DKIM1 is not its first tag");
	return -1;
}

/*
 * Names the first character that base64 does not allow, since an operator has to find
 * it.
 */
static int
bad_base64(struct str p, char *err, size_t errlen)
{
	for (size_t i = 0; i < p.len; i++) {
		char c = p.p[i];

		if (ascii_isalnum(c) || c == '+' || c == '/' || c == '=' ||
		    ascii_iswsp(c))
			continue;
		snprintf(err, errlen,
		    "p= is not base64: found %c as character %zu of it", c, i + 1);
		return -1;
	}
	snprintf(
	    err, errlen, "p= is not base64: it is cut short, or has = before its end");
	return -1;
}

static int
read_key(struct dkimrec *r, const struct taglist *l, char *err, size_t errlen)
{
	struct str p;
	int n;

	if (!taglist_get(l, "p", &p)) {
		snprintf(err, errlen, "found no p=, which holds the key");
		return -1;
	}
	if (p.len > 2 * DKIMREC_KEY_MAX) {
		snprintf(
		    err, errlen, "p= is of %zu characters: no key is that long", p.len);
		return -1;
	}
	n = base64_read(p, r->key, sizeof(r->key));
	if (n < 0)
		return bad_base64(p, err, errlen);
	r->key_len = (size_t)n;
	if (r->type == DKIMREC_ED25519 && n != 0 && n != ED25519_BYTES) {
		snprintf(err, errlen,
		    "p= holds %d bytes, expected the %d of an Ed25519 key alone (RFC 8463)",
		    n, ED25519_BYTES);
		return -1;
	}
	return 0;
}

int
dkimrec_read(struct dkimrec *r, struct str text, char *err, size_t errlen)
{
	struct taglist l;
	struct str k, value;

	*r = (struct dkimrec) { .sha256 = true, .email = true };
	if (taglist_read(&l, text, err, errlen) != 0 ||
	    check_version(&l, err, errlen) != 0)
		return -1;
	r->type_name = taglist_get(&l, "k", &k) ? k : STR("rsa");
	r->type = str_caseeq(r->type_name, STR("rsa")) ? DKIMREC_RSA
	    : str_caseeq(r->type_name, STR("ed25519")) ? DKIMREC_ED25519
						       : DKIMREC_OTHER;
	if (taglist_get(&l, "h", &value))
		r->sha256 = taglist_lists(value, "sha256");
	if (taglist_get(&l, "s", &value))
		r->email = taglist_lists(value, "email") || taglist_lists(value, "*");
	if (taglist_get(&l, "t", &value)) {
		r->testing = taglist_lists(value, "y");
		r->strict = taglist_lists(value, "s");
	}
	return read_key(r, &l, err, errlen);
}
