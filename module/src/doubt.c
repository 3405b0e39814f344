/* See doubt.h. */
#include "doubt.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "target-socket.h"

enum { TARGET_BYTES = 300 };

typedef struct {
    char target[TARGET_BYTES]; /* Empty: none. */
    char own_address[ADDRESS_BYTES];
} Doubt;

static Doubt doubts[DOUBTS_MAX];
static int next_place;

static bool is_of(const Doubt *doubt, const char *host, const char *port) {
    char target[TARGET_BYTES];
    snprintf(target, sizeof(target), "%s:%s", host, port);
    return strcmp(doubt->target, target) == 0;
}

void doubt_read_address(const char *text, size_t length, char *address) {
    static const char field[] = " addr=";
    const char *end = text + length;
    for (const char *at = text; at + strlen(field) < end; at++) {
        if (memcmp(at, field, strlen(field)) == 0) {
            at += strlen(field);
            const char *stop = memchr(at, ' ', (size_t)(end - at));
            if (stop != NULL && stop > at && stop - at < ADDRESS_BYTES) {
                memcpy(address, at, (size_t)(stop - at));
                address[stop - at] = '\0';
            }
            return;
        }
    }
}

void doubt_add(const char *host, const char *port, const char *own_address) {
    Doubt *doubt = &doubts[next_place];
    next_place = (next_place + 1) % DOUBTS_MAX;
    snprintf(doubt->target, sizeof(doubt->target), "%s:%s", host, port);
    snprintf(doubt->own_address, sizeof(doubt->own_address), "%s", own_address);
}

const char *doubt_next(const char *host, const char *port, int *place) {
    while (*place < DOUBTS_MAX) {
        const Doubt *doubt = &doubts[(*place)++];
        if (is_of(doubt, host, port)) {
            return doubt->own_address;
        }
    }
    return NULL;
}

void doubt_end(const char *host, const char *port, const char *own_address) {
    for (int i = 0; i < DOUBTS_MAX; i++) {
        if (is_of(&doubts[i], host, port) && strcmp(doubts[i].own_address, own_address) == 0) {
            doubts[i] = (Doubt){0};
        }
    }
}

void doubts_forget(void) {
    memset(doubts, 0, sizeof(doubts));
}
