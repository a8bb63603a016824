/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prom.c - metrics as Prometheus reads them.  See the header.
 */
#include "show/prom.h"

#include <inttypes.h>

/* Help is escaped as \\ and \n, a label's value as \" too. */
static void
escaped(struct buf *out, struct str s, bool quotes)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\n') {
			buf_adds(out, "\\n");
			continue;
		}
		if (s.p[i] == '\\' || (quotes && s.p[i] == '"'))
			buf_addc(out, '\\');
		buf_addc(out, s.p[i]);
	}
}

void
prom_head(struct buf *out, const char *name, enum prom_type type, const char *help)
{
	buf_addf(out, "# HELP %s ", name);
	escaped(out, str_of(help), false);
	buf_addf(
	    out, "\n# TYPE %s %s\n", name, type == PROM_COUNTER ? "counter" : "gauge");
}

void
prom_sample(struct buf *out, const char *name, const struct prom_label *labels,
    size_t n_labels, int64_t value)
{
	buf_adds(out, name);
	for (size_t i = 0; i < n_labels; i++) {
		buf_addc(out, i == 0 ? '{' : ',');
		buf_addf(out, "%s=\"", labels[i].name);
		escaped(out, labels[i].value, true);
		buf_addc(out, '"');
	}
	if (n_labels > 0)
		buf_addc(out, '}');
	buf_addf(out, " %" PRId64 "\n", value);
}
