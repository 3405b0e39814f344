/* Commands on their way to a target: their bytes, and what has been sent and answered of them. */
#ifndef CODIS_OUTBOX_H
#define CODIS_OUTBOX_H

#include <stdint.h>

#include "buffer.h"

/* What answer a command gets. */
typedef enum {
    ANSWER_ACK, /* An acknowledgement of success. */
    ANSWER_LINE, /* A line, of success. */
    ANSWER_FORMS, /* An acknowledgement that names forms, or an error when the target knows none. */
    ANSWER_KILL, /* A line, of success or that there is no such client. */
    ANSWER_CLIENT, /* What the target knows of this connection, or an error when it can't tell. */
    /* Of replica-wait.h. */
    ANSWER_REPLICATION,
    ANSWER_LIFT,
    ANSWER_WAIT
} AnswerKind;

typedef struct {
    size_t bytes;
    AnswerKind kind;
} Pending;

typedef struct {
    Buffer buffer;
    size_t sent; /* Of the buffer. */
    size_t begun; /* Where in the buffer the command begins that is being written. */
    Pending *pending; /* A ring: commands without an answer, the oldest at `first`. */
    size_t capacity; /* 0, or a power of two. */
    size_t first;
    size_t count;
    size_t pending_bytes; /* Of all of them. */
} Outbox;

/* The arguments are added to outbox->buffer in between. */
void outbox_begin(Outbox *outbox, long long argument_count);
void outbox_end(Outbox *outbox, AnswerKind kind);

/* What hasn't been sent. */
const char *outbox_bytes(const Outbox *outbox, size_t *length);
void outbox_sent(Outbox *outbox, size_t length);

/* Takes the oldest command without an answer; there must be one. */
AnswerKind outbox_answered(Outbox *outbox);

void outbox_free(Outbox *outbox);

#endif
