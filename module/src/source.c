/* See source.h. */
#include "source.h"

#include <stdio.h>
#include <string.h>

#include "argument.h"
#include "counts.h"
#include "events.h"
#include "loop.h"
#include "slot-index.h"
#include "waiter.h"

enum { IDLE_MS = 60000 };

typedef struct {
    int db;
    Link *link; /* NULL: none. */
    Batch *batch; /* NULL: none runs. */
    Waiters waiters;
    char host[HOST_BYTES];
    char port[PORT_BYTES];
    NameSet stale;
    long long rests_until_us; /* By monotonic_us. */
    bool is_purging; /* The target is told to delete what is stale. */
} Migration;

static Migration **migrations;
static int migration_count;
static int running_count;
static bool is_protected;

bool source_is_watching;

static Migration *find(int db) {
    return db < migration_count ? migrations[db] : NULL;
}

static Migration *ensure(int db) {
    if (db >= migration_count) {
        migrations = rm.Realloc(migrations, (size_t)(db + 1) * sizeof(*migrations));
        while (migration_count <= db) {
            migrations[migration_count++] = NULL;
        }
    }
    if (migrations[db] == NULL) {
        migrations[db] = rm.Alloc(sizeof(Migration));
        memset(migrations[db], 0, sizeof(Migration));
        migrations[db]->db = db;
    }
    return migrations[db];
}

static void close_link(Migration *migration) {
    if (migration->link != NULL) {
        link_close(migration->link);
        migration->link = NULL;
    }
}

static void end_batch(Migration *migration) {
    batch_free(migration->batch);
    migration->batch = NULL;
    migration->is_purging = false;
    running_count--;
}

/* Everything stays here; the waiters get the error. */
static void fail(Migration *migration, const char *error) {
    batch_collect_stale(migration->batch, false, &migration->stale);
    waiters_fail(&migration->waiters, error);
    end_batch(migration);
    close_link(migration);
}

static void finish(Migration *migration) {
    const Batch *batch = migration->batch;
    batch_collect_stale(batch, true, &migration->stale);
    long long left = batch->order.slot < 0 ? 0
                                           : (long long)counts_slot(migration->db, batch->order.slot);
    waiters_answer(&migration->waiters, batch->removed, batch->order.slot >= 0, left);
    end_batch(migration);
}

/* Has a link on its way that is ready or will be; false: failed, and the batch is over. */
static bool keep_link(Context *ctx, Migration *migration) {
    char failure[ERROR_BYTES] = "";
    if (migration->link == NULL) {
        migration->link = link_open(migration->host, migration->port, migration->db, failure);
        if (migration->link == NULL) {
            fail(migration, failure);
            return false;
        }
    }
    Link *link = migration->link;
    link_advance(ctx, link);
    if (link->state == LINK_BROKEN) {
        memcpy(failure, link->failure, sizeof(failure));
        fail(migration, failure);
        return false;
    }
    return true;
}

/* Has the target delete what earlier batches left there; false while it hasn't yet. */
static bool purge(Migration *migration) {
    Outbox *outbox = &migration->link->outbox;
    if (migration->stale.size > 0 && !migration->is_purging) {
        migration->is_purging = true;
        for (size_t i = 0; i < migration->stale.capacity; i++) {
            const Name *name = migration->stale.places[i];
            if (name != NULL) {
                value_write_delete(outbox, name->bytes, name->length);
            }
        }
        link_send(migration->link);
    }
    if (migration->is_purging && outbox->count == 0) {
        name_set_clear(&migration->stale);
        migration->is_purging = false;
    }
    return !migration->is_purging;
}

/* Sends, once the link is ready and what was there before is cleared. */
static LoopNeed send_slice(Context *ctx, Migration *migration, long long until_us) {
    if (migration->batch->count == 0 && migration->stale.size == 0) {
        finish(migration);
        return LOOP_NOTHING;
    }
    if (!keep_link(ctx, migration) || migration->link->state != LINK_READY || !purge(migration)) {
        return LOOP_WAIT;
    }
    if (monotonic_us() < migration->rests_until_us) {
        return LOOP_SOON;
    }
    Batch *batch = migration->batch;
    BatchProgress progress = batch_send(ctx, batch, migration->link, until_us);
    if (progress == BATCH_BUSY && batch->value.stage != VALUE_START) {
        migration->rests_until_us = monotonic_us() + SOURCE_REST_US;
        return LOOP_SOON;
    }
    return progress == BATCH_WAITS ? LOOP_WAIT : LOOP_AT_ONCE;
}

