/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * str.h - a borrowed run of bytes: pointer and length, by value.  Pure.
 *
 * A str owns nothing and need not end in NUL.  It stays valid as long as what it points
 * into; each function that returns one says what that is.  p is never NULL: the empty
 * str points at "". All comparisons fold ASCII letters only, whatever the locale, since
 * that is what mail headers and domain names mean by case-insensitive (RFC 5234 2.3).
 */
#ifndef METERMARK_TEXT_STR_H
#define METERMARK_TEXT_STR_H

#include <stdbool.h>
#include <stddef.h>

struct str {
	const char *p;
	size_t len;
};

/* A string literal as a str, length known at compile time. */
#define STR(literal) ((struct str) { (literal), sizeof(literal) - 1 })

/* A NUL-terminated string as a str; NULL becomes the empty str. */
struct str str_of(const char *);
/* n bytes at p, borrowed; p is not NULL. */
struct str str_make(const char *, size_t);

/* True if the bytes are the same; str_caseeq: with ASCII letters folded. */
bool str_eq(struct str, struct str);
bool str_caseeq(struct str, struct str);
/* Order by bytes with ASCII letters folded: <0, 0, >0. */
int str_casecmp(struct str, struct str);
/* Every str starts and ends with the empty str. */
bool str_starts(struct str, struct str prefix);
bool str_casestarts(struct str, struct str prefix);
bool str_ends(struct str, struct str suffix);
bool str_caseends(struct str, struct str suffix);

/* Without leading and trailing blanks, tabs, CR and LF. */
struct str str_trim(struct str);
/* The rest after the first n bytes; empty if there are no more. */
struct str str_skip(struct str, size_t n);
/* Position of a byte, or len when it is not there. */
size_t str_find(struct str, char);
size_t str_rfind(struct str, char);

/* ASCII, free of the locale. */
bool ascii_isalpha(char);
bool ascii_isdigit(char);
bool ascii_isalnum(char);
/* Blank, tab, CR or LF: the white space of RFC 5322, folds included. */
bool ascii_iswsp(char);
char ascii_lower(char);
/* The value of a hexadecimal digit, in either case; -1 for anything else. */
int ascii_hex(char);

#endif
