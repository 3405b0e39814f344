/*
 * Keys that are moved together by the asynchronous migration: found, sent, and deleted here once the target has
 * all of them, and a replica of it if there is one. Each step works until a given time and goes on at the next call.
 *
 * What happens to a key meanwhile is told by batch_touch: a key that was changed after it was read is sent
 * again, one that has gone is deleted at the target.
 */
#ifndef CODIS_BATCH_H
#define CODIS_BATCH_H

#include "api.h"
#include "link.h"
#include "name-set.h"
#include "value.h"

enum {
    /* A key that is changed so often while it is sent stays here. */
    TRIES_MAX = 5,
    /* Bytes on their way without an answer, if maxbytes allows so many. */
    WINDOW_BYTES_MAX = 1024 * 1024,
    /* What is written is handed to the socket when it is so much. */
    SEND_BYTES = 8192,
    /* In the middle of a large value a slice is no longer than this. */
    CHUNKS_SLICE_US = 400
};

typedef enum { BATCH_FINDING, BATCH_SENDING, BATCH_DELETING } BatchStage;

typedef enum {
    KEY_WAITING,
    KEY_SENT, /* All commands are written. */
    KEY_GONE, /* It isn't there any more; the target is told. */
    KEY_KEPT, /* It stays here; the target is told. */
    KEY_DELETED /* Here: it is at the target only. */
} BatchKeyState;

typedef struct {
    String *name;
    BatchKeyState state;
    int tries;
    bool is_begun; /* The target may have something of it. */
} BatchKey;

/* What is to be moved. */
typedef struct {
    long long timeout_ms;
    long long maxbulks;
    long long maxbytes;
    bool is_with_tags;
    int slot; /* -1: the named keys. */
    long long numkeys; /* Of a slot: commands that are enough for one batch. */
    String **wanted; /* Named keys, owned. */
    size_t wanted_count;
} BatchOrder;

typedef struct {
    BatchOrder order;
    int db;
    BatchStage stage;
    ValueLimits limits;
    size_t window;
    /* Finding. */
    size_t wanted_at; /* The next wanted key, or place of the slot's names. */
    size_t places_seen;
    String *sibling; /* The last of a tag that was taken, when there are more; else NULL. */
    uint32_t tag_crc; /* Of that tag. */
    size_t estimate;
    /* The keys. */
    BatchKey *keys;
    size_t count;
    size_t capacity;
    NameSet names;
    NameSet touched; /* Since they were read. */
    /* Sending and deleting. */
    size_t next;
    Value value; /* Of the next key. */
    bool is_replicated; /* What was sent is on a replica of the target, or it has none. */
    bool is_asking; /* Whether it is. */
    long long chunked_count;
    bool is_unlinking;
    long long removed;
} Batch;

/* Takes what the order owns. */
Batch *batch_new(int db, const BatchOrder *order);
void batch_free(Batch *batch);

/* Each works until the time (monotonic_us) is over, on the selected database; true when it is done. */
bool batch_find(Context *ctx, Batch *batch, long long until_us);
bool batch_delete(Context *ctx, Batch *batch, long long until_us);

typedef enum {
    BATCH_BUSY, /* The time is over. */
    BATCH_WAITS, /* For answers. */
    BATCH_COMPLETE /* The target has all, and one of its replicas. */
} BatchProgress;

BatchProgress batch_send(Context *ctx, Batch *batch, Link *link, long long until_us);

/* Writes all commands at once, as for a target that is codis-server. */
void batch_write_all(Context *ctx, Batch *batch, Outbox *outbox);

/* Something happened to this key. */
void batch_touch(Batch *batch, const char *bytes, size_t length);

/* Whether a key of this name, or one with its tag, is in the batch. */
bool batch_has(const Batch *batch, const char *bytes, size_t length, KeyHash hash);

/*
 * Adds the names of which the target may have a copy although the key is here: all that were begun, or, of a
 * batch that is done, those that were changed at the last moment and stayed.
 */
void batch_collect_stale(const Batch *batch, bool is_done, NameSet *stale);

#endif
