/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * completion.c - the script of `metermark completion bash`.  See the header.
 *
 * The script has one case for each command, with its verbs and options.  A word that
 * begins with "-" is completed to an option; the word after the command is completed to
 * a verb, if the command has verbs; everything else is left to bash, which completes
 * names of files.
 */
#include "cli/completion.h"

#include <string.h>

#include "cli/term.h"
#include "text/buf.h"

#define SCRIPT_MAX 65536

static void
add_commands(struct buf *out, const struct cmd *cmds, size_t n)
{
	buf_adds(out,
	    "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	    "\t\tCOMPREPLY=($(compgen -W \"");
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s ", cmds[i].name);
	buf_adds(out,
	    "help -h --help -V --version\" -- \"$current\"))\n"
	    "\t\treturn\n"
	    "\tfi\n");
}

static void
add_case(struct buf *out, const struct cmd *cmd)
{
	const struct options_table *o = cmd->options;

	buf_addf(out, "\t%s)\n\t\tverbs=\"%s\"\n\t\toptions=\"", cmd->name,
	    o->verbs != NULL ? o->verbs : "");
	for (const struct options_row *row = o->rows; row->name != NULL; row++)
		buf_addf(out, "-%c --%s ", row->letter, row->name);
	buf_adds(out, "-h --help\"\n\t\t;;\n");
}

static void
add_script(struct buf *out, const struct cmd *cmds, size_t n)
{
	buf_adds(out,
	    "# Made by metermark completion bash.\n"
	    "_metermark()\n"
	    "{\n"
	    "\tlocal current=${COMP_WORDS[COMP_CWORD]} verbs= options=\n"
	    "\n"
	    "\tCOMPREPLY=()\n");
	add_commands(out, cmds, n);
	buf_adds(out, "\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; i < n; i++)
		add_case(out, &cmds[i]);
	buf_adds(out,
	    "\tesac\n"
	    "\tif [[ $current == -* ]]; then\n"
	    "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
	    "\telif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tCOMPREPLY=($(compgen -W \"$verbs\" -- \"$current\"))\n"
	    "\tfi\n"
	    "}\n"
	    "complete -o default -F _metermark metermark\n");
}

int
completion_main(const struct cmd *cmds, size_t n, int argc, char **argv)
{
	struct buf out;

	if (argc != 2 || strcmp(argv[1], "bash") != 0) {
		term_say("usage: metermark completion bash");
		return EX_USAGE;
	}
	buf_init(&out, SCRIPT_MAX);
	add_script(&out, cmds, n);
	term_put(buf_str(&out));
	buf_fini(&out);
	return term_finish();
}
