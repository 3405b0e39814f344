/*
 * The asynchronous migration away from this server: for each database at most one batch at a time, and one
 * connection, which is kept for a minute. All work is done in slices at the end of a turn of the server's
 * loop; callers wait until the batch is over.
 *
 * A batch that fails leaves its keys here, and copies of some of them at the target. Their names are kept, and
 * the next batch to that target begins with deleting them there; until then exec-wrapper.c doesn't send a
 * command for such a name to the target.
 */
#ifndef CODIS_SOURCE_H
#define CODIS_SOURCE_H

#include "batch.h"
#include "link.h"

enum {
    /* Work of one turn of the loop; batch.h has a lower bound for large values. */
    SOURCE_SLICE_US = 1200,
    /* In the middle of a large value the next slice comes after so much time for others. */
    SOURCE_REST_US = 1000,
    /* Callers and fences that wait for one batch. */
    WAITERS_MAX = 1024
};

/*
 * False: no key event is of interest, so source_touch needn't be called. It is set before a batch begins, and cleared
 * some time after the last one when no copies at a target are remembered. Others only read it.
 */
extern bool source_is_watching;

/* Whether a batch runs in the database. */
bool source_is_busy(int db);

/*
 * Begins a batch in the selected database; the caller of the command waits for its end. Takes what the order
 * owns. Answers the error itself.
 */
void source_start(Context *ctx, const char *host, const char *port, const BatchOrder *order);

/* Has the caller wait for the answer of the batch that runs in the selected database. */
void source_fence(Context *ctx);

/* Ends the batch of the selected database and its connection; false: there was no connection. */
bool source_cancel(Context *ctx);

/* What there is of a database; each is NULL when there is none. */
const Link *source_link(int db);
const Batch *source_batch(int db);
size_t source_waiters(int db);

/* Whether a key of this name, or one with its tag, is being moved. */
bool source_moves(int db, const char *bytes, size_t length, KeyHash hash);

/* Whether the keys of the batch are at the target and are just deleted here. */
bool source_hands_over(int db);

/* Whether the target may have an old copy of the key. */
bool source_is_stale(int db, const char *bytes, size_t length);

/* While it is on, keys that go were deleted by a client, and not moved by another way. */
void source_protect(bool is_on);

/* Events. */
void source_touch(int db, const String *key, bool is_gone, bool is_by_server);
void source_flush(int db); /* -1: all. */
void source_swap(int first, int second);
void source_cron(Context *ctx);

/* Has the names that index_try wants read in the turns of the loop; false: the server refuses. */
bool source_read_names(Context *ctx);

bool source_is_running(void);
void source_free(void);

#endif
