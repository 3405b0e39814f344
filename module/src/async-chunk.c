/* See async-chunk.h. */
#include "async-chunk.h"

#include <stdio.h>
#include <string.h>

#include "argument.h"
#include "async-ack.h"
#include "async-key.h"
#include "async-session.h"

typedef struct Chunk {
    struct Chunk *next;
    BlockedClient *client;
    uint64_t client_id;
    bool is_gone; /* The client. */
    bool is_done;
    int db;
    long long ttl_ms;
    const Form *form;
    Elements elements;
    char error[OUTCOME_BYTES]; /* Empty: none. */
} Chunk;

static Chunk *chunks;
static bool is_timer_set;

static void fail(Chunk *chunk, const char *text) {
    snprintf(chunk->error, sizeof(chunk->error), "%s", text);
    chunk->is_done = true;
}

/* Writes until the time is over (0: without end), at least one piece. */
static void run_slice(Context *ctx, Chunk *chunk, long long slice_us) {
    long long until_us = monotonic_us() + slice_us;
    Elements *elements = &chunk->elements;
    do {
        if (elements->done < elements->count) {
            Outcome outcome = chunk->form->write(ctx, chunk->form, elements);
            if (!outcome.is_good) {
                fail(chunk, outcome.error);
                break;
            }
        }
    } while (elements->done < elements->count && (slice_us == 0 || monotonic_us() < until_us));
    // With each slice, so that a value that nobody ends doesn't stay.
    Outcome outcome = key_set_ttl(ctx, elements->key, chunk->ttl_ms);
    if (!outcome.is_good) {
        fail(chunk, outcome.error);
    }
    chunk->is_done = chunk->is_done || elements->done == elements->count;
    if (chunk->error[0] == '\0' && !chunk->is_gone) {
        Half left = {.type = chunk->form->type, .length = elements->length};
        session_set(chunk->client_id, chunk->db, elements->key, left);
    }
}

/* Whether the key is still as the slice before has left it. */
static bool is_unchanged(Context *ctx, const Chunk *chunk) {
    Half now;
    return key_look(ctx, chunk->elements.key, &now) && now.type == chunk->form->type &&
        now.length == chunk->elements.length;
}

static void free_chunk(Context *ctx, void *data) {
    Chunk *chunk = data;
    for (size_t i = 0; i < chunk->elements.count; i++) {
        rm.FreeString(ctx, chunk->elements.bulks[i]);
    }
    rm.FreeString(ctx, chunk->elements.key);
    rm.Free(chunk->elements.bulks);
    rm.Free(chunk);
}

static int answer_waiting(Context *ctx, String **argv, int argc) {
    (void)argv;
    (void)argc;
    const Chunk *chunk = rm.GetBlockedClientPrivateData(ctx);
    if (chunk->error[0] != '\0') {
        return ack_error_blocked(ctx, chunk->error);
    }
    return ack_ok(ctx, "%zu", chunk->elements.length);
}

static void on_disconnect(Context *ctx, BlockedClient *client) {
    (void)ctx;
    for (Chunk *chunk = chunks; chunk != NULL; chunk = chunk->next) {
        if (chunk->client == client) {
            chunk->is_gone = true;
        }
    }
}

static void go_on(Context *ctx, Chunk *chunk) {
    if (chunk->is_gone) {
        chunk->is_done = true;
        return;
    }
    if ((rm.GetContextFlags(ctx) & CONTEXT_REPLICA) != 0) {
        fail(chunk, "this server has become a replica");
        return;
    }
    if (rm.AvoidReplicaTraffic()) {
        // While writes are paused for a failover nothing may be changed.
        return;
    }
    rm.SelectDb(ctx, chunk->db);
    if (is_unchanged(ctx, chunk)) {
        run_slice(ctx, chunk, CHUNK_SLICE_US);
    } else {
        fail(chunk, "the specified key was changed while it was restored");
    }
}

/* One slice of the first chunk, which then goes to the end of the line. */
static void on_timer(Context *ctx, void *data) {
    (void)data;
    is_timer_set = false;
    Chunk *chunk = chunks;
    go_on(ctx, chunk);
    chunks = chunk->next;
    chunk->next = NULL;
    if (chunk->is_done) {
        rm.UnblockClient(chunk->client, chunk);
    } else {
        Chunk **last = &chunks;
        while (*last != NULL) {
            last = &(*last)->next;
        }
        *last = chunk;
    }
    if (chunks != NULL) {
        rm.CreateTimer(ctx, CHUNK_PAUSE_MS, on_timer, NULL);
        is_timer_set = true;
    }
}

/* The connection waits; everything that the rest of the chunk needs is kept. */
static void keep_waiting(Context *ctx, const Chunk *begun) {
    Chunk *chunk = rm.Alloc(sizeof(*chunk));
    *chunk = *begun;
    Elements *elements = &chunk->elements;
    String **bulks = elements->bulks + elements->done;
    elements->count -= elements->done;
    elements->done = 0;
    elements->bulks = rm.Alloc(elements->count * sizeof(*elements->bulks));
    for (size_t i = 0; i < elements->count; i++) {
        elements->bulks[i] = rm.HoldString(NULL, bulks[i]);
    }
    elements->key = rm.HoldString(NULL, elements->key);
    chunk->client = rm.BlockClient(ctx, answer_waiting, NULL, free_chunk, 0);
    rm.SetDisconnectCallback(chunk->client, on_disconnect);
    chunk->next = chunks;
    chunks = chunk;
    if (!is_timer_set) {
        rm.CreateTimer(ctx, CHUNK_PAUSE_MS, on_timer, NULL);
        is_timer_set = true;
    }
}

int chunk_write(Context *ctx, const Form *form, String *key, long long ttl_ms, String **bulks, int count) {
    Chunk chunk = {.client_id = rm.GetClientId(ctx), .db = rm.GetSelectedDb(ctx), .ttl_ms = ttl_ms,
        .form = form, .elements = {.key = key, .bulks = bulks, .count = (size_t)count}};
    Half now;
    if (!key_is_ready(ctx, key, form->type, form->expected, count > 0, &now)) {
        return API_OK;
    }
    chunk.elements.length = now.length;
    bool can_wait = (rm.GetContextFlags(ctx) & (CONTEXT_DENY_BLOCKING | CONTEXT_MULTI)) == 0;
    run_slice(ctx, &chunk, can_wait ? CHUNK_SLICE_US : 0);
    if (!chunk.is_done) {
        keep_waiting(ctx, &chunk);
        return API_OK;
    }
    return chunk.error[0] != '\0' ? ack_error(ctx, "%s", chunk.error)
                                  : ack_ok(ctx, "%zu", chunk.elements.length);
}

int chunks_running(void) {
    return chunks != NULL;
}
