/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffile_inspect.c - inspect { rule "ID" { action = "..." } }, at the top level and
 * in streams.
 */
#include "config/conffile_parts.h"

#include <string.h>

#include "show/nearest.h"
#include "text/buf.h"

/* Near ids where there are any, else all of them. */
static int
unknown_rule(cfg_t *cfg, const char *id)
{
	struct nearest near;
	struct buf b;

	buf_init(&b, 1024);
	nearest_init(&near, str_of(id));
	for (size_t i = 0; i < RULES; i++)
		nearest_offer(&near, str_of(rule_at(i)->id));
	nearest_list(&near, &b);
	if (b.len == 0) {
		buf_adds(&b, "the id of a rule:");
		for (size_t i = 0; i < RULES; i++)
			buf_addf(&b, "%s %s", i > 0 ? "," : "", rule_at(i)->id);
	}
	conffile_refuse(conffile_line_of(cfg), "rule", id, b.p);
	buf_fini(&b);
	return -1;
}

static int
take_rule(cfg_t *cfg, struct rule_actions *out)
{
	const char *id = cfg_title(cfg);
	size_t i = rule_find(str_of(id));

	if (i == RULES)
		return unknown_rule(cfg, id);
	if ((cfg_getopt(cfg, "action")->flags & CFGF_MODIFIED) == 0)
		return conffile_fail(conffile_line_of(cfg),
		    "found rule \"%s\" without action, expected { action = \"count\" }",
		    id);
	out->of[i] = (uint8_t)(cfg_getint(cfg, "action") + RULE_OFF);
	return 0;
}

int
conffile_inspect(cfg_t *cfg, struct rule_actions *out)
{
	unsigned n = cfg_size(cfg, "inspect"), n_rules;
	cfg_t *section;

	if (n == 0)
		return 0;
	section = cfg_getnsec(cfg, "inspect", 0);
	if (n > 1)
		return conffile_fail(conffile_line_of(cfg_getnsec(cfg, "inspect", 1)),
		    "found a second section inspect, expected one: it begins in line %u",
		    conffile_line_of(section));
	n_rules = cfg_size(section, "rule");
	for (unsigned i = 0; i < n_rules; i++)
		if (take_rule(cfg_getnsec(section, "rule", i), out) != 0)
			return -1;
	return 0;
}
