/*
 * What connections are in the middle of: a key of which chunks have come and the end hasn't. A chunk is added
 * only to what the one before has left, so that a key which was evicted, deleted or overwritten between two
 * chunks isn't taken for whole. What is remembered goes with the connection.
 */
#ifndef CODIS_ASYNC_SESSION_H
#define CODIS_ASYNC_SESSION_H

#include <stdbool.h>

#include "api.h"

/* The state of a key that a chunk has left. */
typedef struct {
    int type; /* As rm.KeyType gives it. */
    size_t length;
} Half;

/* Whether this connection is in the middle of this key; if so, what it has left. */
bool session_has(uint64_t client, int db, const String *key, Half *left);

/* A chunk of this connection has left this. Nothing happens when the connection has failed. */
void session_set(uint64_t client, int db, const String *key, Half left);

/* The connection is in the middle of nothing. One that has failed stays so. */
void session_forget(uint64_t client);

/* Nothing more is accepted from this connection, until it has gone. */
void session_fail(uint64_t client);

bool session_is_failed(uint64_t client);

/* The connection has gone. */
void session_end(uint64_t client);

void sessions_free(void);

#endif
