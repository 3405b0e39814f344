/* CRC-32 by tables, four bytes at a time, and where a key's tag is; see slot.h. */
#include "slot.h"

#include <string.h>

/* tables[n]: what a byte does to the CRC that is followed by n more bytes. */
static uint32_t tables[4][256];

void slot_init(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; bit++) {
            rest = (rest & 1) != 0 ? (rest >> 1) ^ 0xEDB88320u : rest >> 1;
        }
        tables[0][byte] = rest;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        for (int n = 1; n < 4; n++) {
            uint32_t before = tables[n - 1][byte];
            tables[n][byte] = tables[0][before & 0xFF] ^ (before >> 8);
        }
    }
}

static uint32_t crc_of(const char *bytes, size_t length) {
    uint32_t crc = 0xFFFFFFFFu;
    const unsigned char *at = (const unsigned char *)bytes;
    for (; length >= 4; length -= 4, at += 4) {
        crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        crc = tables[3][crc & 0xFF] ^ tables[2][crc >> 8 & 0xFF] ^ tables[1][crc >> 16 & 0xFF] ^
            tables[0][crc >> 24];
    }
    for (; length > 0; length--, at++) {
        crc = tables[0][(crc ^ *at) & 0xFF] ^ (crc >> 8);
    }
    return ~crc;
}

KeyHash key_hash(const char *key, size_t length) {
    bool has_tag = false;
    const char *part = key;
    size_t part_length = length;
    const char *open = length == 0 ? NULL : memchr(key, '{', length);
    if (open != NULL) {
        const char *inner = open + 1;
        const char *close = memchr(inner, '}', length - (size_t)(inner - key));
        if (close != NULL) {
            part = inner;
            part_length = (size_t)(close - inner);
            has_tag = true;
        }
    }
    return (KeyHash){.crc = crc_of(part, part_length), .has_tag = has_tag};
}
