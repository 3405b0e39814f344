/*
 * How many keys each slot of each database has, at all times: kept by key events, without memory for a
 * single key. events.c feeds it.
 *
 * A key that replaces one of the same name (RENAME, COPY REPLACE, RESTORE REPLACE) is announced as new,
 * while the end of the old one isn't: the size of the database tells the two cases apart.
 */
#ifndef CODIS_COUNTS_H
#define CODIS_COUNTS_H

#include "api.h"
#include "slot.h"

/* The counts of one database, or NULL while it never had a key. */
typedef struct {
    uint64_t total;
    uint64_t slots[SLOT_COUNT];
    /* Something else than an event changed this database: counted anew before the next answer. */
    bool is_suspect;
    /* A count from scratch is due at the earliest then, so that it takes a hundredth of all time. */
    long long recount_at_ms;
} DbCounts;

DbCounts *counts_of(int db);

/* Keys of a slot. */
uint64_t counts_slot(int db, int slot);

/*
 * A key of this slot has come; `size` is the database's, with it. When by that size it can only have
 * replaced one that went without an event, it isn't counted, and the next event has to confirm that.
 */
void counts_add(int db, int slot, uint64_t size);

/* The event after counts_add: whether it is one of those that replace keys. */
void counts_resolve(bool is_replacement);

/* A key of this slot has come, and nothing was replaced (while data are loaded). */
void counts_add_loaded(int db, int slot);

/* A key of this slot has gone; `size` is the database's, without it. */
void counts_remove(int db, int slot, uint64_t size);

/* db -1: all. */
void counts_clear(int db);

void counts_swap(int first, int second);

/* Marks every database whose size isn't what was counted. Leaves another database selected. */
void counts_compare(Context *ctx);

/* Counts the selected database from scratch, if it was touched in a way that no event told. */
void counts_settle(Context *ctx);

/* Counts the selected database from scratch into `found`; blocks the server, about 1 us a key. */
void counts_scan(Context *ctx, DbCounts *found);

/* Counts every database from scratch. Leaves another database selected. */
void counts_recount_all(Context *ctx);

void counts_free(void);

#endif
