/* Clients that wait for the end of a batch of the asynchronous migration. */
#ifndef CODIS_WAITER_H
#define CODIS_WAITER_H

#include <stdbool.h>

#include "api.h"

typedef struct {
    BlockedClient **clients;
    size_t count;
    size_t capacity;
} Waiters;

/* The caller of the command waits from now on. */
void waiters_add(Context *ctx, Waiters *waiters);

/* Answers all: the number of moved keys, and of a slot `[moved, left]`. */
void waiters_answer(Waiters *waiters, long long moved, bool is_slot, long long left);

void waiters_fail(Waiters *waiters, const char *error);

/* There are none any more. */
void waiters_free(Waiters *waiters);

#endif
