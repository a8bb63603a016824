/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logger.h - where log lines go: stderr in the foreground, syslog (mail facility)
 * otherwise.
 *
 * Lines have the form of text/line.h: "QUEUEID: event key=value ...".  Thread-safe. One
 * line is one write, so lines of several threads never mix.
 */
#ifndef METERMARK_SYSTEM_LOGGER_H
#define METERMARK_SYSTEM_LOGGER_H

#include <stdbool.h>

enum logger_level { LOGGER_ERROR, LOGGER_WARN, LOGGER_INFO, LOGGER_DEBUG };

/*
 * to_stderr: write to stderr, with "<N>" severities in front when stderr is journald's
 * (JOURNAL_STREAM is set); else syslog as `ident`.  Call once, before threads.
 */
void logger_open(const char *ident, bool to_stderr, enum logger_level max);
void logger_set_level(enum logger_level max);
bool logger_wants(enum logger_level);
/* Controls in the finished line come out as "?", lines over 2048 bytes are cut with
 * "...". */
void logger_log(enum logger_level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...) logger_log(LOGGER_ERROR, __VA_ARGS__)
#define log_warn(...) logger_log(LOGGER_WARN, __VA_ARGS__)
#define log_info(...) logger_log(LOGGER_INFO, __VA_ARGS__)
#define log_debug(...) logger_log(LOGGER_DEBUG, __VA_ARGS__)

#endif
