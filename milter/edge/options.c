/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - metermark-milter's options.  conf/metermark-milter.8.in is their manual.
 */
#include "edge/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "edge/snapshot.h"
#include "edge/versions.h"

#define DEFAULT_FILE SYSCONFDIR "/metermark/metermark.conf"

static void
usage(FILE *out)
{
	fprintf(out,
	    "usage: " OPTIONS_PROGRAM " [-fv] [-c FILE]\n"
	    "       " OPTIONS_PROGRAM " -t [-c FILE]\n"
	    "       " OPTIONS_PROGRAM " -V | -h\n"
	    "  -c, --config FILE  settings (" DEFAULT_FILE ")\n"
	    "  -f, --foreground   stay in the foreground, log to stderr\n"
	    "  -t, --test         check the settings and the keys they name, and exit\n"
	    "  -v, --verbose      log everything, whatever log_level says\n"
	    "  -V, --version      version, and those of the libraries\n"
	    "  -h, --help         this\n");
}

static void
print_warning(void *unused, const char *sentence)
{
	(void)unused;
	fprintf(stderr, "warning: %s\n", sentence);
}

static int
check_settings(const char *file)
{
	char err[1024] = "";
	struct snapshot *s = snapshot_load(file, print_warning, NULL, err, sizeof(err));

	if (s == NULL) {
		fprintf(stderr, "%s\n", err);
		return EX_CONFIG;
	}
	snapshot_put(s);
	printf("%s: ok\n", file);
	return EX_OK;
}

/* What was asked for, besides where the settings are and how to run. */
struct request {
	const char *file;
	bool check;
};

static int
read_one(int c, struct options *out, struct request *r)
{
	switch (c) {
	case 'c':
		r->file = optarg;
		return -1;
	case 'f':
		out->foreground = true;
		return -1;
	case 't':
		r->check = true;
		return -1;
	case 'v':
		out->verbose = true;
		return -1;
	case 'V':
		versions_print(stdout, OPTIONS_PROGRAM);
		return EX_OK;
	case 'h':
		usage(stdout);
		return EX_OK;
	default:
		usage(stderr);
		return EX_USAGE;
	}
}

int
options_read(struct options *out, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "test", no_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct request r = { .file = DEFAULT_FILE };
	int status, c;

	*out = (struct options) { 0 };
	while ((c = getopt_long(argc, argv, "c:ftvVh", longs, NULL)) != -1) {
		status = read_one(c, out, &r);
		if (status >= 0)
			return status;
	}
	if (optind < argc) {
		fprintf(stderr, OPTIONS_PROGRAM ": unexpected argument: %s\n",
		    argv[optind]);
		return EX_USAGE;
	}
	if (r.check)
		return check_settings(r.file);
	/* A daemon's directory is "/", where a reload would not find a relative name.
	 */
	out->file = realpath(r.file, NULL);
	if (out->file == NULL)
		out->file = strdup(r.file);
	return out->file == NULL ? EX_OSERR : -1;
}
