/* CRC-32 by a table of 256 entries, and where a key's tag is; see slot.h. */
#include "slot.h"

#include <string.h>

static uint32_t table[256];

void slot_init(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; bit++) {
            rest = (rest & 1) != 0 ? (rest >> 1) ^ 0xEDB88320u : rest >> 1;
        }
        table[byte] = rest;
    }
}

KeyHash key_hash(const char *key, size_t length) {
    KeyHash hash = {.crc = 0xFFFFFFFFu, .has_tag = false};
    const char *part = key;
    size_t part_length = length;
    const char *open = length == 0 ? NULL : memchr(key, '{', length);
    if (open != NULL) {
        const char *inner = open + 1;
        const char *close = memchr(inner, '}', length - (size_t)(inner - key));
        if (close != NULL) {
            part = inner;
            part_length = (size_t)(close - inner);
            hash.has_tag = true;
        }
    }
    for (size_t i = 0; i < part_length; i++) {
        hash.crc = table[(hash.crc ^ (unsigned char)part[i]) & 0xFF] ^ (hash.crc >> 8);
    }
    hash.crc ^= 0xFFFFFFFFu;
    return hash;
}
