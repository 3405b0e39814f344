/* See counts.h. */
#include "counts.h"

#include <string.h>

/* A count from scratch that took a millisecond isn't repeated for a hundred. */
enum { RECOUNT_REST = 100 };

static DbCounts **databases;
static int database_count;
/*
 * Where a new key must have replaced one, which the next event hasn't confirmed yet: the database's number and 1 more;
 * 0: nowhere.
 */
static int unconfirmed;

DbCounts *counts_of(int db) {
    return db < database_count ? databases[db] : NULL;
}

static __attribute__((noinline)) DbCounts *make(int db) {
    if (db >= database_count) {
        databases = rm.Realloc(databases, (size_t)(db + 1) * sizeof(*databases));
        while (database_count <= db) {
            databases[database_count++] = NULL;
        }
    }
    databases[db] = rm.Alloc(sizeof(DbCounts));
    memset(databases[db], 0, sizeof(DbCounts));
    return databases[db];
}

static inline DbCounts *ensure(int db) {
    DbCounts *counts = counts_of(db);
    return counts == NULL ? make(db) : counts;
}

uint64_t counts_slot(int db, int slot) {
    DbCounts *counts = counts_of(db);
    return counts == NULL ? 0 : counts->slots[slot];
}

void counts_resolve(bool is_replacement) {
    DbCounts *counts = unconfirmed == 0 ? NULL : counts_of(unconfirmed - 1);
    if (counts != NULL && !is_replacement) {
        counts->is_suspect = true;
    }
    unconfirmed = 0;
}

HOT void counts_add(int db, int slot, uint64_t size) {
    DbCounts *counts = ensure(db);
    if (unconfirmed != 0) {
        counts_resolve(false);
    }
    if (size == counts->total) {
        unconfirmed = db + 1;
        return;
    }
    counts->slots[slot]++;
    counts->total++;
    if (counts->total != size) {
        counts->is_suspect = true;
    }
}

void counts_add_loaded(int db, int slot) {
    DbCounts *counts = ensure(db);
    counts->slots[slot]++;
    counts->total++;
}

void counts_remove(int db, int slot, uint64_t size) {
    DbCounts *counts = ensure(db);
    if (counts->slots[slot] == 0) {
        counts->is_suspect = true;
        return;
    }
    counts->slots[slot]--;
    counts->total--;
    if (counts->total != size) {
        counts->is_suspect = true;
    }
}

static void reset(DbCounts *counts) {
    if (counts != NULL) {
        counts->total = 0;
        counts->is_suspect = false;
        memset(counts->slots, 0, sizeof(counts->slots));
    }
}

void counts_clear(int db) {
    counts_resolve(false);
    for (int i = 0; i < database_count; i++) {
        if (db == -1 || db == i) {
            reset(databases[i]);
        }
    }
}

void counts_swap(int first, int second) {
    counts_resolve(false);
    (void)ensure(first > second ? first : second);
    DbCounts *kept = databases[first];
    databases[first] = databases[second];
    databases[second] = kept;
}

void counts_compare(Context *ctx) {
    counts_resolve(false);
    for (int db = 0; db < database_count; db++) {
        DbCounts *counts = databases[db];
        if (counts != NULL && rm.SelectDb(ctx, db) == API_OK && rm.DbSize(ctx) != counts->total) {
            counts->is_suspect = true;
        }
    }
}

static void count_name(Context *ctx, String *name, Key *key, void *data) {
    (void)ctx;
    (void)key;
    DbCounts *found = data;
    size_t length;
    const char *bytes = rm.StringPtrLen(name, &length);
    found->slots[slot_of_crc(key_hash(bytes, length).crc)]++;
    found->total++;
}

void counts_scan(Context *ctx, DbCounts *found) {
    memset(found, 0, sizeof(*found));
    ScanCursor *cursor = rm.ScanCursorCreate();
    // Nothing else runs in between, so the tables don't change and each key comes exactly once.
    while (rm.Scan(ctx, cursor, count_name, found)) {
    }
    rm.ScanCursorDestroy(cursor);
}

static void recount(Context *ctx, int db) {
    long long begun_ms = rm.Milliseconds();
    DbCounts *counts = ensure(db);
    counts_scan(ctx, counts);
    long long now_ms = rm.Milliseconds();
    rm.Log(ctx, "notice", "counted the keys of database %d: %llu", db,
        (unsigned long long)counts->total);
    counts->is_suspect = false;
    counts->recount_at_ms = now_ms + (now_ms - begun_ms) * RECOUNT_REST;
}

void counts_settle(Context *ctx) {
    // The event that confirms a replacement comes in the same command, so before any other command.
    counts_resolve(false);
    int db = rm.GetSelectedDb(ctx);
    uint64_t size = rm.DbSize(ctx);
    DbCounts *counts = counts_of(db);
    bool is_wrong = counts == NULL ? size != 0 : counts->is_suspect || counts->total != size;
    if (is_wrong && (counts == NULL || rm.Milliseconds() >= counts->recount_at_ms)) {
        recount(ctx, db);
    }
}

void counts_recount_all(Context *ctx) {
    for (int db = 0; rm.SelectDb(ctx, db) == API_OK; db++) {
        if (counts_of(db) != NULL || rm.DbSize(ctx) != 0) {
            recount(ctx, db);
        }
    }
}

void counts_free(void) {
    for (int db = 0; db < database_count; db++) {
        rm.Free(databases[db]);
    }
    rm.Free(databases);
    databases = NULL;
    database_count = 0;
}
