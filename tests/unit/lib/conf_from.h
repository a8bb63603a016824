/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_from.h - settings for a unit test, as text that the real parser reads.
 */
#ifndef METERMARK_TESTS_CONF_FROM_H
#define METERMARK_TESTS_CONF_FROM_H

#include "config/conf.h"

/*
 * The settings in text, as conffile_read() gives them: conf_fini() releases them.  What
 * is not in text has its default.  A text that is refused fails the test with the
 * sentence of the parser, which names the line.
 */
struct conf conf_from(const char *text);

#endif
