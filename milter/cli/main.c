/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - the metermark command: finds the subcommand and runs it, nothing else.
 *
 * To add one: write milter/cli/NAME.c, declare its function and its options in
 * milter/cli/cmd.h and give it a row in the table below.
 */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/completion.h"
#include "cli/term.h"
#include "dkim/verifier.h"
#include "show/nearest.h"
#include "system/stdfd.h"
#include "text/buf.h"
#include "text/str.h"

static const struct cmd cmds[] = {
	{ "campaigns", "list the campaigns, or the headers that name them",
	    campaigns_main, &campaigns_options },
	{ "check", "report whether mailbox providers would take a message", check_main,
	    &check_options },
	{ "doctor", "look whether all is well, and say what to do", doctor_main,
	    &doctor_options },
	{ "explain", "tell what would be done to a message, and why", explain_main,
	    &explain_options },
	{ "forget", "remove a campaign and its counters", forget_main,
	    &forget_options },
	{ "import-opendkim", "make a metermark.conf from an opendkim.conf",
	    import_opendkim_main, &import_opendkim_options },
	{ "key", "make DKIM keys and their DNS records, and test them", key_main,
	    &key_options },
	{ "stats", "show what was counted, by campaign", stats_main, &stats_options },
	{ "token", "make and check tokens and their keys", token_main, &token_options },
	{ "watch", "a live screen of the busiest campaigns", watch_main,
	    &watch_options },
};
#define N_CMDS (sizeof(cmds) / sizeof(cmds[0]))

static void
help(FILE *to)
{
	fputs("usage: metermark COMMAND [options] [arguments]\n"
	      "       metermark --help | --version\n"
	      "\n"
	      "Commands:\n",
	    to);
	for (size_t i = 0; i < N_CMDS; i++)
		fprintf(to, "  %-16s %s\n", cmds[i].name, cmds[i].summary);
	fputs("\n"
	      "metermark COMMAND --help tells more; metermark(1) tells all.\n",
	    to);
}

static const struct cmd *
find(const char *name)
{
	for (size_t i = 0; i < N_CMDS; i++)
		if (strcmp(cmds[i].name, name) == 0)
			return &cmds[i];
	return NULL;
}

static int
unknown(const char *name)
{
	struct nearest near;
	struct buf list;

	nearest_init(&near, str_of(name));
	for (size_t i = 0; i < N_CMDS; i++)
		nearest_offer(&near, str_of(cmds[i].name));
	buf_init(&list, 512);
	nearest_list(&near, &list);
	if (list.len > 0)
		term_say("no command \"%s\"; did you mean %s?", name, list.p);
	else
		term_say("no command \"%s\"; metermark --help lists them", name);
	buf_fini(&list);
	return EX_USAGE;
}

static int
run(const struct cmd *cmd, int argc, char **argv)
{
	char title[64];

	snprintf(title, sizeof(title), "metermark %s", cmd->name);
	argv[0] = title;
	term_name(title);
	optind = 0; /* glibc: start over, on a new argv */
	return cmd->run(argc, argv);
}

/* The options that stand before a command; -1: go on to the command. */
static int
own_options(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };

	switch (getopt_long(argc, argv, "+hV", options, NULL)) {
	case -1:
		return -1;
	case 'h':
		help(stdout);
		return term_finish();
	case 'V':
		puts("metermark " PACKAGE_VERSION);
		return term_finish();
	}
	fputs("metermark --help tells the options\n", stderr);
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	static char name[] = "metermark", help_option[] = "--help";
	const struct cmd *cmd;
	int status;

	stdfd_keep();
	/* A reader that goes, or Redis, is an error to report, not a silent end. */
	signal(SIGPIPE, SIG_IGN);
	if (argc > 0)
		argv[0] = name;
	status = own_options(argc, argv);
	if (status != -1)
		return status;
	argc -= optind;
	argv += optind;
	if (argc < 1) {
		help(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[0], "help") == 0 && argc == 1) {
		help(stdout);
		return term_finish();
	}
	if (strcmp(argv[0], "help") == 0) {
		argv[0] = argv[1];
		argv[1] = help_option;
		argc = 2;
	}
	if (strcmp(argv[0], VERIFIER_COMMAND) == 0)
		verifier_serve();
	if (strcmp(argv[0], "completion") == 0)
		return completion_main(cmds, N_CMDS, argc, argv);
	cmd = find(argv[0]);
	return cmd != NULL ? run(cmd, argc, argv) : unknown(argv[0]);
}
