/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail.c - the messages of the load generator.  See the header.
 */
#include "mail.h"

#include <arpa/inet.h>
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What Postfix and Sendmail put into a body packet (MILTER_CHUNK_SIZE). */
#define CHUNK 65535
#define LINE 78
/* Campaigns and domains are visited in this stride, so that no neighbours meet. */
#define STRIDE 7919

void
out_init(struct out *o, size_t size)
{
	o->p = malloc(size);
	if (o->p == NULL)
		err(1, "cannot have %zu bytes", size);
	o->len = 0;
	o->size = size;
}

void
out_fini(struct out *o)
{
	free(o->p);
	o->p = NULL;
}

static void
put(struct out *o, const void *p, size_t len)
{
	if (len > o->size - o->len)
		errx(1, "a message does not fit into %zu bytes", o->size);
	memcpy(o->p + o->len, p, len);
	o->len += len;
}

static void
put_head(struct out *o, char command, size_t len)
{
	uint32_t n = htonl((uint32_t)(len + 1));

	put(o, &n, sizeof(n));
	put(o, &command, 1);
}

void
out_strings(struct out *o, char command, const char *const strings[])
{
	size_t i, len = 0;

	for (i = 0; strings[i] != NULL; i++)
		len += strlen(strings[i]) + 1;
	put_head(o, command, len);
	for (i = 0; strings[i] != NULL; i++)
		put(o, strings[i], strlen(strings[i]) + 1);
}

void
out_bytes(struct out *o, char command, const void *data, size_t len)
{
	put_head(o, command, len);
	put(o, data, len);
}

void
out_connect(struct out *o, const struct mail_shape *m)
{
	static const char host[] = "app.example.com";
	uint16_t port = htons(40000);
	char family = '4';
	size_t addr = strlen(m->client_addr) + 1;

	put_head(o, 'C', sizeof(host) + 1 + sizeof(port) + addr);
	put(o, host, sizeof(host));
	put(o, &family, 1);
	put(o, &port, sizeof(port));
	put(o, m->client_addr, addr);
}

size_t
mail_room(const struct mail_shape *m)
{
	return 16384 + (size_t)m->recipients * 512;
}

static void
domain_of(const struct mail_shape *m, uint64_t n, char *out, size_t size)
{
	if (m->domains <= 1)
		snprintf(out, size, "%s", m->domain);
	else
		snprintf(
		    out, size, "d%" PRIu64 ".%s", n * STRIDE % m->domains, m->domain);
}

void
mail_sender(const struct mail_shape *m, uint64_t n, char *out, size_t size)
{
	char domain[256];

	domain_of(m, n, domain, sizeof(domain));
	snprintf(out, size, "news@%s", domain);
}

void
mail_recipient(uint64_t n, unsigned i, char *out, size_t size)
{
	static const char *const at[] = { "gmail.com", "example.net", "yahoo.com",
		"outlook.com", "mailbox.example.org" };

	snprintf(out, size, "reader.%" PRIu64 ".%u@%s", n, i, at[(n + i) % 5]);
}

/* @d: the domain, @n: number of the message, @c: of the campaign, @r: a recipient. */
static const struct {
	const char *name, *text;
} fields[MAIL_FIELDS] = {
	{ "Received",
	    "from worker-7 (worker-7.example.com [192.0.2.7])\n\tby app.example.com"
	    " with ESMTPS id 4X@n\n\tfor <@r>;"
	    " Mon, 12 Oct 2026 09:30:00 +0000 (UTC)" },
	{ "From", "\"The Example Shop\" <news@@d>" },
	{ "To", "Dear Reader <@r>" },
	{ "Subject",
	    "Autumn offers no. @c: everything for the garden, now at half the"
	    " price,\n and free delivery until Sunday" },
	{ "Date", "Mon, 12 Oct 2026 09:30:00 +0000" },
	{ "Message-ID", "<20261012093000.@n.5f3a9c@out.@d>" },
	{ "Reply-To", "The Example Shop <service@@d>" },
	{ "MIME-Version", "1.0" },
	{ "Content-Type", "text/html; charset=utf-8" },
	{ "Content-Transfer-Encoding", "8bit" },
	{ "List-Id", "Offers of the Example Shop <offers.@d>" },
	{ "List-Unsubscribe",
	    "<https://u.@d/u/c@c/@n/8c1f27b6>,\n "
	    "<mailto:unsub@@d?subject=@n>" },
	{ "List-Unsubscribe-Post", "List-Unsubscribe=One-Click" },
	{ "X-Mailer", "ExampleMailer 7.2 (campaign engine)" },
	{ "X-Campaign", "c@c" },
};

struct words {
	char domain[256], number[24], campaign[24], recipient[128];
};

