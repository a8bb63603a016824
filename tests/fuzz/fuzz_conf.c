/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_conf.c - settings: any text is either settings or an error that says where.
 *
 * Promised: an error names the file, is one line without controls, and the settings
 * given to be filled are untouched then; settings that are accepted can be advised on
 * and freed, and nothing leaks either way.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/conffile.h"
#include "fuzz.h"

/* libconfuse is not made for megabytes. */
#define TEXT_MAX ((size_t)64 * 1024)

static void
advice(void *arg, const char *sentence)
{
	(void)arg;
	FUZZ_CHECK(sentence[0] != '\0', "an empty advice");
}

static void
check_sentence(const char *file, const char *err)
{
	FUZZ_CHECK(strncmp(err, file, strlen(file)) == 0, "no file in: %s", err);
	for (const char *s = err; *s != '\0'; s++)
		FUZZ_CHECK((unsigned char)*s >= 0x20 && *s != 0x7f, "byte %02x in: %s",
		    (unsigned)(unsigned char)*s, err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	char file[64], err[1024] = "";
	struct conf conf, untouched;
	int fd = memfd_create("metermark.conf", MFD_CLOEXEC);

	if (len > TEXT_MAX)
		len = TEXT_MAX;
	FUZZ_CHECK(fd >= 0 && fchmod(fd, 0600) == 0, "memfd");
	FUZZ_CHECK(write(fd, p, len) == (ssize_t)len, "memfd");
	snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
	memset(&conf, 0x5a, sizeof conf);
	untouched = conf;
	if (conffile_read(file, &conf, err, sizeof err) == 0) {
		conffile_advise(&conf, advice, NULL);
		conf_fini(&conf);
	} else {
		FUZZ_CHECK(
		    memcmp(&conf, &untouched, sizeof conf) == 0, "touched: %s", err);
		check_sentence(file, err);
	}
	close(fd);
	return 0;
}
