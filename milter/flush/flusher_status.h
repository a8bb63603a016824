/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flusher_status.h - the flusher's figures as a status (flush/status.h).  Thread-safe.
 */
#ifndef METERMARK_FLUSH_FLUSHER_STATUS_H
#define METERMARK_FLUSH_FLUSHER_STATUS_H

#include "flush/flusher.h"
#include "flush/status.h"

/* Fill everything except started_ms and stopped. */
void flusher_status(const struct flusher_settings *, const struct flusher_stats *,
    struct outbox *, struct status *);

#endif
