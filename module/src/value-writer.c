/* See value-writer.h. */
#include "value-writer.h"

#include <string.h>

#include "async-wire.h"

static void add_string(Buffer *buffer, const String *string) {
    size_t length;
    const char *bytes = rm.StringPtrLen(string, &length);
    buffer_add_argument(buffer, bytes, length);
}

void bulks_add(Bulks *bulks, const char *bytes, size_t length) {
    buffer_add_argument(&bulks->bytes, bytes, length);
    bulks->count++;
}

void bulks_add_string(Bulks *bulks, const String *string) {
    add_string(&bulks->bytes, string);
    bulks->count++;
}

void bulks_add_number(Bulks *bulks, long long number) {
    buffer_add_number(&bulks->bytes, number);
    bulks->count++;
}

void bulks_free(Bulks *bulks) {
    buffer_free(&bulks->bytes);
    bulks->count = 0;
}

void writer_begin(Outbox *outbox, const char *word, const String *name, long long argument_count) {
    outbox_begin(outbox, argument_count);
    buffer_add_argument(&outbox->buffer, WIRE_RESTORE, strlen(WIRE_RESTORE));
    buffer_add_argument(&outbox->buffer, word, strlen(word));
    add_string(&outbox->buffer, name);
}

void writer_add_number(Outbox *outbox, long long number) {
    buffer_add_number(&outbox->buffer, number);
}

void bulks_write(const Bulks *bulks, Outbox *outbox) {
    buffer_add(&outbox->buffer, bulks->bytes.bytes, bulks->bytes.length);
    outbox_end(outbox, ANSWER_ACK);
}