/* The text with its words filled in. */
static void
expand(char *out, size_t size, const char *text, const struct words *w)
{
	const char *word;
	char *end = out + size - 1;

	while (*text != '\0' && out < end) {
		word = NULL;
		if (*text == '@')
			word = text[1] == 'd' ? w->domain
			    : text[1] == 'n'  ? w->number
			    : text[1] == 'c'  ? w->campaign
			    : text[1] == 'r'  ? w->recipient
					      : NULL;
		if (word == NULL) {
			*out++ = *text++;
			continue;
		}
		while (*word != '\0' && out < end)
			*out++ = *word++;
		text += 2;
	}
	*out = '\0';
}

const char *
mail_value(const struct mail_shape *m, uint64_t n, unsigned i, char *value, size_t size)
{
	struct words w;

	domain_of(m, n, w.domain, sizeof(w.domain));
	mail_recipient(n, 0, w.recipient, sizeof(w.recipient));
	snprintf(w.number, sizeof(w.number), "%" PRIu64, n);
	snprintf(w.campaign, sizeof(w.campaign), "%" PRIu64, n * STRIDE % m->campaigns);
	expand(value, size, fields[i].text, &w);
	return fields[i].name;
}

void
mail_field(struct out *o, const struct mail_shape *m, uint64_t n, unsigned i,
    bool leading_space)
{
	char value[MAIL_VALUE] = " ";
	size_t space = leading_space ? 1 : 0;
	const char *name = mail_value(m, n, i, value + space, sizeof(value) - space);
	const char *pair[] = { name, value, NULL };

	out_strings(o, 'L', pair);
}

bool
mail_macro(const struct mail_shape *m, uint64_t n, char command, unsigned i,
    const char *name, char *out, size_t size)
{
	static const char *const fixed[][2] = { { "j", "out.example.com" },
		{ "v", "Postfix 3.7.11" }, { "{daemon_name}", "out.example.com" },
		{ "{daemon_addr}", "127.0.0.1" }, { "{rcpt_mailer}", "smtp" },
		{ "{mail_mailer}", "smtp" }, { "{mail_host}", "example.com" },
		{ "{rcpt_host}", "example.net" } };
	bool queued = strchr("TNE", command) != NULL || (command == 'R' && i > 0);
	size_t k;

	for (k = 0; k < sizeof(fixed) / sizeof(fixed[0]); k++)
		if (strcmp(name, fixed[k][0]) == 0)
			return snprintf(out, size, "%s", fixed[k][1]) > 0;
	if (strcmp(name, "{client_addr}") == 0)
		return snprintf(out, size, "%s", m->client_addr) > 0;
	if (strcmp(name, "_") == 0)
		return snprintf(out, size, "app.example.com [%s]", m->client_addr) > 0;
	if (strcmp(name, "i") == 0 && queued)
		return snprintf(out, size, "4X%010" PRIX64, n) > 0;
	if (strcmp(name, "{mail_addr}") == 0 && command != 'C' && command != 'H')
		mail_sender(m, n, out, size);
	else if (strcmp(name, "{rcpt_addr}") == 0 && command == 'R')
		mail_recipient(n, i, out, size);
	else
		return false;
	return true;
}

/* Lines as a newsletter's generator writes them; some end in a space, as in life. */
static const char *const lines[] = {
	"<tr><td style=\"padding:0 12px\"><a href=\"https://www.example.com/p/@n\">",
	"  <img src=\"https://img.example.com/@n.jpg\" width=\"280\" height=\"190\">",
	"<p>Planted now, it flowers in spring: tulips,  daffodils, crocuses. @n ",
	"</a></td></tr>",
	"<td class=\"price\">only&nbsp;<b>@n.90</b> instead of <s>@n9.90</s></td>",
	"",
};

static void
fill(char *text, size_t bytes)
{
	size_t at = 0, i, n;
	char line[LINE + 3];
	struct words w;

	for (i = 0; at < bytes; i++) {
		snprintf(w.number, sizeof(w.number), "%zu", i);
		expand(line, LINE + 1, lines[i % 6], &w);
		n = strlen(line);
		memcpy(line + n, "\r\n", 3);
		n += 2;
		if (n > bytes - at)
			n = bytes - at;
		memcpy(text + at, line, n);
		at += n;
	}
	/* A whole line at the end, and not an empty one. */
	if (bytes >= 4)
		memcpy(text + bytes - 4, "--\r\n", 4);
}

void
mail_body_init(struct mail_body *b, size_t bytes)
{
	size_t chunks = (bytes + CHUNK - 1) / CHUNK, i, n;
	struct out o;
	char *text = malloc(bytes + 1);

	b->end = calloc(chunks + 1, sizeof(*b->end));
	if (text == NULL || b->end == NULL)
		err(1, "cannot have a body of %zu bytes", bytes);
	fill(text, bytes);
	out_init(&o, bytes + chunks * 5 + 1);
	for (i = 0; i < chunks; i++) {
		n = bytes - i * CHUNK < CHUNK ? bytes - i * CHUNK : CHUNK;
		out_bytes(&o, 'B', text + i * CHUNK, n);
		b->end[i] = o.len;
	}
	b->packets = o.p;
	b->n = chunks;
	free(text);
}

void
mail_body_fini(struct mail_body *b)
{
	free(b->packets);
	free(b->end);
}
