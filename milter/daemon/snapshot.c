/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot.c - the settings in force.  See the header.
 */
#include "daemon/snapshot.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/conffile.h"
#include "config/domfile.h"
#include "dkim/keyring.h"
#include "dkim/signer.h"
#include "tracking/tokenkeys.h"

/* Guards current and the refs of every snapshot; held for a few instructions only. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* The one in force; its own reference is counted. */
static struct snapshot *current;

static void
destroy(struct snapshot *s)
{
	signer_free(s->signer);
	keyring_free(s->keys);
	token_ring_free(s->tokens);
	conf_fini(&s->conf);
	free(s);
}

struct snapshot *
snapshot_load(const char *file, void (*warn)(void *, const char *), void *arg,
    char *err, size_t errlen)
{
	struct snapshot *s = calloc(1, sizeof *s);

	if (s == NULL) {
		snprintf(err, errlen, "%s: out of memory", file);
		return NULL;
	}
	s->refs = 1;
	if (conffile_read(file, &s->conf, err, errlen) != 0) {
		free(s);
		return NULL;
	}
	if (warn != NULL)
		conffile_advise(&s->conf, warn, arg);
	s->tokens = tokenkeys_load(&s->conf, warn, arg, err, errlen);
	if (s->tokens != NULL && domfile_load(&s->conf, warn, arg, err, errlen) == 0)
		s->keys = keyring_load(&s->conf, warn, arg, err, errlen);
	if (s->keys != NULL)
		s->signer = signer_new(&s->conf, s->keys, err, errlen);
	if (s->signer == NULL) {
		destroy(s);
		return NULL;
	}
	return s;
}

void *
snapshot_pkey(const struct snapshot *s, const char *file)
{
	for (size_t d = 0; d < s->conf.n_domains; d++)
		for (size_t k = 0; k < s->conf.domains[d].n_keys; k++)
			if (strcmp(s->conf.domains[d].keys[k].file, file) == 0)
				return keyring_get(s->keys, d, k)->pkey;
	return NULL;
}

void
snapshot_publish(struct snapshot *s)
{
	struct snapshot *old;

	pthread_mutex_lock(&lock);
	old = current;
	current = s;
	pthread_mutex_unlock(&lock);
	if (old != NULL)
		snapshot_put(old);
}

struct snapshot *
snapshot_get(void)
{
	struct snapshot *s;

	pthread_mutex_lock(&lock);
	s = current;
	if (s != NULL)
		s->refs++;
	pthread_mutex_unlock(&lock);
	return s;
}

void
snapshot_put(struct snapshot *s)
{
	bool last;

	if (s == NULL)
		return;
	pthread_mutex_lock(&lock);
	last = --s->refs == 0;
	pthread_mutex_unlock(&lock);
	if (last)
		destroy(s);
}
