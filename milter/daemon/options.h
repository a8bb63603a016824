/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the daemon's command line, and the options that are done at once.
 */
#ifndef METERMARK_DAEMON_OPTIONS_H
#define METERMARK_DAEMON_OPTIONS_H

#include <stdbool.h>

#define OPTIONS_PROGRAM "metermark-milter"

struct options {
	char *file; /* settings; an absolute path where it exists; never freed */
	bool foreground;
	bool verbose; /* log everything, whatever log_level says */
};

/*
 * Read the command line.  -1: go on with *out.  Otherwise all is done (-h, -V, -t, or a
 * wrong use, with what there is to say printed) and it is the exit status.
 */
int options_read(struct options *out, int argc, char **argv);

#endif
