/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * provider.c - the consumer domains of the large mailbox providers.
 *
 * Domains are listed one by one: a pattern such as "yahoo.*" would let anyone who
 * registers a name add to a provider's numbers.  Domains that a provider hosts for
 * others (Google Workspace, Microsoft 365) cannot be told without DNS and are "other",
 * as is yahoo.co.jp, which is another company with gates of its own.
 */
#include "rules/provider.h"

static const char *const gmail[] = { "gmail.com", "googlemail.com", NULL };

static const char *const yahoo[] = { "yahoo.com", "ymail.com", "rocketmail.com",
	"myyahoo.com", "yahoo.at", "yahoo.be", "yahoo.bg", "yahoo.ca", "yahoo.cl",
	"yahoo.co.id", "yahoo.co.il", "yahoo.co.in", "yahoo.co.kr", "yahoo.co.nz",
	"yahoo.co.th", "yahoo.co.uk", "yahoo.co.za", "yahoo.com.ar", "yahoo.com.au",
	"yahoo.com.br", "yahoo.com.co", "yahoo.com.hk", "yahoo.com.hr", "yahoo.com.mx",
	"yahoo.com.my", "yahoo.com.pe", "yahoo.com.ph", "yahoo.com.sg", "yahoo.com.tr",
	"yahoo.com.tw", "yahoo.com.ua", "yahoo.com.ve", "yahoo.com.vn", "yahoo.cz",
	"yahoo.de", "yahoo.dk", "yahoo.ee", "yahoo.es", "yahoo.fi", "yahoo.fr",
	"yahoo.gr", "yahoo.hu", "yahoo.ie", "yahoo.in", "yahoo.it", "yahoo.lt",
	"yahoo.lv", "yahoo.nl", "yahoo.no", "yahoo.pl", "yahoo.pt", "yahoo.ro",
	"yahoo.se", "yahoo.si", "yahoo.sk", "aol.com", "aol.co.uk", "aol.de", "aol.fr",
	"aol.it", "aol.es", "aol.se", "aol.be", "aol.at", "aol.nl", "aol.ca",
	"aol.com.ar", "aol.com.au", "aol.com.br", "aol.com.mx", "aim.com", "cs.com",
	"netscape.net", "wow.com", "love.com", "games.com", "ygm.com", "compuserve.com",
	"verizon.net", "att.net", "sbcglobal.net", "bellsouth.net", "ameritech.net",
	"flash.net", "nvbell.net", "pacbell.net", "prodigy.net", "snet.net",
	"swbell.net", "frontier.com", "frontiernet.net", "sky.com", NULL };

static const char *const outlook[] = { "outlook.com", "outlook.at", "outlook.be",
	"outlook.bg", "outlook.cl", "outlook.co.id", "outlook.co.il", "outlook.co.nz",
	"outlook.co.th", "outlook.com.ar", "outlook.com.au", "outlook.com.br",
	"outlook.com.gr", "outlook.com.pe", "outlook.com.tr", "outlook.com.vn",
	"outlook.cz", "outlook.de", "outlook.dk", "outlook.ec", "outlook.es",
	"outlook.fr", "outlook.hu", "outlook.ie", "outlook.in", "outlook.it",
	"outlook.jp", "outlook.kr", "outlook.lv", "outlook.my", "outlook.ph",
	"outlook.pt", "outlook.ro", "outlook.sa", "outlook.sg", "outlook.sk",
	"hotmail.com", "hotmail.at", "hotmail.be", "hotmail.ca", "hotmail.ch",
	"hotmail.cl", "hotmail.co.id", "hotmail.co.il", "hotmail.co.jp",
	"hotmail.co.kr", "hotmail.co.nz", "hotmail.co.th", "hotmail.co.uk",
	"hotmail.co.za", "hotmail.com.ar", "hotmail.com.au", "hotmail.com.br",
	"hotmail.com.hk", "hotmail.com.tr", "hotmail.com.tw", "hotmail.com.vn",
	"hotmail.cz", "hotmail.de", "hotmail.dk", "hotmail.es", "hotmail.fi",
	"hotmail.fr", "hotmail.gr", "hotmail.hu", "hotmail.it", "hotmail.lt",
	"hotmail.lv", "hotmail.my", "hotmail.nl", "hotmail.no", "hotmail.ph",
	"hotmail.rs", "hotmail.se", "hotmail.sg", "hotmail.sk", "live.com", "live.at",
	"live.be", "live.ca", "live.ch", "live.cl", "live.cn", "live.co.kr",
	"live.co.uk", "live.co.za", "live.com.ar", "live.com.au", "live.com.mx",
	"live.com.my", "live.com.ph", "live.com.pt", "live.com.sg", "live.de",
	"live.dk", "live.fi", "live.fr", "live.hk", "live.ie", "live.in", "live.it",
	"live.jp", "live.nl", "live.no", "live.ru", "live.se", "windowslive.com",
	"msn.com", "passport.com", NULL };

static const char *const apple[] = { "icloud.com", "me.com", "mac.com", NULL };

static const char *const gmx[] = { "gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.com",
	"gmx.org", "gmx.info", "gmx.biz", "gmx.eu", "gmx.us", "gmx.fr", "gmx.es",
	"gmx.co.uk", "web.de", "mail.com", "email.com", "usa.com", "post.com", NULL };

static const char *const comcast[] = { "comcast.net", NULL };

static const char *const orange[] = { "orange.fr", "wanadoo.fr", NULL };

static const char *const proton[] = { "proton.me", "protonmail.com", "protonmail.ch",
	"pm.me", NULL };

static const char *const mailru[] = { "mail.ru", "bk.ru", "inbox.ru", "internet.ru",
	"list.ru", NULL };

static const char *const qq[] = { "qq.com", "vip.qq.com", "foxmail.com", NULL };

static const struct {
	const char *name;
	const char *const *domains; /* NULL: what nobody else has */
} table[PROVIDERS] = {
	[PROVIDER_GMAIL] = { "gmail", gmail },
	[PROVIDER_YAHOO] = { "yahoo", yahoo },
	[PROVIDER_OUTLOOK] = { "outlook", outlook },
	[PROVIDER_APPLE] = { "apple", apple },
	[PROVIDER_GMX] = { "gmx", gmx },
	[PROVIDER_COMCAST] = { "comcast", comcast },
	[PROVIDER_ORANGE] = { "orange", orange },
	[PROVIDER_PROTON] = { "proton", proton },
	[PROVIDER_MAILRU] = { "mailru", mailru },
	[PROVIDER_QQ] = { "qq", qq },
	[PROVIDER_OTHER] = { "other", NULL },
};

enum provider
provider_of(struct str domain)
{
	char first;

	if (str_ends(domain, STR(".")))
		domain.len--;
	if (domain.len == 0)
		return PROVIDER_OTHER;
	first = ascii_lower(domain.p[0]);
	for (size_t i = 0; i < PROVIDERS; i++) {
		const char *const *d = table[i].domains;

		for (; d != NULL && *d != NULL; d++)
			if ((*d)[0] == first && str_caseeq(domain, str_of(*d)))
				return (enum provider)i;
	}
	return PROVIDER_OTHER;
}

const char *
provider_name(enum provider p)
{
	return p < PROVIDERS ? table[p].name : table[PROVIDER_OTHER].name;
}
