/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_host.c - what `metermark doctor` looks at on this host but the daemon: the
 * settings, the keys, the state directory.  See doctor.h.
 */
#include "cli/doctor/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "config/conffile.h"
#include "daemon/privs.h"
#include "dkim/keyring.h"
#include "show/human.h"
#include "tracking/tokenkeys.h"

#define MB (INT64_C(1024) * 1024)
#define ROOM_MIN (16 * MB) /* below that the journal cannot be relied on */
#define INODES_MIN 100
#define AS_ROOT "run metermark doctor as root"

static void
advised(void *arg, const char *sentence)
{
	doctor_add(arg, DOCTOR_WARN, "settings", NULL, "%s", sentence);
}

/* What root can read, and the daemon cannot. */
static void
look_as_user(struct doctor *d)
{
	char note[512], err[DOCTOR_TEXT_MAX];
	struct privs who;

	if (geteuid() != 0 ||
	    privs_resolve(&d->conf, &who, note, sizeof(note), err, sizeof(err)) != 0)
		return;
	if (privs_assume(&who, err, sizeof(err)) == 0)
		privs_check_settings(&d->conf, advised, d);
	if (privs_resume(&who, err, sizeof(err)) != 0)
		doctor_add(d, DOCTOR_WARN, "settings", AS_ROOT, "%s", err);
}

void
doctor_settings(struct doctor *d)
{
	char err[DOCTOR_TEXT_MAX];

	if (access(d->file, R_OK) != 0) {
		int e = errno;

		doctor_add(d, DOCTOR_FAIL, "settings",
		    e == EACCES ? AS_ROOT : "name the file with -c, or install one",
		    "cannot read %s: %s", d->file, strerror(e));
		return;
	}
	if (conffile_read(d->file, &d->conf, err, sizeof(err)) != 0) {
		doctor_add(d, DOCTOR_FAIL, "settings",
		    "correct that line; metermark-milter -t looks again; metermark.conf(5) tells all settings",
		    "%s", err);
		return;
	}
	d->conf_read = true;
	doctor_add(d, DOCTOR_PASS, "settings", NULL, "%s: %zu domain%s, %zu stream%s",
	    d->file, d->conf.n_domains, d->conf.n_domains == 1 ? "" : "s",
	    d->conf.n_streams, d->conf.n_streams == 1 ? "" : "s");
	conffile_advise(&d->conf, advised, d);
	look_as_user(d);
}

/* --- keys --- */

static void
look_at_key(struct doctor *d, const struct conf_domain *domain,
    const struct conf_key *key, size_t *good)
{
	char err[DOCTOR_TEXT_MAX], warn[DOCTOR_TEXT_MAX] = "";
	struct keyring_key out;

	if (keyring_decode(key->file, d->conf.user, &out, err, sizeof(err), warn,
		sizeof(warn)) != 0) {
		doctor_add(d, DOCTOR_FAIL, "keys",
		    access(key->file, R_OK) != 0 && errno == EACCES ? AS_ROOT : NULL,
		    "%s/%s: %s", domain->name, key->selector, err);
		return;
	}
	keyring_key_fini(&out);
	++*good;
	if (warn[0] != '\0')
		doctor_add(d, DOCTOR_WARN, "keys", NULL, "%s/%s: %s", domain->name,
		    key->selector, warn);
}

static void
look_at_token_key(struct doctor *d, const struct conf_token_key *key, size_t *good)
{
	char err[DOCTOR_TEXT_MAX], warn[DOCTOR_TEXT_MAX];

	if (tokenkeys_try(key, d->conf.user, err, sizeof(err), warn, sizeof(warn)) !=
	    0) {
		doctor_add(d, DOCTOR_FAIL, "keys",
		    access(key->file, R_OK) != 0 && errno == EACCES ? AS_ROOT : NULL,
		    "token key %c: %s", key->id, err);
		return;
	}
	++*good;
	if (warn[0] != '\0')
		doctor_add(
		    d, DOCTOR_WARN, "keys", NULL, "token key %c: %s", key->id, warn);
}

static void
look_at_token_keys(struct doctor *d)
{
	size_t good = 0;

	for (size_t i = 0; i < d->conf.n_token_keys; i++)
		look_at_token_key(d, &d->conf.token_keys[i], &good);
	if (good > 0)
		doctor_add(d, DOCTOR_PASS, "keys", NULL, "%zu token key%s can be read",
		    good, good == 1 ? "" : "s");
}

