/*
 * The names of the keys of some slots, for as long as they are being moved: a few windows of neighbouring
 * slots, each filled by one pass over its database when it is first asked for, kept current by key
 * events, and dropped when it hasn't been used for a minute. The pass takes about 1 us a key of the
 * database, at once or in slices; a window is so large that all slots take 8 passes, and fewer of a small
 * database.
 */
#ifndef CODIS_SLOT_INDEX_H
#define CODIS_SLOT_INDEX_H

#include "api.h"
#include "name-set.h"

/*
 * The names of a slot's keys in the selected database; valid until the next event or call. Reads the whole
 * database at once when they aren't known.
 */
const NameSet *index_get(Context *ctx, int slot);

/* As index_get when they are known, else NULL, and index_advance makes them known. */
const NameSet *index_want(Context *ctx, int slot);

/* As index_want, but takes no place from what was used in the last seconds. False: there is no place. */
bool index_try(Context *ctx, int slot, const NameSet **set);

/* Reads on where names are wanted, until then (monotonic_us). Leaves another database selected. */
void index_advance(Context *ctx, long long until_us);

/* Whether index_advance has something to do. */
bool index_is_reading(void);

void index_add(int db, const char *bytes, size_t length, KeyHash hash);
void index_remove(int db, const char *bytes, size_t length, KeyHash hash);

/* db -1: all. */
void index_drop(int db);
void index_swap(int first, int second);

/* Drops what hasn't been used for long. */
void index_expire(void);

#endif
