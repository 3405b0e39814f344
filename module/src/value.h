/*
 * One key on its way to a target: the commands that make it there, one after the other. A small value is one
 * command with all of it; a large one is a row of chunks, each read from the key when it is its turn, under a
 * time to live that ends what is never finished, and then `expire` with the real one.
 */
#ifndef CODIS_VALUE_H
#define CODIS_VALUE_H

#include <stdbool.h>

#include "api.h"
#include "outbox.h"

enum {
    /* A value with more bulks than this is never one command, whatever the caller wants. */
    CHUNK_BULKS_MAX = 1000,
    /* Nor is one that is larger, if it can be divided: reading and restoring it takes too long. */
    WHOLE_BYTES_MAX = 65536,
    /* A chunk ends after so many bytes. */
    CHUNK_BYTES_MAX = 65536
};

typedef struct {
    size_t bulks; /* Of one chunk. */
    long long chunk_ttl_ms; /* Of a key that isn't whole yet. */
    bool has_streams; /* The target takes streams in pieces. */
} ValueLimits;

typedef enum {
    VALUE_START,
    VALUE_CHUNKS,
    VALUE_STREAM_ID,
    VALUE_STREAM_GROUPS,
    VALUE_EXPIRE,
    VALUE_DONE
} ValueStage;

/* Zero it for a new key. */
typedef struct {
    ValueStage stage;
    int type;
    size_t hint; /* Elements at the start. */
    size_t step; /* Elements of one chunk, at most. */
    ScanCursor *cursor;
    long long index; /* The next element of a list or sorted set; the group of a stream. */
    long long consumer; /* Of the group; -1: the group itself isn't sent yet. */
    String *last_id; /* Of a stream, what was sent last. */
    long long chunk_count;
} Value;

typedef enum {
    VALUE_MORE,
    VALUE_SENT, /* All commands are written. */
    VALUE_GONE /* There is no such key, or not any more, or it is another. */
} ValueResult;

/* Writes the next commands of the key to the outbox. The database is the selected one. */
ValueResult value_next(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    Outbox *outbox);

/* Frees what it has, in whatever stage. */
void value_end(Value *value);

/* How many commands the key will be, without `delete`; 0: there is no such key. */
size_t value_estimate(Context *ctx, String *name, const ValueLimits *limits);

/* `delete` for a key of that name. */
void value_write_delete(Outbox *outbox, const char *name, size_t length);

#endif