void
doctor_keys(struct doctor *d)
{
	size_t good = 0;

	for (size_t i = 0; i < d->conf.n_domains; i++)
		for (size_t k = 0; k < d->conf.domains[i].n_keys; k++)
			look_at_key(
			    d, &d->conf.domains[i], &d->conf.domains[i].keys[k], &good);
	if (good > 0)
		doctor_add(d, DOCTOR_PASS, "keys", NULL, "%zu key%s can sign", good,
		    good == 1 ? "" : "s");
	if (d->conf.domain_table != NULL && d->conf.domain_table[0] != '\0')
		doctor_add(d, DOCTOR_PASS, "keys", NULL,
		    "those of domain_table are tried by metermark-milter -t");
	look_at_token_keys(d);
}

/* --- the state directory --- */

static void
look_at_rights(struct doctor *d, const char *dir, const struct stat *st)
{
	const struct passwd *pw = getpwnam(d->conf.user);

	if (pw == NULL) {
		doctor_add(d, DOCTOR_FAIL, "state_dir",
		    "run systemd-sysusers, or set `user` to one that exists",
		    "there is no user %s for the daemon", d->conf.user);
	} else if (st->st_uid != pw->pw_uid) {
		doctor_add(d, DOCTOR_FAIL, "state_dir", NULL,
		    "%s belongs to uid %lu, not to %s, as whom the daemon runs", dir,
		    (unsigned long)st->st_uid, d->conf.user);
		doctor_fix(d, "chown -R %s %s", d->conf.user, dir);
	} else if ((st->st_mode & 077) != 0) {
		doctor_add(d, DOCTOR_WARN, "state_dir", NULL,
		    "%s has mode %04o: others may read what is counted, and the key of the recipients",
		    dir, (unsigned)(st->st_mode & 07777));
		doctor_fix(d, "chmod 700 %s", dir);
	} else {
		doctor_add(d, DOCTOR_PASS, "state_dir", NULL, "%s belongs to %s alone",
		    dir, d->conf.user);
	}
}

static void
look_at_room(struct doctor *d, const char *dir)
{
	struct statvfs fs;
	char left[HUMAN_MAX];
	int64_t room, wanted = (int64_t)d->conf.journal_max_mb * MB;

	if (statvfs(dir, &fs) != 0) {
		doctor_add(
		    d, DOCTOR_WARN, "disk", NULL, "%s: %s", dir, strerror(errno));
		return;
	}
	room = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	human_bytes(left, room);
	if ((fs.f_flag & ST_RDONLY) != 0)
		doctor_add(d, DOCTOR_FAIL, "disk",
		    "mount it for writing: until then a crash loses counts",
		    "%s is on a file system that is read-only", dir);
	else if (room < ROOM_MIN || (fs.f_files > 0 && fs.f_favail < INODES_MIN))
		doctor_add(d, DOCTOR_FAIL, "disk",
		    "make room: until then a crash loses counts",
		    "%s has %s left, and %llu files", dir, left,
		    (unsigned long long)fs.f_favail);
	else if (room < wanted)
		doctor_add(d, DOCTOR_WARN, "disk", "make room, or lower journal_max_mb",
		    "%s has %s left; journal_max_mb is %" PRIu32, dir, left,
		    d->conf.journal_max_mb);
	else
		doctor_add(d, DOCTOR_PASS, "disk", NULL, "%s has %s left", dir, left);
}

void
doctor_state(struct doctor *d)
{
	const char *dir = d->conf.state_dir;
	struct stat st;

	if (stat(dir, &st) != 0) {
		int e = errno;

		doctor_add(d, e == EACCES ? DOCTOR_WARN : DOCTOR_FAIL, "state_dir",
		    e == EACCES ? AS_ROOT : NULL, "%s: %s", dir, strerror(e));
		if (e == ENOENT)
			doctor_fix(d, "install -d -m 700 -o %s %s", d->conf.user, dir);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		doctor_add(d, DOCTOR_FAIL, "state_dir",
		    "move it away, or name another state_dir", "%s is no directory",
		    dir);
		return;
	}
	look_at_rights(d, dir, &st);
	look_at_room(d, dir);
}
