/* See name-set.h. */
#include "name-set.h"

#include <string.h>

#include "api.h"

enum { CAPACITY_MIN = 16 };

/* FNV-1a with a last mix: names of one tag differ, their CRC doesn't. */
static size_t spread(const char *bytes, size_t length) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001B3u;
    }
    return (size_t)(hash ^ (hash >> 32));
}

static bool is_same(const Name *name, const char *bytes, size_t length) {
    return name->length == length && memcmp(name->bytes, bytes, length) == 0;
}

/* Where the name is, or the free place where it would be. */
static size_t find(const NameSet *set, const char *bytes, size_t length) {
    size_t mask = set->capacity - 1;
    size_t at = spread(bytes, length) & mask;
    while (set->places[at] != NULL && !is_same(set->places[at], bytes, length)) {
        at = (at + 1) & mask;
    }
    return at;
}

static void grow(NameSet *set) {
    NameSet next = {.capacity = set->capacity == 0 ? CAPACITY_MIN : set->capacity * 2};
    next.places = rm.Alloc(next.capacity * sizeof(*next.places));
    for (size_t i = 0; i < next.capacity; i++) {
        next.places[i] = NULL;
    }
    next.size = set->size;
    for (size_t i = 0; i < set->capacity; i++) {
        Name *name = set->places[i];
        if (name != NULL) {
            next.places[find(&next, name->bytes, name->length)] = name;
        }
    }
    rm.Free(set->places);
    *set = next;
}

bool name_set_add(NameSet *set, const char *bytes, size_t length, KeyHash hash) {
    if ((set->size + 1) * 4 > set->capacity * 3) {
        grow(set);
    }
    size_t at = find(set, bytes, length);
    if (set->places[at] != NULL) {
        return false;
    }
    Name *name = rm.Alloc(sizeof(Name) + length);
    name->hash = hash;
    name->length = (uint32_t)length;
    if (length > 0) {
        memcpy(name->bytes, bytes, length);
    }
    set->places[at] = name;
    set->size++;
    return true;
}

bool name_set_remove(NameSet *set, const char *bytes, size_t length) {
    if (set->size == 0) {
        return false;
    }
    size_t at = find(set, bytes, length);
    if (set->places[at] == NULL) {
        return false;
    }
    rm.Free(set->places[at]);
    set->places[at] = NULL;
    set->size--;
    // Those behind the gap that the gap would hide move into it.
    size_t mask = set->capacity - 1;
    size_t gap = at;
    for (size_t i = (at + 1) & mask; set->places[i] != NULL; i = (i + 1) & mask) {
        size_t home = spread(set->places[i]->bytes, set->places[i]->length) & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            set->places[gap] = set->places[i];
            set->places[i] = NULL;
            gap = i;
        }
    }
    return true;
}

const Name *name_set_any(const NameSet *set, uint64_t start) {
    if (set->size == 0) {
        return NULL;
    }
    size_t at = (size_t)start & (set->capacity - 1);
    while (set->places[at] == NULL) {
        at = (at + 1) & (set->capacity - 1);
    }
    return set->places[at];
}

void name_set_clear(NameSet *set) {
    for (size_t i = 0; i < set->capacity; i++) {
        rm.Free(set->places[i]);
    }
    rm.Free(set->places);
    *set = (NameSet){0};
}
