/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_from.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <cmocka.h>

#include "config/conffile.h"

struct conf
conf_from(const char *text)
{
	char file[] = "/tmp/conf_from.XXXXXX", err[1024] = "";
	size_t len = strlen(text);
	struct conf c;
	int fd = mkstemp(file), rc;
	ssize_t written;

	assert_true(fd >= 0);
	written = write(fd, text, len);
	close(fd);
	rc = conffile_read(file, &c, err, sizeof err);
	unlink(file);
	assert_int_equal(written, len);
	if (rc != 0)
		fail_msg("%s", err);
	return c;
}
