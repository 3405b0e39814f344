/*
 * The names of the keys of some slots, for as long as they are being moved: a few windows of neighbouring
 * slots, each filled by one pass over its database when it is first asked for, kept current by key
 * events, and dropped when it hasn't been used for a minute. The pass blocks the server for about 1 us a
 * key of the database; a window of 16 slots makes it 64 passes for all slots, not 1024.
 */
#ifndef CODIS_SLOT_INDEX_H
#define CODIS_SLOT_INDEX_H

#include "api.h"
#include "name-set.h"

/* The names of a slot's keys in the selected database; valid until the next event or call. */
const NameSet *index_get(Context *ctx, int slot);

void index_add(int db, const char *bytes, size_t length, KeyHash hash);
void index_remove(int db, const char *bytes, size_t length, KeyHash hash);

/* db -1: all. */
void index_drop(int db);
void index_swap(int first, int second);

/* Drops what hasn't been used for long. */
void index_expire(void);

#endif
