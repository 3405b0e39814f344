/* What a command that was called inside the server came to. */
#ifndef CODIS_OUTCOME_H
#define CODIS_OUTCOME_H

#include <stdbool.h>

#include "api.h"

enum { OUTCOME_BYTES = 256 };

typedef struct {
    bool is_good;
    /* Of an integer as the answer, else 0. */
    long long integer;
    /* An answer of nil. */
    bool is_null;
    /* Of an error, without its first word when that is ERR; cut at OUTCOME_BYTES. */
    char error[OUTCOME_BYTES];
} Outcome;

/* Reads a reply and frees it; NULL is an error as well. */
Outcome outcome_of(CallReply *reply);

#endif
