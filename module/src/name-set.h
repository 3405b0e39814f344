/*
 * A set of key names, each with the CRC of what it is hashed by: a table with open addressing, whose
 * entries are one allocation each. It owns copies of the names.
 */
#ifndef CODIS_NAME_SET_H
#define CODIS_NAME_SET_H

#include "slot.h"

typedef struct {
    KeyHash hash;
    uint32_t length;
    char bytes[];
} Name;

typedef struct {
    Name **places; /* NULL: free. */
    size_t capacity; /* 0, or a power of two; at least a quarter is free. */
    size_t size;
} NameSet;

/* False when it was there. Names longer than 4 GB don't exist: Redis allows 512 MB. */
bool name_set_add(NameSet *set, const char *bytes, size_t length, KeyHash hash);

/* False when it wasn't there. */
bool name_set_remove(NameSet *set, const char *bytes, size_t length);

/* Any of them, NULL when empty; `start` is any number, and spreads the choice. */
const Name *name_set_any(const NameSet *set, uint64_t start);

void name_set_clear(NameSet *set);

#endif
