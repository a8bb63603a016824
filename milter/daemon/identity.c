/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * identity.c - is the state directory the one it was.  See the header.
 */
#include "daemon/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/crypto.h"
#include "system/wholefile.h"

#define FILE_NAME "identity"
#define ID_HEX 32

struct identity {
	char machine[ID_HEX + 1]; /* "-": not known */
	char boot[ID_HEX + 1];
	unsigned long long inode, device;
};

/* An id of this host, hashed: machine-id(5) asks not to show it.  "-" where there is
 * none, as in containers. */
static void
read_id(const char *path, char out[ID_HEX + 1])
{
	static const char salt[] = "metermark:";
	char text[sizeof salt + 64];
	uint8_t digest[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	memcpy(text, salt, sizeof salt);
	if (fd >= 0) {
		n = read(fd, text + sizeof salt, 64);
		close(fd);
	}
	while (n > 0 && text[sizeof salt + (size_t)n - 1] == '\n')
		n--;
	if (n < 16) {
		snprintf(out, ID_HEX + 1, "-");
		return;
	}
	crypto_sha256(text, sizeof salt + (size_t)n, digest);
	for (size_t i = 0; i < ID_HEX / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* What is now.  false: there is no producer. */
static bool
look(const char *dir, struct identity *id)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof path, "%s/producer", dir);
	if (lstat(path, &st) != 0)
		return false;
	id->inode = (unsigned long long)st.st_ino;
	id->device = (unsigned long long)st.st_dev;
	read_id("/etc/machine-id", id->machine);
	read_id("/proc/sys/kernel/random/boot_id", id->boot);
	return true;
}

/* What was.  false: nothing is written down. */
static bool
load(const char *dir, struct identity *id)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fields = 0;
	char why[128];
	uint8_t *p;
	size_t n;

	if (fd < 0)
		return false;
	if (wholefile_read(fd, FILE_NAME, &p, &n, why, sizeof why) == 0) {
		p[n] = '\0'; /* wholefile_read() leaves room for it */
		fields = sscanf((const char *)p,
		    "machine %32s\nboot %32s\ninode %llu\ndevice %llu\n", id->machine,
		    id->boot, &id->inode, &id->device);
		free(p);
	}
	close(fd);
	return fields == 4;
}

bool
identity_is_copied(const char *dir, char *why, size_t whylen)
{
	struct identity was, is;

	if (!load(dir, &was) || !look(dir, &is))
		return false;
	if (strcmp(was.machine, "-") != 0 && strcmp(is.machine, "-") != 0 &&
	    strcmp(was.machine, is.machine) != 0) {
		snprintf(why, whylen, "it was made on another machine");
		return true;
	}
	if (was.inode != is.inode) {
		snprintf(why, whylen, "its files are not those it was made with");
		return true;
	}
	/* Devices are numbered anew at each boot. */
	if (strcmp(was.boot, is.boot) == 0 && was.device != is.device) {
		snprintf(why, whylen, "it was made on another device");
		return true;
	}
	return false;
}

static bool
is_same(const struct identity *a, const struct identity *b)
{
	return strcmp(a->machine, b->machine) == 0 && strcmp(a->boot, b->boot) == 0 &&
	    a->inode == b->inode && a->device == b->device;
}

int
identity_write(const char *dir, char *err, size_t errlen)
{
	struct identity id, was;
	char text[256];
	int fd, n, r;

	if (!look(dir, &id)) {
		snprintf(err, errlen, "%s/producer: %s", dir, strerror(errno));
		return -1;
	}
	if (load(dir, &was) && is_same(&was, &id))
		return 0; /* a full disk would not take it */
	n = snprintf(text, sizeof text,
	    "machine %s\nboot %s\ninode %llu\ndevice %llu\n", id.machine, id.boot,
	    id.inode, id.device);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(err, errlen, "%s: %s", dir, strerror(errno));
		return -1;
	}
	r = wholefile_write(fd, FILE_NAME, text, (size_t)n, 1, err, errlen);
	close(fd);
	return r;
}
