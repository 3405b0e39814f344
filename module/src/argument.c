/* See argument.h. */
#include "argument.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "slot.h"

void reply_error(Context *ctx, const char *format, ...) {
    char text[ERROR_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\r' || *at == '\n') {
            *at = ' ';
        }
    }
    rm.ReplyWithError(ctx, text);
}

bool read_int(Context *ctx, const String *argument, int *value) {
    long long number;
    if (rm.StringToLongLong(argument, &number) != API_OK) {
        reply_error(ctx, "ERR value is not an integer or out of range");
        return false;
    }
    if (number < INT_MIN || number > INT_MAX) {
        reply_error(ctx, "ERR value is out of range");
        return false;
    }
    *value = (int)number;
    return true;
}

bool read_slot(Context *ctx, const String *argument, int *slot) {
    if (!read_int(ctx, argument, slot)) {
        return false;
    }
    if (*slot < 0 || *slot >= SLOT_COUNT) {
        reply_error(ctx, "ERR invalid slot number = %d", *slot);
        return false;
    }
    return true;
}

bool read_timeout(Context *ctx, const String *argument, int *timeout_ms) {
    enum { TIMEOUT_DEFAULT_MS = 100 };
    if (!read_int(ctx, argument, timeout_ms)) {
        return false;
    }
    if (*timeout_ms < 0) {
        reply_error(ctx, "ERR invalid timeout = %d", *timeout_ms);
        return false;
    }
    if (*timeout_ms == 0) {
        *timeout_ms = TIMEOUT_DEFAULT_MS;
    }
    return true;
}

bool is_word(const String *argument, const char *word) {
    size_t length;
    const char *bytes = rm.StringPtrLen(argument, &length);
    return length == strlen(word) && strncasecmp(bytes, word, length) == 0;
}

long long monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
