/* What the tests in C check with. A check that fails is told and counted, and the test goes on. */
#ifndef CODIS_CHECK_H
#define CODIS_CHECK_H

#include <stdio.h>

/* Checks that have failed; unit-test.c has it. */
extern int failures;

#define CHECK(is_true) \
    do { \
        if (!(is_true)) { \
            failures++; \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #is_true); \
        } \
    } while (0)

#endif
