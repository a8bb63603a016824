/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_tls.c - an SSL object that checks whom it talks to.  See the header.
 */
#ifdef HAVE_CONFIG_H
# include "config.h"
#endif
#include "redis/redis_tls.h"

#ifdef HAVE_HIREDIS_SSL

# include <arpa/inet.h>
# include <stdbool.h>
# include <stdio.h>
# include <string.h>

# include <openssl/err.h>
# include <openssl/ssl.h>
# include <openssl/x509v3.h>

static bool
is_address(const char *host)
{
	unsigned char a[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, a) == 1 || inet_pton(AF_INET6, host, a) == 1;
}

static bool
expect_host(SSL *ssl, const char *host)
{
	char name[256]; /* the macro for SNI casts const away */

	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	snprintf(name, sizeof name, "%s", host);
	return SSL_set1_host(ssl, host) == 1 &&
	    SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* OpenSSL's reason, after what we were at. */
static void
complain(const char *what, const char *file, char *err, size_t errlen)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(
	    err, errlen, "TLS: %s%s%s", what, file, reason != NULL ? "" : " failed");
	if (reason != NULL)
		snprintf(err + strlen(err), errlen - strlen(err), ": %s", reason);
}

static int
load_files(SSL_CTX *ctx, const struct rurl *u, char *err, size_t errlen)
{
	ERR_clear_error();
	if (u->cacert[0] == '\0' && SSL_CTX_set_default_verify_paths(ctx) != 1) {
		complain("the system's authorities", "", err, errlen);
		return -1;
	}
	if (u->cacert[0] != '\0' &&
	    SSL_CTX_load_verify_locations(ctx, u->cacert, NULL) != 1) {
		complain("cacert ", u->cacert, err, errlen);
		return -1;
	}
	if (u->cert[0] == '\0')
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ctx, u->cert) != 1) {
		complain("cert ", u->cert, err, errlen);
		return -1;
	}
	if (SSL_CTX_use_PrivateKey_file(ctx, u->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1) {
		complain("key ", u->key, err, errlen);
		return -1;
	}
	return 0;
}

struct ssl_st *
redis_tls_new(const struct rurl *u, char *err, size_t errlen)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;

	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
		complain("OpenSSL", "", err, errlen);
		goto fail;
	}
	if (load_files(ctx, u, err, errlen) == -1)
		goto fail;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);
	ssl = SSL_new(ctx);
	if (ssl == NULL ||
	    !expect_host(ssl, u->tls_name[0] != '\0' ? u->tls_name : u->host)) {
		complain("OpenSSL", "", err, errlen);
		goto fail;
	}
	SSL_CTX_free(ctx); /* the SSL object holds a reference */
	return ssl;
fail:
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return NULL;
}

void
redis_tls_free(struct ssl_st *ssl)
{
	SSL_free(ssl);
}

void
redis_tls_why(const struct ssl_st *ssl, char *out, size_t size)
{
	long verdict = SSL_get_verify_result(ssl);

	if (verdict != X509_V_OK)
		snprintf(out, size, "TLS: the certificate is not accepted: %s",
		    X509_verify_cert_error_string(verdict));
}

#else

/* A translation unit must not be empty (C11 6.9). */
extern int redis_tls_not_built;

#endif
