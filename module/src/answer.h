/* What a target of the asynchronous migration answers: acknowledgements, and what other commands answer. */
#ifndef CODIS_ANSWER_H
#define CODIS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

/* An answer that is longer is nonsense. */
enum { ANSWER_BYTES_MAX = 16384 };

typedef enum { SHAPE_ACK, SHAPE_LINE, SHAPE_NUMBER, SHAPE_BULK } AnswerShape;

typedef struct {
    AnswerShape shape;
    bool is_good;
    /* Of a line without its first byte, of a number nothing; it points into what was read. */
    const char *text;
    size_t length;
    size_t number; /* 0 of the other shapes. */
} Answer;

enum { ANSWER_INCOMPLETE = 0, ANSWER_NONSENSE = -1 };

/* Reads the first answer of these bytes: how many bytes it has, ANSWER_INCOMPLETE or ANSWER_NONSENSE. */
long answer_read(const char *bytes, size_t length, Answer *answer);

#endif
