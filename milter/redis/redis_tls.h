/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_tls.h - what OpenSSL must be told before hiredis speaks TLS to Redis.
 *
 * hiredis_ssl's own context verifies the chain but not the name, so we bring the SSL
 * object ourselves.  Compiled to nothing without HAVE_HIREDIS_SSL.
 * For one thread, as the link.
 */
#ifndef METERMARK_REDIS_REDIS_TLS_H
#define METERMARK_REDIS_REDIS_TLS_H

#include <stddef.h>

#include "redis/rurl.h"

struct ssl_st;

/*
 * A client's SSL object for one server: TLS 1.2 or later, SNI.  The server's
 * certificate must name tls_name of the URL, else its host, a DNS name or an address,
 * and be signed by an authority in cacert, else by one of the system's (SSL_CERT_FILE
 * and SSL_CERT_DIR are honoured).  cert and key are shown to a server that asks.  NULL
 * with a sentence in err.  To be given to redisInitiateSSL(), which takes it when it
 * succeeds.
 */
struct ssl_st *redis_tls_new(const struct rurl *, char *err, size_t errlen);
void redis_tls_free(struct ssl_st *);
/*
 * If the peer's certificate was not accepted, write the reason to out; else out stays.
 */
void redis_tls_why(const struct ssl_st *, char *out, size_t size);

#endif
