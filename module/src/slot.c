/*
 * CRC-32 by tables, eight bytes at a time, and where a key's tag is; see slot.h. Every key that comes or goes is
 * hashed, so a key without a tag, which most are, is read only once: a brace is looked for on the way.
 */
#include "slot.h"

#include <string.h>

enum { WORD_BYTES = 8, HALF_BYTES = 4 };

/* tables[n]: what a byte does to the CRC that is followed by n more bytes. */
static uint32_t tables[WORD_BYTES][256];

void slot_init(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; bit++) {
            rest = (rest & 1) != 0 ? (rest >> 1) ^ 0xEDB88320u : rest >> 1;
        }
        tables[0][byte] = rest;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        for (int n = 1; n < WORD_BYTES; n++) {
            uint32_t before = tables[n - 1][byte];
            tables[n][byte] = tables[0][before & 0xFF] ^ (before >> 8);
        }
    }
}

/* Eight bytes, the first of them in the lowest bits. */
static inline uint64_t word_at(const unsigned char *at) {
    uint64_t word;
    memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline uint64_t half_at(const unsigned char *at) {
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
}

/* Whether a byte of the word is a `{`: a byte that the XOR makes zero borrows its highest bit. */
static inline bool has_brace(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u;
    uint64_t rest = word ^ (ones * '{');
    return ((rest - ones) & ~rest & (ones << 7)) != 0;
}

static inline uint32_t add_word(uint32_t crc, uint64_t word) {
    word ^= crc;
    return tables[7][word & 0xFF] ^ tables[6][word >> 8 & 0xFF] ^ tables[5][word >> 16 & 0xFF] ^
        tables[4][word >> 24 & 0xFF] ^ tables[3][word >> 32 & 0xFF] ^ tables[2][word >> 40 & 0xFF] ^
        tables[1][word >> 48 & 0xFF] ^ tables[0][word >> 56];
}

/* The half word's upper half is zero. */
static inline uint32_t add_half(uint32_t crc, uint64_t half) {
    half ^= crc;
    return tables[3][half & 0xFF] ^ tables[2][half >> 8 & 0xFF] ^ tables[1][half >> 16 & 0xFF] ^
        tables[0][half >> 24];
}

static inline uint32_t add_byte(uint32_t crc, unsigned char byte) {
    return tables[0][(crc ^ byte) & 0xFF] ^ (crc >> 8);
}

static uint32_t crc_of(const char *bytes, size_t length) {
    uint32_t crc = 0xFFFFFFFFu;
    const unsigned char *at = (const unsigned char *)bytes;
    for (; length >= WORD_BYTES; length -= WORD_BYTES, at += WORD_BYTES) {
        crc = add_word(crc, word_at(at));
    }
    if (length >= HALF_BYTES) {
        crc = add_half(crc, half_at(at));
        length -= HALF_BYTES;
        at += HALF_BYTES;
    }
    for (; length > 0; length--, at++) {
        crc = add_byte(crc, *at);
    }
    return ~crc;
}

/* The hash of a key that has a `{`. */
static KeyHash hash_braced(const char *key, size_t length) {
    const char *inner = (const char *)memchr(key, '{', length) + 1;
    const char *close = memchr(inner, '}', length - (size_t)(inner - key));
    return close == NULL
        ? (KeyHash){.crc = crc_of(key, length), .has_tag = false}
        : (KeyHash){.crc = crc_of(inner, (size_t)(close - inner)), .has_tag = true};
}

KeyHash key_hash(const char *key, size_t length) {
    uint32_t crc = 0xFFFFFFFFu;
    const unsigned char *at = (const unsigned char *)key;
    size_t left = length;
    for (; left >= WORD_BYTES; left -= WORD_BYTES, at += WORD_BYTES) {
        uint64_t word = word_at(at);
        if (has_brace(word)) {
            return hash_braced(key, length);
        }
        crc = add_word(crc, word);
    }
    if (left >= HALF_BYTES) {
        uint64_t half = half_at(at);
        if (has_brace(half)) {
            return hash_braced(key, length);
        }
        crc = add_half(crc, half);
        left -= HALF_BYTES;
        at += HALF_BYTES;
    }
    for (; left > 0; left--, at++) {
        if (*at == '{') {
            return hash_braced(key, length);
        }
        crc = add_byte(crc, *at);
    }
    return (KeyHash){.crc = ~crc, .has_tag = false};
}
