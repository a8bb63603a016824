/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter.c - how fast a counter rises.  See the header.
 */
#include "numbers/meter.h"

/* Index of the reading that came `back` readings before the last one. */
static size_t
reading(const struct meter *m, size_t back)
{
	return (m->next + 2 * METER_READINGS - 1 - back) % METER_READINGS;
}

void
meter_add(struct meter *m, int64_t at_ms, int64_t n)
{
	size_t last = reading(m, 0);

	if (m->len > 0 && (n < m->n[last] || at_ms <= m->at_ms[last]))
		m->len = 0;
	m->at_ms[m->next] = at_ms;
	m->n[m->next] = n;
	m->next = (m->next + 1) % METER_READINGS;
	if (m->len < METER_READINGS)
		m->len++;
}

bool
meter_rate(const struct meter *m, int64_t window_ms, double *per_second)
{
	size_t last = reading(m, 0), base, back = 1;

	if (m->len < 2)
		return false;
	while (back + 1 < m->len &&
	    m->at_ms[last] - m->at_ms[reading(m, back + 1)] <= window_ms)
		back++;
	base = reading(m, back);
	*per_second = (double)(m->n[last] - m->n[base]) * 1000.0 /
	    (double)(m->at_ms[last] - m->at_ms[base]);
	return true;
}
