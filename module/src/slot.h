/*
 * The slot of a key: CRC-32 (as zlib's) of its tag, modulo 1024. The tag is what is between the first
 * `{` and the first `}` after it, even when that is nothing; without both it is the whole key.
 */
#ifndef CODIS_SLOT_H
#define CODIS_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SLOT_COUNT = 1024 };

/* What a key is hashed by. */
typedef struct {
    uint32_t crc;
    bool has_tag;
} KeyHash;

/* Call crc_init before. */
KeyHash key_hash(const char *key, size_t length);

static inline int slot_of_crc(uint32_t crc) {
    return (int)(crc % SLOT_COUNT);
}

#endif
