/* See waiter.h. */
#include "waiter.h"

#include <stdio.h>

#include "argument.h"

typedef struct {
    char error[ERROR_BYTES]; /* Empty: none. */
    long long moved;
    bool is_slot;
    long long left;
} Result;

static int answer(Context *ctx, String **argv, int argc) {
    (void)argv;
    (void)argc;
    const Result *result = rm.GetBlockedClientPrivateData(ctx);
    if (result->error[0] != '\0') {
        reply_error(ctx, "%s", result->error);
        return API_OK;
    }
    if (result->is_slot) {
        rm.ReplyWithArray(ctx, 2);
    }
    rm.ReplyWithLongLong(ctx, result->moved);
    if (result->is_slot) {
        rm.ReplyWithLongLong(ctx, result->left);
    }
    return API_OK;
}

static void free_result(Context *ctx, void *data) {
    (void)ctx;
    rm.Free(data);
}

void waiters_add(Context *ctx, Waiters *waiters) {
    if (waiters->count == waiters->capacity) {
        waiters->capacity = waiters->capacity == 0 ? 4 : waiters->capacity * 2;
        waiters->clients = rm.Realloc(waiters->clients,
            waiters->capacity * sizeof(*waiters->clients));
    }
    waiters->clients[waiters->count++] = rm.BlockClient(ctx, answer, NULL, free_result, 0);
}

/* Each gets a copy, also the one that has left meanwhile. */
static void end_all(Waiters *waiters, const Result *result) {
    size_t count = waiters->count;
    waiters->count = 0;
    for (size_t i = 0; i < count; i++) {
        Result *copy = rm.Alloc(sizeof(*copy));
        *copy = *result;
        rm.UnblockClient(waiters->clients[i], copy);
    }
}

void waiters_answer(Waiters *waiters, long long moved, bool is_slot, long long left) {
    Result result = {.moved = moved, .is_slot = is_slot, .left = left};
    end_all(waiters, &result);
}

void waiters_fail(Waiters *waiters, const char *error) {
    Result result = {.moved = 0};
    snprintf(result.error, sizeof(result.error), "%s", error);
    end_all(waiters, &result);
}

void waiters_free(Waiters *waiters) {
    rm.Free(waiters->clients);
    *waiters = (Waiters){0};
}
