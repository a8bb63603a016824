/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_dns.c - what the daemon last found in DNS for its domains.  See doctor.h.
 *
 * The daemon asks, doctor reads: a look at DNS takes seconds, and `metermark key test`
 * is there for whoever wants one now.
 */
#include "cli/doctor/doctor.h"

#include <stdint.h>

#include "dns/dnsreport.h"
#include "dns/domlook.h"
#include "show/human.h"
#include "system/clock.h"

#define SHOWN_MAX 20
#define OLD_MS (INT64_C(49) * 3600 * 1000) /* two rounds missed */

static const char *
fix_of(const struct dnsnews_finding *f)
{
	struct str check = str_of(f->check);

	if (f->f.word == DNSLOOK_UNKNOWN)
		return "the daemon asks again soon; see whether the name server answers";
	if (str_starts(check, STR("dkim")))
		return "publish what metermark key record FILE prints; metermark key test looks again at once";
	if (str_eq(check, STR("spf")))
		return "publish one sound SPF record, or none is needed: the envelope's domain is another one";
	if (str_eq(check, STR(DOMLOOK_RETURN_PATH)))
		return "publish one sound SPF record there that names this host: receivers ask the domain of the envelope sender";
	return "publish at _dmarc.DOMAIN: v=DMARC1; p=none; rua=mailto:ADDRESS";
}

static void
tell(struct doctor *d, const struct dnsreport *r)
{
	for (size_t i = 0; i < r->news.n && i < SHOWN_MAX; i++) {
		const struct dnsnews_finding *f = &r->news.v[i];

		doctor_add(d, f->f.word == DNSLOOK_FAIL ? DOCTOR_FAIL : DOCTOR_WARN,
		    "dns", fix_of(f), "%s %s: %s", f->domain, f->check, f->f.text);
	}
	if (r->news.n > SHOWN_MAX)
		doctor_add(d, DOCTOR_WARN, "dns", "metermark key test shows all keys",
		    "and %zu more like these", r->news.n - SHOWN_MAX);
}

static void
sum_up(struct doctor *d, const struct dnsreport *r)
{
	int64_t age_ms = clock_wall_ms() - r->checked_ms;
	char age[HUMAN_MAX], domains[HUMAN_MAX], looked[HUMAN_MAX];

	human_age(age, age_ms / 1000);
	human_count(domains, r->domains);
	human_count(looked, r->looked);
	if (age_ms > OLD_MS)
		doctor_add(d, DOCTOR_WARN, "dns",
		    "see whether the daemon runs, and restart it",
		    "the daemon last looked %s", age);
	else if (r->news.n == 0)
		doctor_add(d, DOCTOR_PASS, "dns", NULL,
		    "keys, SPF and DMARC are well; looked at %s of %s domains %s",
		    looked, domains, age);
	else
		doctor_add(d, DOCTOR_PASS, "dns", NULL, "looked at %s of %s domains %s",
		    looked, domains, age);
}

void
doctor_dns(struct doctor *d)
{
	char err[DOCTOR_TEXT_MAX];
	struct dnsreport r;

	if (!d->conf.dns_check ||
	    (d->conf.n_domains == 0 && d->conf.domain_table[0] == '\0'))
		return;
	if (dnsreport_read(d->conf.state_dir, &r, err, sizeof(err)) == 0) {
		tell(d, &r);
		sum_up(d, &r);
	} else
		doctor_add(d, DOCTOR_WARN, "dns",
		    "wait for some seconds after its start, or run metermark doctor as root; metermark key test looks at once",
		    "the daemon has not looked at DNS yet: %s", err);
	dnsnews_fini(&r.news);
}
