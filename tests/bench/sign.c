/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign.c - metermark's signer alone, without libmilter, in one thread or several.
 *
 *     sign -c metermark.conf [-n threads] [-t seconds] [-s bytes]
 *
 * Each thread signs the load generator's messages one after the other for the first
 * domain of the settings, as the daemon would.  Prints JSON: messages a second of all
 * threads, and CPU microseconds of a message.
 */
#include <err.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/snapshot.h"
#include "dkim/signer.h"
#include "dkim/signport.h"

#include "mail.h"

#define THREADS_MAX 64
#define PACKET_HEAD 5

struct work {
	const struct snapshot *settings;
	const struct mail_body *body;
	double seconds;
	unsigned long messages;
	double cpu_s, wall_s;
};

static void
warn_of(void *arg, const char *sentence)
{
	(void)arg;
	warnx("%s", sentence);
}

static double
now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What of the messages is not signed. */
static bool
unsigned_field(const char *name)
{
	return name[0] == 'X' || strcmp(name, "Received") == 0;
}

static void
sign(const struct work *w, const struct mail_shape *shape, uint64_t n)
{
	const struct sign_port *port = signer_port(w->settings->signer);
	char text[256] = "", value[MAIL_VALUE] = " ";
	struct signing *s = port->begin(
	    port->self, &w->settings->conf.domains[0], 0, text, sizeof(text));
	size_t i, from = 0, asked = 0;

	if (s == NULL)
		errx(1, "cannot begin: %s", text);
	for (i = 0; i < MAIL_FIELDS; i++) {
		const char *name =
		    mail_value(shape, n, (unsigned)i, value + 1, sizeof(value) - 1);

		if (!unsigned_field(name) &&
		    port->field(s, str_of(name), str_of(value)) != 0)
			errx(1, "%s is refused", name);
	}
	if (port->end_fields(s) != 0)
		errx(1, "the header is refused");
	for (i = 0; i < w->body->n; from = w->body->end[i++])
		if (port->body(s, w->body->packets + from + PACKET_HEAD,
			w->body->end[i] - from - PACKET_HEAD) != 0)
			errx(1, "the body is refused");
	if (port->end(s, &asked, text, sizeof(text)) != 0 || asked == 0)
		errx(1, "cannot sign: %s", text);
	for (i = 0; i < asked; i++)
		if (port->signature(s, i).value.len == 0)
			errx(1, "a signature is empty");
	port->free(s);
}

static void *
work_on(void *arg)
{
	struct work *w = arg;
	struct mail_shape shape = { .recipients = 1,
		.campaigns = 1,
		.domains = 1,
		.domain = w->settings->conf.domains[0].name,
		.client_addr = "127.0.0.1" };
	double cpu = now(CLOCK_THREAD_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);

	do {
		sign(w, &shape, w->messages++);
		w->wall_s = now(CLOCK_MONOTONIC) - wall;
	} while (w->wall_s < w->seconds);
	w->cpu_s = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
	return NULL;
}

static void
measure(const struct work *what, unsigned threads)
{
	pthread_t id[THREADS_MAX];
	struct work each[THREADS_MAX];
	double cpu = 0, rate = 0;
	unsigned long messages = 0;
	unsigned i;

	for (i = 0; i < threads; i++) {
		each[i] = *what;
		if (pthread_create(&id[i], NULL, work_on, &each[i]) != 0)
			errx(1, "cannot start a thread");
	}
	for (i = 0; i < threads; i++) {
		pthread_join(id[i], NULL);
		messages += each[i].messages;
		cpu += each[i].cpu_s;
		rate += (double)each[i].messages / each[i].wall_s;
	}
	printf("{\"threads\": %u, \"rate\": %.1f, \"cpu_us\": %.3f}\n", threads, rate,
	    cpu * 1e6 / (double)messages);
}

int
main(int argc, char **argv)
{
	const char *file = NULL;
	char text[1024];
	size_t bytes = 2048;
	unsigned long threads = 1;
	struct work w = { .seconds = 1 };
	struct mail_body body;
	struct snapshot *settings;
	int letter;

	while ((letter = getopt(argc, argv, "c:n:t:s:")) != -1) {
		if (letter == 'c')
			file = optarg;
		else if (letter == 'n')
			threads = strtoul(optarg, NULL, 10);
		else if (letter == 't')
			w.seconds = strtod(optarg, NULL);
		else if (letter == 's')
			bytes = strtoul(optarg, NULL, 10);
		else
			file = NULL;
	}
	if (file == NULL || threads < 1 || threads > THREADS_MAX)
		errx(2, "usage: sign -c FILE [-n threads] [-t seconds] [-s bytes]");
	settings = snapshot_load(file, warn_of, NULL, text, sizeof(text));
	if (settings == NULL)
		errx(1, "%s", text);
	if (settings->conf.n_domains == 0)
		errx(1, "%s: no domain", file);
	mail_body_init(&body, bytes);
	w.settings = settings;
	w.body = &body;
	measure(&w, (unsigned)threads);
	mail_body_fini(&body);
	snapshot_put(settings);
	return 0;
}
