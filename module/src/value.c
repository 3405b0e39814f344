/* See value.h. */
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "async-wire.h"
#include "value-stream.h"
#include "value-writer.h"

/* The server keeps a string that is longer as plain bytes; to look at others would change how they are kept. */
enum { EMBEDDED_BYTES_MAX = 44 };

static long long ttl_of(Key *key) {
    long long ttl_ms = rm.GetExpire(key);
    // 0 means none, so what is about to expire gets the shortest time there is.
    return ttl_ms == NO_EXPIRE ? 0 : ttl_ms > 0 ? ttl_ms : 1;
}

static size_t bulks_of(int type, size_t elements) {
    return type == KEY_TYPE_HASH || type == KEY_TYPE_ZSET ? elements * 2 : elements;
}

static bool has_elements(int type) {
    return type == KEY_TYPE_LIST || type == KEY_TYPE_HASH || type == KEY_TYPE_SET ||
        type == KEY_TYPE_ZSET;
}

/* Bytes of memory of the value, from a sample of its elements; 0: not known. */
static size_t memory_of(Context *ctx, String *name) {
    CallReply *reply = rm.Call(ctx, "MEMORY", "Ecs", "USAGE", name);
    size_t bytes = 0;
    if (reply != NULL) {
        if (rm.CallReplyType(reply) == REPLY_INTEGER) {
            bytes = (size_t)rm.CallReplyInteger(reply);
        }
        rm.FreeCallReply(reply);
    }
    return bytes;
}

/* Values in a compact encoding are small, and can't be read in pieces. */
static bool is_compact(Context *ctx, String *name) {
    static const char *const loose[] = {"hashtable", "skiplist", "quicklist", "stream"};
    CallReply *reply = rm.Call(ctx, "OBJECT", "Ecs", "ENCODING", name);
    bool is_loose = false;
    if (reply != NULL) {
        if (rm.CallReplyType(reply) == REPLY_STRING) {
            size_t length;
            const char *encoding = rm.CallReplyStringPtr(reply, &length);
            for (size_t i = 0; i < sizeof(loose) / sizeof(loose[0]); i++) {
                is_loose = is_loose ||
                    (length == strlen(loose[i]) && memcmp(encoding, loose[i], length) == 0);
            }
        }
        rm.FreeCallReply(reply);
    }
    return !is_loose;
}

/* Whether the value is sent in chunks; then `step` is the elements of each. */
static bool is_divided(Context *ctx, Value *value, String *name, const ValueLimits *limits) {
    bool may_be = has_elements(value->type) || (value->type == KEY_TYPE_STREAM && limits->has_streams);
    if (!may_be || value->hint < 2) {
        return false;
    }
    size_t memory = memory_of(ctx, name);
    bool is_long = bulks_of(value->type, value->hint) > limits->bulks;
    if ((!is_long && memory <= WHOLE_BYTES_MAX) || is_compact(ctx, name)) {
        return false;
    }
    size_t by_bulks = limits->bulks / bulks_of(value->type, 1);
    size_t by_bytes = memory == 0 ? by_bulks : CHUNK_BYTES_MAX / (memory / value->hint + 1);
    value->step = by_bytes < by_bulks ? by_bytes : by_bulks;
    value->step = value->step == 0 ? 1 : value->step;
    return true;
}

static void write_string(const char *bytes, size_t length, String *name, long long ttl_ms, Outbox *outbox) {
    writer_begin(outbox, WIRE_STRING, name, 5);
    writer_add_number(outbox, ttl_ms);
    buffer_add_argument(&outbox->buffer, bytes, length);
    outbox_end(outbox, ANSWER_ACK);
}

/* The whole value in one command; false when it has gone meanwhile. */
static bool write_whole(Context *ctx, const Value *value, String *name, long long ttl_ms,
    Outbox *outbox) {
    bool is_string = value->type == KEY_TYPE_STRING;
    CallReply *reply = rm.Call(ctx, is_string ? "GET" : "DUMP", "Es", name);
    bool is_there = reply != NULL && rm.CallReplyType(reply) == REPLY_STRING;
    if (is_there) {
        size_t length;
        const char *bytes = rm.CallReplyStringPtr(reply, &length);
        if (is_string) {
            write_string(bytes, length, name, ttl_ms, outbox);
        } else {
            writer_begin(outbox, WIRE_OBJECT, name, 5);
            writer_add_number(outbox, ttl_ms);
            buffer_add_argument(&outbox->buffer, bytes, length);
            outbox_end(outbox, ANSWER_ACK);
        }
    }
    if (reply != NULL) {
        rm.FreeCallReply(reply);
    }
    return is_there;
}

