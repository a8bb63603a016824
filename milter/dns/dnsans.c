/* SPDX-License-Identifier: BSD-2-Clause */
/* dnsans.c - words for types and results of DNS, and the check of a name. */
#include "dns/dnsans.h"

const char *
dns_type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_PTR:
		return "PTR";
	case DNS_MX:
		return "MX";
	case DNS_TXT:
		return "TXT";
	case DNS_AAAA:
		return "AAAA";
	}
	return "?";
}

const char *
dns_status_text(enum dns_status status)
{
	switch (status) {
	case DNS_FOUND:
		return "found";
	case DNS_NO_NAME:
		return "the name does not exist";
	case DNS_NO_DATA:
		return "no such record";
	case DNS_TIMEOUT:
		return "no answer in time";
	case DNS_FAILED:
		return "the name server failed";
	case DNS_LOOP:
		return "its aliases (CNAME) form a loop, or are too many";
	case DNS_LARGE:
		return "the answer is too large";
	case DNS_BROKEN:
		return "the answer is damaged";
	case DNS_BAD_NAME:
		return "not a valid name";
	}
	return "?";
}

bool
dns_void(enum dns_status status)
{
	return status == DNS_NO_NAME || status == DNS_NO_DATA;
}

bool
dns_unknown(enum dns_status status)
{
	return status != DNS_FOUND && status != DNS_BAD_NAME && !dns_void(status);
}

bool
dns_name_ok(struct str name)
{
	size_t label = 0;

	if (str_ends(name, STR(".")))
		name.len--;
	if (name.len == 0 || name.len > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.p[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == '\\' ||
		    ++label > DNS_LABEL_MAX)
			return false;
	}
	return label > 0;
}