static LoopNeed run_slice(Context *ctx, Migration *migration, long long until_us) {
    rm.SelectDb(ctx, migration->db);
    Batch *batch = migration->batch;
    if (batch->stage == BATCH_FINDING && !batch_find(ctx, batch, until_us)) {
        return LOOP_AT_ONCE;
    }
    if (batch->stage == BATCH_SENDING) {
        LoopNeed need = send_slice(ctx, migration, until_us);
        if (migration->batch == NULL || batch->stage == BATCH_SENDING) {
            return need;
        }
    }
    if (!batch_delete(ctx, batch, until_us)) {
        return LOOP_AT_ONCE;
    }
    finish(migration);
    return LOOP_NOTHING;
}

static void fail_all(const char *error) {
    for (int db = 0; db < migration_count; db++) {
        if (migrations[db] != NULL && migrations[db]->batch != NULL) {
            fail(migrations[db], error);
        }
    }
}

/* While writes are paused for a failover nothing may be deleted, and nobody is late. */
static void rest(void) {
    for (int db = 0; db < migration_count; db++) {
        if (migrations[db] != NULL && migrations[db]->link != NULL) {
            migrations[db]->link->lastuse_ms = rm.Milliseconds();
        }
    }
}

/* One turn of the loop: the databases share the slice, each time from another one on. */
static LoopNeed on_turn(Context *ctx) {
    static int turn;
    if ((rm.GetContextFlags(ctx) & CONTEXT_REPLICA) != 0) {
        fail_all("ERR interrupted: this server has become a replica");
    }
    if (rm.AvoidReplicaTraffic()) {
        rest();
        return LOOP_WAIT;
    }
    long long until_us = monotonic_us() + SOURCE_SLICE_US;
    if (index_is_reading()) {
        index_advance(ctx, until_us);
    }
    LoopNeed need = index_is_reading() ? LOOP_AT_ONCE : LOOP_NOTHING;
    turn++;
    for (int i = 0; i < migration_count; i++) {
        Migration *migration = migrations[(turn + i) % migration_count];
        if (migration != NULL && migration->batch != NULL) {
            LoopNeed one = run_slice(ctx, migration, until_us);
            need = one > need ? one : need;
        }
    }
    // A batch that has just failed or ended counts for nothing, one that another has begun does.
    return need == LOOP_NOTHING && running_count > 0 ? LOOP_WAIT : need;
}

static void free_order(const BatchOrder *order) {
    for (size_t i = 0; i < order->wanted_count; i++) {
        rm.FreeString(NULL, order->wanted[i]);
    }
    rm.Free(order->wanted);
}

static bool may_wait(Context *ctx, const Waiters *waiters) {
    if ((rm.GetContextFlags(ctx) & (CONTEXT_DENY_BLOCKING | CONTEXT_MULTI)) != 0) {
        reply_error(ctx, "ERR in a transaction or a script nobody can wait for a migration");
        return false;
    }
    if (waiters->count >= WAITERS_MAX) {
        reply_error(ctx, "ERR too many clients wait for this migration");
        return false;
    }
    return true;
}

void source_start(Context *ctx, const char *host, const char *port, const BatchOrder *order) {
    Migration *migration = ensure(rm.GetSelectedDb(ctx));
    if (migration->batch != NULL) {
        reply_error(ctx, "ERR the specified DB is being migrated");
        free_order(order);
        return;
    }
    if (!may_wait(ctx, &migration->waiters)) {
        free_order(order);
        return;
    }
    if (!loop_begin(ctx, on_turn)) {
        reply_error(ctx, "ERR this server's event loop takes no more sockets");
        free_order(order);
        return;
    }
    bool is_other = strcmp(migration->host, host) != 0 || strcmp(migration->port, port) != 0;
    if (is_other) {
        // What an abandoned target has of our keys isn't asked for.
        close_link(migration);
        name_set_clear(&migration->stale);
        snprintf(migration->host, sizeof(migration->host), "%s", host);
        snprintf(migration->port, sizeof(migration->port), "%s", port);
    }
    if (migration->link != NULL && migration->link->state == LINK_BROKEN) {
        close_link(migration);
    }
    if (migration->link != NULL) {
        migration->link->lastuse_ms = rm.Milliseconds();
    }
    events_watch_values(ctx);
    source_is_watching = true;
    migration->batch = batch_new(migration->db, order);
    running_count++;
    waiters_add(ctx, &migration->waiters);
}

void source_fence(Context *ctx) {
    Migration *migration = find(rm.GetSelectedDb(ctx));
    if (migration == NULL || migration->batch == NULL) {
        rm.ReplyWithSimpleString(ctx, "OK");
    } else if (may_wait(ctx, &migration->waiters)) {
        waiters_add(ctx, &migration->waiters);
    }
}

