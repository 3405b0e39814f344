/* See buffer.h. */
#include "buffer.h"

#include <string.h>

#include "api.h"

/* Of the longest number, with its sign. */
enum { NUMBER_BYTES = 20 };

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

/* The decimal digits, ending before `end`, which has NUMBER_BYTES before it; gives where they begin. */
static char *write_number(char *end, long long number) {
    // By hand: several of them are written for each key that is moved.
    unsigned long long rest = number < 0 ? 0ull - (unsigned long long)number : (unsigned long long)number;
    do {
        *--end = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        *--end = '-';
    }
    return end;
}

void buffer_add_header(Buffer *buffer, char kind, long long number) {
    char text[NUMBER_BYTES + 3];
    char *end = text + sizeof(text);
    end[-2] = '\r';
    end[-1] = '\n';
    char *at = write_number(end - 2, number);
    *--at = kind;
    buffer_add(buffer, at, (size_t)(end - at));
}

void buffer_add_argument(Buffer *buffer, const char *bytes, size_t length) {
    buffer_add_header(buffer, '$', (long long)length);
    buffer_add(buffer, bytes, length);
    buffer_add(buffer, "\r\n", 2);
}

void buffer_add_number(Buffer *buffer, long long number) {
    char text[NUMBER_BYTES];
    char *end = text + sizeof(text);
    char *at = write_number(end, number);
    buffer_add_argument(buffer, at, (size_t)(end - at));
}

void buffer_free(Buffer *buffer) {
    rm.Free(buffer->bytes);
    *buffer = (Buffer){0};
}
