/* Bytes that grow, and the encoding of commands for other servers. */
#ifndef CODIS_BUFFER_H
#define CODIS_BUFFER_H

#include <stddef.h>

typedef struct {
    char *bytes;
    size_t length;
    size_t capacity;
} Buffer;

void buffer_add(Buffer *buffer, const char *bytes, size_t length);

/* `*number` or `$number`, the head of a command or of one argument. */
void buffer_add_header(Buffer *buffer, char kind, long long number);

/* `$length` and bytes of one argument of a command. */
void buffer_add_argument(Buffer *buffer, const char *bytes, size_t length);

/* The same of a number. */
void buffer_add_number(Buffer *buffer, long long number);

void buffer_free(Buffer *buffer);

#endif
