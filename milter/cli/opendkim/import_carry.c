/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_carry.c - the settings of opendkim.conf that are not about domains and keys,
 * as settings of metermark.conf.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/opendkim/import.h"
#include "cli/opendkim/odkhosts.h"
#include "text/visible.h"

#define SHOWN_MAX 60

static int
shown(struct str s)
{
	return s.len > SHOWN_MAX ? SHOWN_MAX : (int)s.len;
}

/* "# FILE:LINE: NAME VALUE" */
static void
add_origin(struct buf *out, const struct import_setting *s, const char *indent)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_addf(&b, "%s:%u: %s %.*s", s->file, s->line, s->known->name,
	    s->value.len > 200 ? 200 : (int)s->value.len, s->value.p);
	buf_addf(out, "%s# ", indent);
	visible_add(out, buf_str(&b), true);
	buf_addc(out, '\n');
	buf_fini(&b);
}

/* --- listen, group --- */

/* unix:/PATH or inet:PORT@HOST from the forms of opendkim; "" when it is none. */
static void
socket_text(const struct import *im, struct str value, struct buf *out)
{
	size_t colon = str_find(value, ':');
	struct str type = str_make(value.p, colon), rest = str_skip(value, colon + 1);
	char path[IMPORT_PATH_MAX];

	if (str_caseeq(type, STR("inet")) || str_caseeq(type, STR("inet6"))) {
		bool six = type.len == 5;

		buf_addf(out, "%s:%.*s", six ? "inet6" : "inet", (int)rest.len, rest.p);
		if (str_find(rest, '@') == rest.len)
			buf_adds(out, six ? "@::" : "@0.0.0.0");
		return;
	}
	if (!str_caseeq(type, STR("local")) && !str_caseeq(type, STR("unix")))
		rest = value;
	if (rest.len > 0 && import_path(im, rest, path))
		buf_addf(out, "unix:%s%s", im->chroot, path);
}

/* The group that could connect: of UserID, or of the user that it names. */
static void
carry_group(struct import *im, const struct import_setting *s, struct buf *out)
{
	size_t colon = str_find(s->value, ':');
	char user[64] = "", group[64] = "", why[256];
	const struct passwd *pw;
	const struct group *gr;

	snprintf(user, sizeof(user), "%.*s", (int)colon, s->value.p);
	if (colon < s->value.len)
		snprintf(group, sizeof(group), "%.*s", (int)(s->value.len - colon - 1),
		    s->value.p + colon + 1);
	pw = getpwnam(user);
	gr = group[0] != '\0' ? getgrnam(group)
	    : pw != NULL      ? getgrgid(pw->pw_gid)
			      : NULL;
	if (gr == NULL || conf_check_account(gr->gr_name, why, sizeof(why)) != 0) {
		import_note(im, s->file, s->line, "UserID",
		    "metermark has a user of its own; the group %s, which could connect to the socket, is not known here: see group in metermark.conf(5)",
		    group[0] != '\0' ? group : user);
		return;
	}
	import_note(im, s->file, s->line, "UserID",
	    "the group %s may connect; the systemd unit cannot give it the socket, a folder can: chown metermark:%s and chmod 2750 that of the socket",
	    gr->gr_name, gr->gr_name);
	add_origin(out, s, "");
	buf_adds(out,
	    "# The group may connect; metermark itself has a user of its own.\ngroup = ");
	import_quote(out, str_of(gr->gr_name));
	buf_adds(out, "\n\n");
}

/* The unit lets metermark write in few places, and opendkim's is none of them. */
static void
note_folder(struct import *im, const struct import_setting *s, struct str path)
{
	size_t slash = str_rfind(path, '/');

	import_note(im, s->file, s->line, "Socket",
	    "metermark has to make files in %.*s: its user must be let write there, the systemd unit too by ReadWritePaths= (systemctl edit metermark-milter); or name a socket of metermark's own, here and to the mail server",
	    slash > 0 ? (int)slash : 1, path.p);
}

