/*
 * Writes a chunk of a large value, in slices: when one frame holds more than can be written in CHUNK_SLICE_US,
 * its connection waits for the answer while the server serves others in between.
 */
#ifndef CODIS_ASYNC_CHUNK_H
#define CODIS_ASYNC_CHUNK_H

#include "api.h"
#include "async-form.h"

enum {
    /* After so long no further piece of at most PIECE_BULKS bulks is begun. */
    CHUNK_SLICE_US = 500,
    /* The time of others between two slices. */
    CHUNK_PAUSE_MS = 1
};

/* Writes the bulks and sets the time to live; answers now or, when the server can't wait, later. */
int chunk_write(Context *ctx, const Form *form, String *key, long long ttl_ms, String **bulks, int count);

/* Chunks whose connections wait. The module can't be unloaded while there are any. */
int chunks_running(void);

#endif
