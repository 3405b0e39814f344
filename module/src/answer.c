/* See answer.h. */
#include "answer.h"

#include <string.h>

#include "async-wire.h"

typedef struct {
    const char *bytes;
    size_t length;
    size_t at;
} Reader;

/* The line at the reader, without its end; the result is as of answer_read. */
static long read_line(Reader *reader, const char **line, size_t *length) {
    const char *begin = reader->bytes + reader->at;
    const char *end = memchr(begin, '\n', reader->length - reader->at);
    if (end == NULL) {
        return ANSWER_INCOMPLETE;
    }
    if (end == begin || end[-1] != '\r') {
        return ANSWER_NONSENSE;
    }
    *line = begin;
    *length = (size_t)(end - begin) - 1;
    reader->at += *length + 2;
    return 1;
}

/* `kind` and a number of at most six digits. */
static long read_count(Reader *reader, char kind, size_t *count) {
    enum { DIGITS_MAX = 6 };
    const char *line;
    size_t length;
    if (reader->at < reader->length && reader->bytes[reader->at] != kind) {
        return ANSWER_NONSENSE;
    }
    long result = read_line(reader, &line, &length);
    if (result <= 0) {
        return result;
    }
    if (length < 2 || length > DIGITS_MAX + 1) {
        return ANSWER_NONSENSE;
    }
    *count = 0;
    for (size_t i = 1; i < length; i++) {
        if (line[i] < '0' || line[i] > '9') {
            return ANSWER_NONSENSE;
        }
        *count = *count * 10 + (size_t)(line[i] - '0');
    }
    return 1;
}

static long read_bulk(Reader *reader, const char **bulk, size_t *length) {
    long result = read_count(reader, '$', length);
    if (result <= 0) {
        return result;
    }
    if (*length > ANSWER_BYTES_MAX) {
        return ANSWER_NONSENSE;
    }
    if (reader->length - reader->at < *length + 2) {
        return ANSWER_INCOMPLETE;
    }
    *bulk = reader->bytes + reader->at;
    reader->at += *length + 2;
    return memcmp(*bulk + *length, "\r\n", 2) == 0 ? 1 : ANSWER_NONSENSE;
}

static long read_ack(Reader *reader, Answer *answer) {
    const char *parts[WIRE_ACK_PARTS];
    size_t lengths[WIRE_ACK_PARTS];
    size_t count;
    long result = read_count(reader, '*', &count);
    if (result > 0 && count != WIRE_ACK_PARTS) {
        return ANSWER_NONSENSE;
    }
    for (int i = 0; result > 0 && i < WIRE_ACK_PARTS; i++) {
        result = read_bulk(reader, &parts[i], &lengths[i]);
    }
    if (result <= 0) {
        return result;
    }
    if (lengths[0] != strlen(WIRE_ACK) || memcmp(parts[0], WIRE_ACK, lengths[0]) != 0) {
        return ANSWER_NONSENSE;
    }
    answer->shape = SHAPE_ACK;
    answer->is_good = lengths[1] == 1 && parts[1][0] == '0';
    answer->text = parts[2];
    answer->length = lengths[2];
    return (long)reader->at;
}

static long read_status(Reader *reader, Answer *answer) {
    const char *line;
    size_t length;
    long result = read_line(reader, &line, &length);
    if (result <= 0) {
        return result;
    }
    answer->shape = SHAPE_LINE;
    answer->is_good = line[0] == '+';
    answer->text = line + 1;
    answer->length = length - 1;
    return (long)reader->at;
}

static long read_number(Reader *reader, Answer *answer) {
    long result = read_count(reader, ':', &answer->number);
    answer->shape = SHAPE_NUMBER;
    answer->is_good = true;
    return result <= 0 ? result : (long)reader->at;
}

static long read_text(Reader *reader, Answer *answer) {
    long result = read_bulk(reader, &answer->text, &answer->length);
    answer->shape = SHAPE_BULK;
    answer->is_good = true;
    return result <= 0 ? result : (long)reader->at;
}

static long read_any(Reader *reader, Answer *answer) {
    switch (reader->bytes[0]) {
    case '+':
    case '-':
        return read_status(reader, answer);
    case ':':
        return read_number(reader, answer);
    case '$':
        return read_text(reader, answer);
    default:
        return read_ack(reader, answer);
    }
}

long answer_read(const char *bytes, size_t length, Answer *answer) {
    if (length == 0) {
        return ANSWER_INCOMPLETE;
    }
    Reader reader = {.bytes = bytes, .length = length, .at = 0};
    *answer = (Answer){.text = bytes};
    long result = read_any(&reader, answer);
    return result == ANSWER_INCOMPLETE && length > ANSWER_BYTES_MAX ? ANSWER_NONSENSE : result;
}
