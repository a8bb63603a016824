/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stdfd.c - the descriptors 0 to 2.  See the header.
 */
#include "system/stdfd.h"

#include <fcntl.h>
#include <unistd.h>

void
stdfd_keep(void)
{
	int fd;

	/* The lowest number that is free is taken each time. */
	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}
