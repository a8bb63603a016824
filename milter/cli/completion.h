/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * completion.h - a script with which bash completes commands and options.
 */
#ifndef METERMARK_CLI_COMPLETION_H
#define METERMARK_CLI_COMPLETION_H

#include <stddef.h>

#include "cli/cmd.h"

/* `metermark completion bash`, from the tables of the n commands.  An exit status. */
int completion_main(const struct cmd *cmds, size_t n, int argc, char **argv);

#endif
