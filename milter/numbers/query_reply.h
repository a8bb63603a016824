/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query_reply.h - the answers of a query as hiredis gives them, for this room only.
 */
#ifndef METERMARK_NUMBERS_QUERY_REPLY_H
#define METERMARK_NUMBERS_QUERY_REPLY_H

#include <hiredis/hiredis.h>

#include "numbers/query.h"

/*
 * The next answer, which must be of that type (REDIS_REPLY_...).  The caller frees it
 * by redis_link_free_reply().  what: the command, for the error text.  NULL on failure.
 */
redisReply *query_reply(struct query *, int type, const char *what);

#endif