static ValueResult start(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    Outbox *outbox) {
    Key *key = rm.OpenKey(ctx, name, OPEN_READ | OPEN_NO_TOUCH);
    if (key == NULL) {
        return VALUE_GONE;
    }
    value->type = rm.KeyType(key);
    value->hint = rm.ValueLength(key);
    long long ttl_ms = ttl_of(key);
    size_t length;
    const char *bytes = rm.StringPtrLen(name, &length);
    value_write_delete(outbox, bytes, length);
    if (value->type == KEY_TYPE_STRING && value->hint > EMBEDDED_BYTES_MAX) {
        // Where it lies is the fastest place to read it.
        bytes = rm.StringDMA(key, &length, DMA_READ);
        write_string(bytes, length, name, ttl_ms, outbox);
        rm.CloseKey(key);
        value->stage = VALUE_DONE;
        return VALUE_SENT;
    }
    rm.CloseKey(key);
    if (is_divided(ctx, value, name, limits)) {
        value->stage = VALUE_CHUNKS;
        value->cursor = rm.ScanCursorCreate();
        return VALUE_MORE;
    }
    value->stage = VALUE_DONE;
    return write_whole(ctx, value, name, ttl_ms, outbox) ? VALUE_SENT : VALUE_GONE;
}

static void add_scanned(Key *key, String *field, String *value, void *data) {
    (void)key;
    Bulks *bulks = data;
    bulks_add_string(bulks, field);
    if (value != NULL) {
        bulks_add_string(bulks, value);
    }
}

/* Fields or members, a bucket of the table at a time; true at the end. */
static bool read_table(Key *key, Value *value, size_t bulks_max, Bulks *bulks) {
    bool has_more = true;
    while (has_more && bulks->count < bulks_max && bulks->bytes.length < CHUNK_BYTES_MAX) {
        has_more = rm.ScanKey(key, value->cursor, add_scanned, bulks) != 0;
    }
    return !has_more;
}

static bool read_list(Key *key, Value *value, Bulks *bulks) {
    for (size_t i = 0; i < value->step && bulks->bytes.length < CHUNK_BYTES_MAX; i++) {
        String *element = rm.ListGet(key, (long)value->index);
        if (element == NULL) {
            return true;
        }
        bulks_add_string(bulks, element);
        rm.FreeString(NULL, element);
        value->index++;
    }
    return value->index >= (long long)rm.ValueLength(key);
}

static void add_score(Bulks *bulks, const char *text, size_t length) {
    char copy[64];
    snprintf(copy, sizeof(copy), "%.*s", (int)length, text);
    double score = strtod(copy, NULL);
    uint64_t bits;
    memcpy(&bits, &score, sizeof(bits));
    char raw[WIRE_SCORE_BYTES];
    for (int i = 0; i < WIRE_SCORE_BYTES; i++) {
        raw[i] = (char)(bits >> (8 * i) & 0xFF);
    }
    bulks_add(bulks, raw, sizeof(raw));
}

/* Members by their rank, the last first, as codis-server does. */
static bool read_zset(Context *ctx, Value *value, String *name, size_t length, Bulks *bulks) {
    long long last = value->index + (long long)value->step - 1;
    CallReply *reply = rm.Call(ctx, "ZRANGE", "Esllcc", name, value->index, last, "REV", "WITHSCORES");
    if (reply != NULL && rm.CallReplyType(reply) == REPLY_ARRAY) {
        size_t count = rm.CallReplyLength(reply);
        for (size_t i = 0; i + 1 < count; i += 2) {
            size_t bytes;
            const char *member = rm.CallReplyStringPtr(rm.CallReplyArrayElement(reply, i), &bytes);
            bulks_add(bulks, member, bytes);
            const char *score = rm.CallReplyStringPtr(rm.CallReplyArrayElement(reply, i + 1), &bytes);
            add_score(bulks, score, bytes);
        }
        value->index += (long long)(count / 2);
    }
    if (reply != NULL) {
        rm.FreeCallReply(reply);
    }
    return value->index >= (long long)length || bulks->count == 0;
}

