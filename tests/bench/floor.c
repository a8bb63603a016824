/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * floor.c - what signing itself costs: one signature by a key that is decoded already,
 * and one SHA-256 over the body.  With null_milter's cost these are the floor.
 *
 *     floor --key FILE [--key FILE ...] [--size BYTES] [--threads N] [--seconds S]
 *
 * Prints JSON: CPU microseconds an operation, by the threads' own CPU clocks, and
 * operations a second of all threads together.
 */
#include <err.h>
#include <getopt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#define KEYS_MAX 4
#define THREADS_MAX 64

/* A header hash is signed, so is this: an input of a few bytes. */
static const unsigned char to_sign[32] = "what a header hash is as long as";

/* One kind of operation, and what a thread found. */
struct work {
	EVP_PKEY *key; /* NULL: hash the body */
	const unsigned char *body;
	size_t bytes;
	double seconds;
	unsigned long ops;
	double cpu_s, wall_s;
};

static double
now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
sign(EVP_PKEY *key)
{
	unsigned char out[1024];
	size_t len = sizeof(out);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *md = EVP_PKEY_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();

	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, md, NULL, key) != 1 ||
	    EVP_DigestSign(ctx, out, &len, to_sign, sizeof(to_sign)) != 1)
		errx(1, "cannot sign");
	EVP_MD_CTX_free(ctx);
}

static void
hash(const unsigned char *body, size_t bytes)
{
	unsigned char out[EVP_MAX_MD_SIZE];

	if (EVP_Digest(body, bytes, out, NULL, EVP_sha256(), NULL) != 1)
		errx(1, "cannot hash");
}

static void *
work_on(void *arg)
{
	struct work *w = arg;
	double cpu = now(CLOCK_THREAD_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
	int i;

	do {
		for (i = 0; i < 16; i++) {
			if (w->key != NULL)
				sign(w->key);
			else
				hash(w->body, w->bytes);
		}
		w->ops += 16;
		w->wall_s = now(CLOCK_MONOTONIC) - wall;
	} while (w->wall_s < w->seconds);
	w->cpu_s = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
	return NULL;
}

static void
measure(const char *name, const struct work *what, unsigned threads, bool first)
{
	pthread_t id[THREADS_MAX];
	struct work each[THREADS_MAX];
	double cpu = 0, rate = 0;
	unsigned long ops = 0;
	unsigned i;

	for (i = 0; i < threads; i++) {
		each[i] = *what;
		if (pthread_create(&id[i], NULL, work_on, &each[i]) != 0)
			errx(1, "cannot start a thread");
	}
	for (i = 0; i < threads; i++) {
		pthread_join(id[i], NULL);
		ops += each[i].ops;
		cpu += each[i].cpu_s;
		rate += (double)each[i].ops / each[i].wall_s;
	}
	printf("%s\"%s\": {\"cpu_us\": %.3f, \"rate\": %.1f}", first ? "" : ", ", name,
	    cpu * 1e6 / (double)ops, rate);
}

static EVP_PKEY *
read_key(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *key;

	if (f == NULL)
		err(1, "%s", path);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	if (key == NULL)
		errx(1, "%s: no private key", path);
	fclose(f);
	return key;
}

static const char *
name_of(const EVP_PKEY *key)
{
	return EVP_PKEY_id(key) == EVP_PKEY_ED25519 ? "ed25519" : "rsa";
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "key", required_argument, NULL,
						     'k' },
		{ "size", required_argument, NULL, 's' },
		{ "threads", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' }, { NULL, 0, NULL, 0 } };
	EVP_PKEY *keys[KEYS_MAX];
	size_t n = 0, i, size = 2048;
	unsigned long threads = 1;
	double seconds = 0.5;
	int letter;

	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (letter == 'k' && n < KEYS_MAX)
			keys[n++] = read_key(optarg);
		else if (letter == 's')
			size = strtoul(optarg, NULL, 10);
		else if (letter == 'n')
			threads = strtoul(optarg, NULL, 10);
		else if (letter == 't')
			seconds = strtod(optarg, NULL);
		else
			errx(2,
			    "usage: floor --key FILE [--size N] [--threads N] "
			    "[--seconds S]");
	}
	if (threads < 1 || threads > THREADS_MAX || size > 1 << 30)
		errx(2, "threads or size out of range");
	unsigned char *body = malloc(size + 1);

	if (body == NULL)
		err(1, "no memory");
	memset(body, 'x', size);
	printf("{\"threads\": %lu, \"size\": %zu, ", threads, size);
	for (i = 0; i < n; i++) {
		struct work w = { .key = keys[i], .seconds = seconds };

		measure(name_of(keys[i]), &w, (unsigned)threads, i == 0);
		EVP_PKEY_free(keys[i]);
	}
	struct work w = { .body = body, .bytes = size, .seconds = seconds };

	measure("sha256", &w, (unsigned)threads, n == 0);
	printf("}\n");
	free(body);
	return 0;
}
