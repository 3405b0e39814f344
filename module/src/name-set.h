/*
 * A set of key names, each with the CRC of what it is hashed by: a table with open addressing, whose
 * entries are one allocation each, and a second table of the tags, so that the names of one tag are found
 * without looking at the others. It owns copies of the names.
 */
#ifndef CODIS_NAME_SET_H
#define CODIS_NAME_SET_H

#include "slot.h"

typedef struct Name {
    /* The others of the tag; NULL for names without one. */
    struct Name *next_sibling;
    struct Name *previous_sibling;
    KeyHash hash;
    uint32_t length;
    char bytes[];
} Name;

typedef struct {
    Name **places; /* NULL: free. */
    size_t capacity; /* 0, or a power of two; at least a quarter is free. */
    size_t size;
    Name **tags; /* The first name of each tag, by its CRC. */
    size_t tag_capacity; /* As capacity. */
    size_t tag_count;
} NameSet;

/* False when it was there. Names longer than 4 GB don't exist: Redis allows 512 MB. */
bool name_set_add(NameSet *set, const char *bytes, size_t length, KeyHash hash);

/* False when it wasn't there. */
bool name_set_remove(NameSet *set, const char *bytes, size_t length);

/* NULL when it isn't there. */
const Name *name_set_find(const NameSet *set, const char *bytes, size_t length);

/* The first of the names that have a tag with this CRC, the others by next_sibling; NULL: none. */
const Name *name_set_tag(const NameSet *set, uint32_t crc);

/* Any of them, NULL when empty; `start` is any number, and spreads the choice. */
const Name *name_set_any(const NameSet *set, uint64_t start);

void name_set_clear(NameSet *set);

#endif
