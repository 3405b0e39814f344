/* See buffer.h. */
#include "buffer.h"

#include <string.h>

#include "api.h"

void buffer_add(Buffer *buffer, const char *bytes, size_t length) {
    size_t needed = buffer->length + length;
    if (needed > buffer->capacity) {
        // What is large comes in one piece, which isn't doubled.
        buffer->capacity = needed > buffer->capacity * 2 ? needed : buffer->capacity * 2;
        buffer->bytes = rm.Realloc(buffer->bytes, buffer->capacity);
    }
    if (length > 0) {
        memcpy(buffer->bytes + buffer->length, bytes, length);
    }
    buffer->length += length;
}

void buffer_add_header(Buffer *buffer, char kind, long long number) {
    // By hand: several of them are written for each key that is moved.
    char text[32];
    char *at = text + sizeof(text);
    *--at = '\n';
    *--at = '\r';
    unsigned long long rest = number < 0 ? 0ull - (unsigned long long)number : (unsigned long long)number;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        *--at = '-';
    }
    *--at = kind;
    buffer_add(buffer, at, (size_t)(text + sizeof(text) - at));
}

void buffer_add_argument(Buffer *buffer, const char *bytes, size_t length) {
    buffer_add_header(buffer, '$', (long long)length);
    buffer_add(buffer, bytes, length);
    buffer_add(buffer, "\r\n", 2);
}

void buffer_free(Buffer *buffer) {
    rm.Free(buffer->bytes);
    *buffer = (Buffer){0};
}
