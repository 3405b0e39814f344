/* See outbox.h. */
#include "outbox.h"

#include <string.h>

#include "api.h"

enum {
    CAPACITY_MIN = 64,
    /* What was sent goes from the front of the buffer when it is so much, and more than half of it. */
    SENT_BYTES_MAX = 65536,
    /* A buffer that has become larger is given back when it is empty. */
    KEPT_BYTES_MAX = 4 * 1024 * 1024
};

void outbox_begin(Outbox *outbox, long long argument_count) {
    outbox->begun = outbox->buffer.length;
    buffer_add_header(&outbox->buffer, '*', argument_count);
}

static void grow(Outbox *outbox) {
    size_t capacity = outbox->capacity == 0 ? CAPACITY_MIN : outbox->capacity * 2;
    Pending *pending = rm.Alloc(capacity * sizeof(*pending));
    for (size_t i = 0; i < outbox->count; i++) {
        pending[i] = outbox->pending[(outbox->first + i) & (outbox->capacity - 1)];
    }
    rm.Free(outbox->pending);
    outbox->pending = pending;
    outbox->capacity = capacity;
    outbox->first = 0;
}

void outbox_end(Outbox *outbox, AnswerKind kind) {
    if (outbox->count == outbox->capacity) {
        grow(outbox);
    }
    size_t bytes = outbox->buffer.length - outbox->begun;
    outbox->pending[(outbox->first + outbox->count) & (outbox->capacity - 1)] =
        (Pending){.bytes = bytes, .kind = kind};
    outbox->count++;
    outbox->pending_bytes += bytes;
}

const char *outbox_bytes(const Outbox *outbox, size_t *length) {
    *length = outbox->buffer.length - outbox->sent;
    return outbox->buffer.bytes + outbox->sent;
}

void outbox_sent(Outbox *outbox, size_t length) {
    Buffer *buffer = &outbox->buffer;
    outbox->sent += length;
    if (outbox->sent == buffer->length) {
        buffer->length = 0;
        outbox->sent = 0;
        if (buffer->capacity > KEPT_BYTES_MAX) {
            buffer_free(buffer);
        }
    } else if (outbox->sent > SENT_BYTES_MAX && outbox->sent > buffer->length / 2) {
        buffer->length -= outbox->sent;
        memmove(buffer->bytes, buffer->bytes + outbox->sent, buffer->length);
        outbox->sent = 0;
    }
}

AnswerKind outbox_answered(Outbox *outbox) {
    Pending oldest = outbox->pending[outbox->first];
    outbox->first = (outbox->first + 1) & (outbox->capacity - 1);
    outbox->count--;
    outbox->pending_bytes -= oldest.bytes;
    return oldest.kind;
}

void outbox_free(Outbox *outbox) {
    buffer_free(&outbox->buffer);
    rm.Free(outbox->pending);
    *outbox = (Outbox){0};
}
