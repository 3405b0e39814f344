/*
 * The forms in which a large value comes as chunks: list, hash, dict (a set), zset and stream. How each is
 * checked, and written piece by piece with the ordinary commands of the server.
 */
#ifndef CODIS_ASYNC_FORM_H
#define CODIS_ASYNC_FORM_H

#include <stdbool.h>

#include "api.h"
#include "outcome.h"

/* The elements of one chunk, as they came. */
typedef struct {
    String *key;
    String **bulks;
    size_t count;
    /* So many of the bulks are written. */
    size_t done;
    /* Elements of the value, now. */
    size_t length;
} Elements;

typedef enum { BULKS_GOOD, BULKS_WRONG_COUNT, BULKS_ERROR } BulksState;

typedef struct Form Form;
struct Form {
    const char *word;
    int type; /* As rm.KeyType gives it. */
    /* codis-server's numbers of the type and the encoding, for an error. */
    const char *expected;
    /* Looks at all bulks before any is written; BULKS_ERROR with a text that has place for OUTCOME_BYTES. */
    BulksState (*check)(const Elements *elements, char *error);
    /*
     * Writes at least one element and at most PIECE_BULKS bulks or PIECE_BYTES bytes (more when the first
     * element is larger), to this server, its replicas and the AOF, and counts them in `done` and `length`.
     */
    Outcome (*write)(Context *ctx, const Form *form, Elements *elements);
    /* The command that does it, and how many bulks an element has; not for a stream. */
    const char *command;
    size_t element_bulks;
};

enum { PIECE_BULKS = 256, PIECE_BYTES = 256 * 1024 };

/* The form of this name, whatever its case, or NULL. */
const Form *form_of(const String *word);

#endif
