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

/* The names of a set mostly share the lower bits of their CRC: these are the slot. */
static size_t spread_crc(uint32_t crc) {
    return (size_t)((crc * 0x9E3779B97F4A7C15u) >> 24);
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

static size_t find_tag(const NameSet *set, uint32_t crc) {
    size_t mask = set->tag_capacity - 1;
    size_t at = spread_crc(crc) & mask;
    while (set->tags[at] != NULL && set->tags[at]->hash.crc != crc) {
        at = (at + 1) & mask;
    }
    return at;
}

static Name **empty_table(size_t capacity) {
    Name **table = rm.Alloc(capacity * sizeof(*table));
    for (size_t i = 0; i < capacity; i++) {
        table[i] = NULL;
    }
    return table;
}

static bool is_full(size_t size, size_t capacity) {
    return (size + 1) * 4 > capacity * 3;
}

static size_t grown(size_t capacity) {
    return capacity == 0 ? CAPACITY_MIN : capacity * 2;
}

static void grow(NameSet *set) {
    NameSet next = *set;
    next.capacity = grown(set->capacity);
    next.places = empty_table(next.capacity);
    for (size_t i = 0; i < set->capacity; i++) {
        Name *name = set->places[i];
        if (name != NULL) {
            next.places[find(&next, name->bytes, name->length)] = name;
        }
    }
    rm.Free(set->places);
    *set = next;
}

static void grow_tags(NameSet *set) {
    NameSet next = *set;
    next.tag_capacity = grown(set->tag_capacity);
    next.tags = empty_table(next.tag_capacity);
    for (size_t i = 0; i < set->tag_capacity; i++) {
        Name *name = set->tags[i];
        if (name != NULL) {
            next.tags[find_tag(&next, name->hash.crc)] = name;
        }
    }
    rm.Free(set->tags);
    *set = next;
}

static void add_to_tag(NameSet *set, Name *name) {
    if (is_full(set->tag_count, set->tag_capacity)) {
        grow_tags(set);
    }
    size_t at = find_tag(set, name->hash.crc);
    Name *first = set->tags[at];
    name->next_sibling = first;
    if (first == NULL) {
        set->tag_count++;
    } else {
        first->previous_sibling = name;
    }
    set->tags[at] = name;
}

bool name_set_add(NameSet *set, const char *bytes, size_t length, KeyHash hash) {
    if (is_full(set->size, set->capacity)) {
        grow(set);
    }
    size_t at = find(set, bytes, length);
    if (set->places[at] != NULL) {
        return false;
    }
    Name *name = rm.Alloc(sizeof(Name) + length);
    name->next_sibling = NULL;
    name->previous_sibling = NULL;
    name->hash = hash;
    name->length = (uint32_t)length;
    if (length > 0) {
        memcpy(name->bytes, bytes, length);
    }
    set->places[at] = name;
    set->size++;
    if (hash.has_tag) {
        add_to_tag(set, name);
    }
    return true;
}

/* Those behind the gap that the gap would hide move into it. */
static void close_gap(Name **table, size_t capacity, size_t gap, size_t (*home)(const Name *name)) {
    size_t mask = capacity - 1;
    table[gap] = NULL;
    for (size_t i = (gap + 1) & mask; table[i] != NULL; i = (i + 1) & mask) {
        if (((i - (home(table[i]) & mask)) & mask) >= ((i - gap) & mask)) {
            table[gap] = table[i];
            table[i] = NULL;
            gap = i;
        }
    }
}

static size_t home_of_name(const Name *name) {
    return spread(name->bytes, name->length);
}

static size_t home_of_tag(const Name *name) {
    return spread_crc(name->hash.crc);
}

static void remove_from_tag(NameSet *set, Name *name) {
    if (name->next_sibling != NULL) {
        name->next_sibling->previous_sibling = name->previous_sibling;
    }
    if (name->previous_sibling != NULL) {
        name->previous_sibling->next_sibling = name->next_sibling;
        return;
    }
    size_t at = find_tag(set, name->hash.crc);
    if (name->next_sibling != NULL) {
        set->tags[at] = name->next_sibling;
    } else {
        close_gap(set->tags, set->tag_capacity, at, home_of_tag);
        set->tag_count--;
    }
}

bool name_set_remove(NameSet *set, const char *bytes, size_t length) {
    if (set->size == 0) {
        return false;
    }
    size_t at = find(set, bytes, length);
    Name *name = set->places[at];
    if (name == NULL) {
        return false;
    }
    if (name->hash.has_tag) {
        remove_from_tag(set, name);
    }
    close_gap(set->places, set->capacity, at, home_of_name);
    set->size--;
    rm.Free(name);
    return true;
}

const Name *name_set_find(const NameSet *set, const char *bytes, size_t length) {
    return set->size == 0 ? NULL : set->places[find(set, bytes, length)];
}

const Name *name_set_tag(const NameSet *set, uint32_t crc) {
    return set->tag_count == 0 ? NULL : set->tags[find_tag(set, crc)];
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
    rm.Free(set->tags);
    *set = (NameSet){0};
}
