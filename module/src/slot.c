/* See slot.h. A key without a tag, which most are, is read only once. */
#include "slot.h"

#include <string.h>

#include "api.h"
#include "crc.h"

/* The hash of a key that has a `{`, whose CRC as a whole is this. */
static KeyHash hash_braced(const char *key, size_t length, uint32_t whole) {
    const char *inner = (const char *)memchr(key, '{', length) + 1;
    const char *close = memchr(inner, '}', length - (size_t)(inner - key));
    if (close == NULL) {
        return (KeyHash){.crc = whole, .has_tag = false};
    }
    return (KeyHash){.crc = crc_of(inner, (size_t)(close - inner)).value, .has_tag = true};
}

HOT KeyHash key_hash(const char *key, size_t length) {
    Crc crc = crc_of(key, length);
    return crc.has_brace ? hash_braced(key, length, crc.value) : (KeyHash){.crc = crc.value, .has_tag = false};
}