static void
carry_socket(struct import *im, struct buf *out)
{
	const struct import_setting *s = import_get(im, "Socket"),
				    *user = import_get(im, "UserID");
	struct buf text;
	char phrase[256] = "a path without ${";
	bool tcp = false;

	if (s == NULL) {
		import_note(im, im->file, 0, "Socket",
		    "not set here, so the socket is metermark's own, unix:/run/metermark/milter.sock; opendkim was given one by -p");
		return;
	}
	buf_init(&text, IMPORT_PATH_MAX);
	socket_text(im, s->value, &text);
	if (conf_check_listen(text.p, &tcp, phrase, sizeof(phrase)) != 0 ||
	    !import_can_quote(buf_str(&text))) {
		import_lost(im, s->file, s->line, "Socket", "%.*s: expected %s",
		    shown(s->value), s->value.p, phrase);
		buf_fini(&text);
		return;
	}
	add_origin(out, s, "");
	buf_adds(out, "# Where opendkim listens, nobody else can: stop it first.\n");
	if (!tcp)
		note_folder(im, s, str_skip(buf_str(&text), strlen("unix:")));
	buf_adds(out, "listen = ");
	import_quote(out, buf_str(&text));
	buf_addc(out, '\n');
	if (tcp)
		buf_adds(out, "allow_tcp = true\n");
	buf_addc(out, '\n');
	buf_fini(&text);
	if (!tcp && user != NULL)
		carry_group(im, user, out);
	/* A socket made with that mask. */
	if (!tcp && (import_number(im, "UMask", 022) & 2) == 0) {
		s = import_get(im, "UMask");
		import_note(im, s->file, s->line, "UMask",
		    "every user could connect to the socket; metermark's is for its group only: put the mail server's user into that");
	}
}

/* --- failure --- */

/* What On-NAME says: a, d, q, r or t; '\0': it is not set. */
static int
reaction(const struct import *im, const char *name, char *out)
{
	static const char *const words[] = { "accept", "discard", "quarantine",
		"reject", "tempfail" };
	const struct import_setting *s = import_get(im, name);

	*out = '\0';
	if (s == NULL)
		return EX_OK;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_caseeq(s->value, str_of(words[i])) ||
		    str_caseeq(s->value, str_make(words[i], 1))) {
			*out = words[i][0];
			return EX_OK;
		}
	return import_broken(s->file, s->line,
	    "%s: expected accept, discard, quarantine, reject or tempfail", name);
}

/* One setting of the kind that metermark has one answer for. */
static void
compare_reaction(struct import *im, const char *name, char wanted, char got)
{
	const struct import_setting *s = import_get(im, name);

	if (s == NULL || wanted == got)
		return;
	import_lost(im, s->file, s->line, name,
	    "%.*s: a message that could not be signed is %s by metermark; see on_sign_failure",
	    shown(s->value), s->value.p, got == 'a' ? "sent on" : "deferred");
}

/* The setting that decides: its own, else On-Default. */
static int
effective(const struct import *im, const char *name, char *out,
    const struct import_setting **s)
{
	int status = reaction(im, name, out);

	*s = import_get(im, name);
	if (status == EX_OK && *out == '\0') {
		status = reaction(im, "On-Default", out);
		*s = import_get(im, "On-Default");
	}
	return status;
}

static int
carry_failure(struct import *im, struct buf *out)
{
	const struct import_setting *s;
	char internal, signature;
	int status = effective(im, "On-InternalError", &internal, &s);

	if (status == EX_OK)
		status = reaction(im, "On-SignatureError", &signature);
	if (status != EX_OK)
		return status;
	if (internal == 'a') {
		add_origin(out, s, "");
		buf_adds(out, "on_sign_failure = \"accept\"\n\n");
	} else if (internal != '\0' && internal != 't') {
		import_lost(im, s->file, s->line, s->known->name,
		    "%.*s: on_sign_failure can be accept or tempfail; it is tempfail",
		    shown(s->value), s->value.p);
	}
	/* A key that cannot sign is found at the start, not by a message. */
	if (signature != 'r')
		compare_reaction(
		    im, "On-SignatureError", signature, internal == 'a' ? 'a' : 't');
	else
		import_needless(im, "On-SignatureError", "keys are tried at the start");
	return EX_OK;
}