static ValueResult next_chunk(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    Outbox *outbox) {
    Key *key = rm.OpenKey(ctx, name, OPEN_READ | OPEN_NO_TOUCH);
    if (key == NULL || rm.KeyType(key) != value->type) {
        if (key != NULL) {
            rm.CloseKey(key);
        }
        return VALUE_GONE;
    }
    size_t length = rm.ValueLength(key);
    Bulks bulks = {0};
    bool is_end = true;
    const char *word = WIRE_HASH;
    size_t bulks_max = value->step * bulks_of(value->type, 1);
    if (value->type == KEY_TYPE_LIST) {
        word = WIRE_LIST;
        is_end = read_list(key, value, &bulks);
    } else if (value->type != KEY_TYPE_ZSET) {
        word = value->type == KEY_TYPE_HASH ? WIRE_HASH : WIRE_SET;
        is_end = read_table(key, value, bulks_max, &bulks);
    }
    rm.CloseKey(key);
    if (value->type == KEY_TYPE_ZSET) {
        word = WIRE_ZSET;
        is_end = read_zset(ctx, value, name, length, &bulks);
    }
    if (bulks.count > 0) {
        writer_begin(outbox, word, name, 5 + (long long)bulks.count);
        writer_add_number(outbox, limits->chunk_ttl_ms);
        writer_add_number(outbox, (long long)value->hint);
        bulks_write(&bulks, outbox);
        value->chunk_count++;
    }
    bulks_free(&bulks);
    if (is_end) {
        value->stage = VALUE_EXPIRE;
    }
    return VALUE_MORE;
}

static ValueResult finish(Context *ctx, Value *value, String *name, Outbox *outbox) {
    Key *key = rm.OpenKey(ctx, name, OPEN_READ | OPEN_NO_TOUCH);
    if (key == NULL || rm.KeyType(key) != value->type) {
        if (key != NULL) {
            rm.CloseKey(key);
        }
        return VALUE_GONE;
    }
    writer_begin(outbox, WIRE_EXPIRE, name, 4);
    writer_add_number(outbox, ttl_of(key));
    outbox_end(outbox, ANSWER_ACK);
    rm.CloseKey(key);
    value->stage = VALUE_DONE;
    return VALUE_SENT;
}

ValueResult value_next(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    Outbox *outbox) {
    switch (value->stage) {
    case VALUE_START:
        return start(ctx, value, name, limits, outbox);
    case VALUE_CHUNKS:
        return value->type == KEY_TYPE_STREAM ? stream_next_chunk(ctx, value, name, limits, outbox)
                                              : next_chunk(ctx, value, name, limits, outbox);
    case VALUE_STREAM_ID:
        return stream_write_id(ctx, value, name, limits, outbox);
    case VALUE_STREAM_GROUPS:
        return stream_next_group(ctx, value, name, limits, outbox);
    case VALUE_EXPIRE:
        return finish(ctx, value, name, outbox);
    default:
        return VALUE_SENT;
    }
}

void value_end(Value *value) {
    if (value->cursor != NULL) {
        rm.ScanCursorDestroy(value->cursor);
    }
    if (value->last_id != NULL) {
        rm.FreeString(NULL, value->last_id);
    }
    *value = (Value){0};
}

size_t value_estimate(Context *ctx, String *name, const ValueLimits *limits) {
    Key *key = rm.OpenKey(ctx, name, OPEN_READ | OPEN_NO_TOUCH);
    if (key == NULL) {
        return 0;
    }
    int type = rm.KeyType(key);
    size_t bulks = has_elements(type) || type == KEY_TYPE_STREAM ? bulks_of(type, rm.ValueLength(key)) : 1;
    rm.CloseKey(key);
    return bulks <= limits->bulks ? 1 : (bulks + limits->bulks - 1) / limits->bulks;
}

void value_write_delete(Outbox *outbox, const char *name, size_t length) {
    outbox_begin(outbox, 3);
    buffer_add_argument(&outbox->buffer, WIRE_RESTORE, strlen(WIRE_RESTORE));
    buffer_add_argument(&outbox->buffer, WIRE_DELETE, strlen(WIRE_DELETE));
    buffer_add_argument(&outbox->buffer, name, length);
    outbox_end(outbox, ANSWER_ACK);
}
