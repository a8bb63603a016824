/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - metermark-milter's options.  conf/metermark-milter.8.in is their manual.
 */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/conffile.h"
#include "config/domtable.h"
#include "daemon/privs.h"
#include "daemon/snapshot.h"
#include "daemon/statedir.h"
#include "daemon/versions.h"
#include "dkim/keycheck.h"
#include "flush/counters.h"

static void
usage(FILE *out)
{
	fprintf(out,
	    "usage: " OPTIONS_PROGRAM " [-fv] [-c FILE]\n"
	    "       " OPTIONS_PROGRAM " -t [-c FILE]\n"
	    "       " OPTIONS_PROGRAM " -V | -h\n"
	    "  -c, --config FILE  settings (" CONFFILE_DEFAULT ")\n"
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

static void
print_sentence(void *unused, const char *sentence)
{
	(void)unused;
	fprintf(stderr, "%s\n", sentence);
}

/* One line on a terminal, written over and over, and wiped out at last. */
static void
print_progress(void *unused, size_t done, size_t all)
{
	(void)unused;
	if (done < all)
		fprintf(stderr, "\rkeys: %zu of %zu", done, all);
	else
		fprintf(stderr, "\r%40s\r", "");
}

/* All keys of the table, as the daemon will meet them. */
static int
check_table(const struct conf *c)
{
	struct keycheck_job job = {
		.wrong = print_sentence,
		.warn = print_warning,
		.progress = isatty(STDERR_FILENO) ? print_progress : NULL,
		.user = c->user,
		.decode = true,
	};
	struct keycheck_result r;

	if (keycheck_run(c, &job, &r) != 0) {
		fprintf(stderr, "%s: out of memory\n", c->domain_table);
		return EX_OSERR;
	}
	printf("%s: lines=%zu key_files=%zu wrong=%zu\n", c->domain_table,
	    domtable_size(c->table), r.files, r.wrong);
	if (r.templates > 0)
		printf(
		    "%s: %zu lines name another file for each domain and are checked when mail needs them\n",
		    c->domain_table, r.templates);
	return r.wrong > 0 ? EX_CONFIG : EX_OK;
}

/* What a start would ask of this host, by the same functions; all that is wrong. */
static int
check_host(const struct conf *c, struct privs *who)
{
	char note[512], err[1024];
	int status = EX_OK;

	if (privs_resolve(c, who, note, sizeof(note), err, sizeof(err)) != 0) {
		print_sentence(NULL, err);
		status = EX_CONFIG;
	}
	if (statedir_check(c, err, sizeof(err)) != 0) {
		print_sentence(NULL, err);
		status = EX_CONFIG;
	}
	if (counters_check(c, err, sizeof(err)) != 0) {
		print_sentence(NULL, err);
		status = EX_CONFIG;
	}
	return status;
}

/* From here on without root's rights, where there is an account to take on. */
static void
become_user(const struct conf *c, const struct privs *who)
{
	char err[512];

	if (privs_assume(who, err, sizeof(err)) != 0)
		fprintf(stderr, "warning: files are tried as root: %s\n", err);
	privs_check_settings(c, print_warning, NULL);
}

static int
check_settings(const char *file)
{
	char err[1024] = "";
	struct snapshot *s = snapshot_load(file, print_warning, NULL, err, sizeof(err));
	struct privs who;
	int status;

	if (s == NULL) {
		fprintf(stderr, "%s\n", err);
		return EX_CONFIG;
	}
	status = check_host(&s->conf, &who);
	if (status == EX_OK)
		become_user(&s->conf, &who);
	if (s->conf.table != NULL && status == EX_OK)
		status = check_table(&s->conf);
	snapshot_put(s);
	if (status == EX_OK)
		printf("%s: ok\n", file);
	return status;
}

/* The status, unless what was printed has got lost. */
static int
printed(int status)
{
	bool failed = ferror(stdout) != 0;

	if (fflush(stdout) == 0 && !failed)
		return status;
	fprintf(
	    stderr, OPTIONS_PROGRAM ": cannot write the output: %s\n", strerror(errno));
	return EX_IOERR;
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
		return printed(EX_OK);
	case 'h':
		usage(stdout);
		return printed(EX_OK);
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
	struct request r = { .file = CONFFILE_DEFAULT };
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
		return printed(check_settings(r.file));
	/* A daemon's directory is "/", where a reload would not find a relative name.
	 */
	out->file = realpath(r.file, NULL);
	if (out->file == NULL)
		out->file = strdup(r.file);
	return out->file == NULL ? EX_OSERR : -1;
}