/* RequiredHeaders or StrictHeaders, if one of them is true. */
static const struct import_setting *
strictness(const struct import *im)
{
	if (import_true(im, "RequiredHeaders", false))
		return import_get(im, "RequiredHeaders");
	return import_true(im, "StrictHeaders", false) ? import_get(im, "StrictHeaders")
						       : NULL;
}

/* What cannot be signed has a bad signature to opendkim, and leaves without one. */
static int
carry_bad_message(struct import *im, struct buf *out)
{
	const struct import_setting *s, *strict = strictness(im);
	char bad;
	int status = effective(im, "On-BadSignature", &bad, &s);

	if (status != EX_OK)
		return status;
	if (strict == NULL && (bad == '\0' || bad == 'a')) {
		buf_adds(out,
		    "# Such messages leave unsigned, as with opendkim; \"reject\" is wiser.\non_bad_message = \"accept\"\n\n");
		import_needless(im, "On-BadSignature", "see on_bad_message");
		return EX_OK;
	}
	add_origin(out, strict != NULL ? strict : s, "");
	buf_adds(out, "on_bad_message = \"reject\"\n\n");
	if (strict == NULL && bad != 'r')
		import_lost(im, s->file, s->line, s->known->name,
		    "%.*s: on_bad_message can be accept or reject; it is reject",
		    shown(s->value), s->value.p);
	return EX_OK;
}

/* --- outbound --- */

struct sink {
	struct import *im;
	const char *name, *file;
	unsigned line;
	struct odkhosts *hosts;
	struct buf *list;
	bool peer, refile;
};

static int
on_host(void *arg, unsigned line, struct str entry, struct str value)
{
	struct sink *sink = arg;
	struct import *im = sink->im;

	(void)value;
	line = line != 0 ? line : sink->line;
	switch (odkhosts_add(sink->hosts, entry, sink->peer)) {
	case ODKHOSTS_TAKEN:
		break;
	case ODKHOSTS_NAME:
		import_lost(im, sink->file, line, sink->name,
		    "%.*s: metermark knows clients by address, not by name; write its network into outbound",
		    shown(entry), entry.p);
		break;
	case ODKHOSTS_NEVER:
		import_note(im, sink->file, line, sink->name,
		    "%.*s: opendkim finds no client in it, as bits behind the prefix are set; it is left out",
		    shown(entry), entry.p);
		break;
	case ODKHOSTS_NO_MEMORY:
		return import_no_memory();
	}
	return EX_OK;
}

static int
read_hosts(struct import *im, const char *name, struct odkhosts *hosts, bool peer)
{
	const struct import_setting *s = import_get(im, name);
	struct sink sink = { .im = im, .name = name, .hosts = hosts, .peer = peer };

	if (s == NULL)
		return EX_OK;
	sink.line = s->line;
	return import_entries(im, s, &sink.file, on_host, &sink);
}

static int
carry_networks(struct import *im, struct buf *out)
{
	const struct import_setting *internal = import_get(im, "InternalHosts"),
				    *peers = import_get(im, "PeerList");
	struct odkhosts hosts;
	struct cidr *nets = NULL;
	char text[256];
	size_t n = 0;
	int status;

	odkhosts_init(&hosts);
	if (internal == NULL)
		odkhosts_add(&hosts, STR("localhost"), false);
	status = read_hosts(im, "InternalHosts", &hosts, false);
	if (status == EX_OK)
		status = read_hosts(im, "PeerList", &hosts, true);
	if (status == EX_OK &&
	    odkhosts_networks(&hosts, &nets, &n, text, sizeof(text)) != 0)
		status = import_broken(im->file, internal != NULL ? internal->line : 0,
		    "InternalHosts: %s", text);
	odkhosts_fini(&hosts);
	if (status != EX_OK)
		return status;
	if (internal != NULL)
		add_origin(out, internal, "\t");
	if (peers != NULL) {
		add_origin(out, peers, "\t");
		import_lost(im, peers->file, peers->line, "PeerList",
		    "its hosts are cut out of networks; a client there that authenticates is signed all the same");
	}
	buf_adds(out, "\tnetworks = {");
	for (size_t i = 0; i < n; i++) {
		cidr_format(&nets[i], text, sizeof(text));
		buf_addf(out, "%s%s\"%s\"", i > 0 ? "," : "",
		    i % 4 == 0 ? "\n\t\t" : " ", text);
	}
	buf_adds(out, n > 0 ? "\n\t}\n" : "}\n");
	free(nets);
	return EX_OK;
}

