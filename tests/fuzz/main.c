/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - replay: fuzz_X [-n MUTANTS] [-s SEED] FILE|FOLDER...
 *
 * Gives each file to the target, and after it so many changed copies of it: spliced
 * with other inputs, bytes changed, dropped and doubled.  No coverage guides this; it
 * is what a compiler without libFuzzer can do, and the same seed does the same again.
 */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_MAX ((size_t)256 * 1024)

struct input {
	uint8_t *p;
	size_t len;
};

static struct input *inputs;
static size_t n_inputs;
static uint64_t random_state;

static void
fail(const char *what)
{
	perror(what);
	exit(2);
}

/* xorshift64*; not rand(), which differs between systems. */
static size_t
pick(size_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return below == 0 ? 0
			  : (size_t)(random_state * 2685821657736338717U >> 33) % below;
}

static void
add_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	struct input *i;

	inputs = realloc(inputs, (n_inputs + 1) * sizeof *inputs);
	if (in == NULL || inputs == NULL)
		fail(path);
	i = &inputs[n_inputs++];
	i->p = malloc(INPUT_MAX);
	if (i->p == NULL)
		fail(path);
	i->len = fread(i->p, 1, INPUT_MAX, in);
	if (i->len > 0)
		i->p = realloc(i->p, i->len); /* so that a sanitizer sees its end */
	fclose(in);
}

static int
visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void
add(const char *path)
{
	struct stat st;
	struct dirent **names;
	char file[4096];
	int n;

	if (stat(path, &st) != 0)
		fail(path);
	if (!S_ISDIR(st.st_mode)) {
		add_file(path);
		return;
	}
	n = scandir(path, &names, visible, alphasort);
	if (n < 0)
		fail(path);
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
		add_file(file);
		free(names[i]);
	}
	free(names);
}

/* Room for n more bytes at a place. */
static size_t
insert(uint8_t *p, size_t len, size_t at, const uint8_t *more, size_t n)
{
	if (n > INPUT_MAX - len)
		return len;
	memmove(p + at + n, p + at, len - at);
	memcpy(p + at, more, n);
	return len + n;
}

static size_t
change_once(uint8_t *p, size_t len)
{
	static const char bytes[] =
	    " \t\r\n:;,<>@\"()=\\\0\x01\x0b\x0c\x7f\x80\xa0\xff";
	uint8_t copy[256];
	const struct input *other = &inputs[pick(n_inputs)];
	size_t at = pick(len + 1), n = pick(sizeof copy), from;

	switch (pick(5)) {
	case 0:
		if (at < len)
			p[at] = (uint8_t)bytes[pick(sizeof bytes - 1)];
		return len;
	case 1:
		copy[0] = (uint8_t)bytes[pick(sizeof bytes - 1)];
		return insert(p, len, at, copy, 1);
	case 2: /* drop */
		n = n < len - at ? n : len - at;
		memmove(p + at, p + at + n, len - at - n);
		return len - n;
	case 3: /* double */
		n = n < len - at ? n : len - at;
		memcpy(copy, p + at, n);
		return insert(p, len, at, copy, n);
	default: /* splice */
		from = pick(other->len + 1);
		n = n < other->len - from ? n : other->len - from;
		return insert(p, len, at, other->p + from, n);
	}
}

static void
mutate(const struct input *i)
{
	static uint8_t scratch[INPUT_MAX];
	size_t len = i->len, changes = 1 + pick(6);
	uint8_t *exact;

	memcpy(scratch, i->p, len);
	while (changes-- > 0)
		len = change_once(scratch, len);
	exact = malloc(len > 0 ? len : 1);
	if (exact == NULL)
		fail("malloc");
	memcpy(exact, scratch, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

int
main(int argc, char **argv)
{
	unsigned mutants = 0;
	uint64_t seed = 1;
	int c;

	while ((c = getopt(argc, argv, "n:s:")) != -1) {
		if (c == 'n') {
			mutants = (unsigned)strtoul(optarg, NULL, 10);
		} else if (c == 's') {
			seed = strtoull(optarg, NULL, 10);
		} else {
			fprintf(stderr,
			    "usage: %s [-n MUTANTS] [-s SEED] FILE|FOLDER...\n",
			    argv[0]);
			return 2;
		}
	}
	for (int i = optind; i < argc; i++)
		add(argv[i]);
	random_state = seed * 2654435769U + 1;
	for (size_t i = 0; i < n_inputs; i++) {
		LLVMFuzzerTestOneInput(inputs[i].p, inputs[i].len);
		for (unsigned k = 0; k < mutants; k++)
			mutate(&inputs[i]);
	}
	for (size_t i = 0; i < n_inputs; i++)
		free(inputs[i].p);
	free(inputs);
	printf("%zu inputs, %zu runs\n", n_inputs, n_inputs * (1 + (size_t)mutants));
	return n_inputs > 0 ? 0 : 1;
}