bool source_cancel(Context *ctx) {
    Migration *migration = find(rm.GetSelectedDb(ctx));
    bool is_there = migration != NULL && (migration->link != NULL || migration->batch != NULL);
    if (is_there && migration->batch != NULL) {
        fail(migration, "ERR interrupted: canceled");
    } else if (is_there) {
        close_link(migration);
    }
    return is_there;
}

bool source_is_busy(int db) {
    return source_batch(db) != NULL;
}

const Link *source_link(int db) {
    const Migration *migration = find(db);
    return migration == NULL ? NULL : migration->link;
}

const Batch *source_batch(int db) {
    const Migration *migration = find(db);
    return migration == NULL ? NULL : migration->batch;
}

size_t source_waiters(int db) {
    const Migration *migration = find(db);
    return migration == NULL ? 0 : migration->waiters.count;
}

bool source_moves(int db, const char *bytes, size_t length, KeyHash hash) {
    const Batch *batch = source_batch(db);
    return batch != NULL && batch_has(batch, bytes, length, hash);
}

bool source_hands_over(int db) {
    const Batch *batch = source_batch(db);
    return batch != NULL && batch->stage == BATCH_DELETING;
}

bool source_is_stale(int db, const char *bytes, size_t length) {
    const Migration *migration = find(db);
    return migration != NULL && name_set_find(&migration->stale, bytes, length) != NULL;
}

void source_protect(bool is_on) {
    is_protected = is_on;
}

void source_touch(int db, const String *key, bool is_gone, bool is_by_server) {
    Migration *migration = find(db);
    if (migration == NULL || (migration->batch == NULL && migration->stale.size == 0)) {
        return;
    }
    size_t length;
    const char *bytes = rm.StringPtrLen(key, &length);
    if (migration->batch != NULL) {
        batch_touch(migration->batch, bytes, length);
    }
    // By another way it may have been moved, and to delete it at the target would lose it.
    if (is_gone && !is_by_server && !is_protected && migration->stale.size > 0) {
        (void)name_set_remove(&migration->stale, bytes, length);
    }
}

void source_flush(int db) {
    for (int i = 0; i < migration_count; i++) {
        if (migrations[i] != NULL && (db == -1 || db == i) && migrations[i]->batch != NULL) {
            fail(migrations[i], "ERR interrupted: the database was flushed");
        }
    }
}

void source_swap(int first, int second) {
    for (int i = 0; i < migration_count; i++) {
        if (migrations[i] != NULL && (i == first || i == second)) {
            if (migrations[i]->batch != NULL) {
                fail(migrations[i], "ERR interrupted: the database was swapped");
            }
            name_set_clear(&migrations[i]->stale);
        }
    }
}

static bool is_late(const Migration *migration, long long now_ms) {
    const Batch *batch = migration->batch;
    return batch->stage == BATCH_SENDING && migration->link != NULL &&
        now_ms - migration->link->lastuse_ms > batch->order.timeout_ms;
}

static bool has_stale_names(void) {
    for (int db = 0; db < migration_count; db++) {
        if (migrations[db] != NULL && migrations[db]->stale.size > 0) {
            return true;
        }
    }
    return false;
}

void source_cron(Context *ctx) {
    long long now_ms = rm.Milliseconds();
    source_is_watching = running_count > 0 || has_stale_names();
    if (rm.AvoidReplicaTraffic()) {
        rest();
    }
    for (int db = 0; db < migration_count; db++) {
        Migration *migration = migrations[db];
        if (migration == NULL || migration->link == NULL) {
            continue;
        }
        if (migration->batch != NULL && is_late(migration, now_ms)) {
            rm.Log(ctx, "warning", "migration of database %d to %s:%s: no answer in time", db,
                migration->host, migration->port);
            fail(migration, "ERR interrupted: migration timeout");
        } else if (migration->batch == NULL &&
            (migration->link->state == LINK_BROKEN || now_ms - migration->link->lastuse_ms > IDLE_MS)) {
            close_link(migration);
        }
    }
}

bool source_read_names(Context *ctx) {
    return loop_begin(ctx, on_turn);
}

bool source_is_running(void) {
    return running_count > 0 || loop_is_on();
}

void source_free(void) {
    for (int db = 0; db < migration_count; db++) {
        Migration *migration = migrations[db];
        if (migration != NULL) {
            close_link(migration);
            name_set_clear(&migration->stale);
            waiters_free(&migration->waiters);
            rm.Free(migration);
        }
    }
    rm.Free(migrations);
    migrations = NULL;
    migration_count = 0;
    source_is_watching = false;
    loop_end();
    doubts_forget();
}