static void
add_daemon(struct sink *sink, unsigned line, struct str name)
{
	char text[256], why[256];

	snprintf(
	    text, sizeof(text), "%.*s", name.len < 256 ? (int)name.len : 0, name.p);
	if (!import_can_quote(name) || conf_check_text(text, why, sizeof(why)) != 0) {
		import_lost(sink->im, sink->file, line != 0 ? line : sink->line,
		    sink->name, "%.*s: expected %s", shown(name), name.p, why);
		return;
	}
	if (sink->list->len > 0)
		buf_adds(sink->list, ", ");
	import_quote(sink->list, name);
}

static int
on_mta(void *arg, unsigned line, struct str name, struct str value)
{
	(void)value;
	add_daemon(arg, line, name);
	return EX_OK;
}

static int
on_macro(void *arg, unsigned line, struct str name, struct str value)
{
	struct sink *sink = arg;

	if (str_eq(name, STR("daemon_name")) && value.len > 0) {
		while (value.len > 0) {
			size_t bar = str_find(value, '|');

			add_daemon(sink, line, str_trim(str_make(value.p, bar)));
			value = str_skip(value, bar + 1);
		}
		return EX_OK;
	}
	/* Clients that authenticate are ours anyway. */
	if (value.len == 0 &&
	    (str_eq(name, STR("auth_type")) || str_eq(name, STR("auth_authen"))))
		return EX_OK;
	import_lost(sink->im, sink->file, line != 0 ? line : sink->line, "MacroList",
	    "%.*s: metermark looks at the address, {daemon_name} and {auth_authen} only",
	    shown(name), name.p);
	return EX_OK;
}

static int
carry_daemons(struct import *im, struct buf *out)
{
	const struct import_setting *mta = import_get(im, "MTA"),
				    *macros = import_get(im, "MacroList");
	struct sink sink = { .im = im };
	struct buf list;
	int status = EX_OK;

	buf_init(&list, 65536);
	sink.list = &list;
	if (macros != NULL) {
		sink.name = "MacroList";
		sink.line = macros->line;
		status = import_entries(im, macros, &sink.file, on_macro, &sink);
	}
	/* Seen with 2.11: a macro with another value is the last word. */
	if (list.len > 0) {
		add_origin(out, macros, "\t");
		import_needless(im, "MTA",
		    "opendkim does not ask it when MacroList names daemon_name");
	} else if (status == EX_OK && mta != NULL) {
		sink.name = "MTA";
		sink.line = mta->line;
		status = import_entries(im, mta, &sink.file, on_mta, &sink);
		add_origin(out, mta, "\t");
	}
	if (list.len > 0)
		buf_addf(out, "\tdaemon_names = {%s}\n", list.p);
	buf_fini(&list);
	return status;
}

static int
carry_outbound(struct import *im, struct buf *out)
{
	int status;

	buf_adds(out, "outbound {\n");
	status = carry_networks(im, out);
	if (status == EX_OK)
		status = carry_daemons(im, out);
	buf_adds(out,
	    "\t# opendkim also signs mail that a content filter hands back to this host;\n\t# reinjected = true does, and daemon_names is the safer way.\n"
	    "}\n\n");
	return status;
}

int
import_carry(struct import *im, struct buf *out)
{
	int status = import_carry_signature(im);

	if (status != EX_OK)
		return status;
	carry_socket(im, out);
	import_needless(im, "UserID",
	    "metermark has a user of its own, or see user in metermark.conf(5)");
	import_needless(im, "UMask", "the socket has mode 0660");
	status = carry_failure(im, out);
	if (status == EX_OK)
		status = carry_bad_message(im, out);
	return status == EX_OK ? carry_outbound(im, out) : status;
}
