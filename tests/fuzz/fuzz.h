/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz.h - what a fuzz target looks like.
 *
 * Each fuzz_X.c defines LLVMFuzzerTestOneInput().  With clang's -fsanitize=fuzzer that
 * makes a program that looks for inputs; with main.c one that replays files, under any
 * compiler.  A broken promise ends the process with a sentence, which is what both
 * understand.
 */
#ifndef METERMARK_TESTS_FUZZ_H
#define METERMARK_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define FUZZ_CHECK(promise, ...)                                                       \
 do {                                                                                  \
  if (!(promise)) {                                                                    \
   fprintf(stderr, "%s:%d: broken: %s: ", __FILE__, __LINE__, #promise);               \
   fprintf(stderr, __VA_ARGS__);                                                       \
   fprintf(stderr, "\n");                                                              \
   abort();                                                                            \
  }                                                                                    \
 } while (0)

#endif
