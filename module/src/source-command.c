/* See source-command.h. */
#include "source-command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "slot-index.h"
#include "source.h"

enum {
    TIMEOUT_DEFAULT_MS = 30000,
    MAXBULKS_DEFAULT = 200,
    MAXBULKS_MAX = 512 * 1024,
    DUMP_MAXBULKS_DEFAULT = 1000,
    MAXBYTES_DEFAULT = 512 * 1024,
    NUMKEYS_DEFAULT = 100,
    /* Names that a status shows. */
    STATUS_KEYS_MAX = 1000
};

/* A number of at least 0; 0 becomes the default, and what is above the highest becomes that. */
static bool read_number(Context *ctx, const String *argument, const char *name, long long otherwise,
    long long highest, long long *value) {
    if (rm.StringToLongLong(argument, value) != API_OK || *value < 0 || *value > INT_MAX) {
        size_t length;
        const char *bytes = rm.StringPtrLen(argument, &length);
        int shown = length < ERROR_BYTES ? (int)length : ERROR_BYTES;
        reply_error(ctx, "ERR invalid value of %s (%.*s)", name, shown, bytes);
        return false;
    }
    *value = *value == 0 ? otherwise : *value > highest ? highest : *value;
    return true;
}

/* What all four commands begin with: host port timeout maxbulks maxbytes. */
static bool read_order(Context *ctx, String **argv, char *host, char *port, BatchOrder *order) {
    size_t length;
    const char *bytes = rm.StringPtrLen(argv[1], &length);
    if (length == 0 || length >= HOST_BYTES || strlen(bytes) != length) {
        reply_error(ctx, "ERR Can't connect to target node: no valid address");
        return false;
    }
    snprintf(host, HOST_BYTES, "%s", bytes);
    long long number;
    if (rm.StringToLongLong(argv[2], &number) != API_OK || number < 1 || number > 65535) {
        bytes = rm.StringPtrLen(argv[2], &length);
        reply_error(ctx, "ERR invalid value of port (%.*s)", length < 64 ? (int)length : 64, bytes);
        return false;
    }
    snprintf(port, PORT_BYTES, "%d", (int)number);
    return read_number(ctx, argv[3], "timeout", TIMEOUT_DEFAULT_MS, INT_MAX, &order->timeout_ms) &&
        read_number(ctx, argv[4], "maxbulks", MAXBULKS_DEFAULT, MAXBULKS_MAX, &order->maxbulks) &&
        read_number(ctx, argv[5], "maxbytes", MAXBYTES_DEFAULT, INT_MAX / 2, &order->maxbytes);
}

static void add_wanted(BatchOrder *order, String **names, int count) {
    order->wanted = rm.Alloc((size_t)count * sizeof(*order->wanted));
    order->wanted_count = (size_t)count;
    for (int i = 0; i < count; i++) {
        size_t length;
        const char *bytes = rm.StringPtrLen(names[i], &length);
        order->wanted[i] = rm.CreateString(NULL, bytes, length);
    }
}

static int move_keys(Context *ctx, String **argv, int argc, bool is_with_tags) {
    BatchOrder order = {.slot = -1, .is_with_tags = is_with_tags};
    char host[HOST_BYTES];
    char port[PORT_BYTES];
    if (argc < 7) {
        return rm.WrongArity(ctx);
    }
    if (read_order(ctx, argv, host, port, &order)) {
        add_wanted(&order, argv + 6, argc - 6);
        source_start(ctx, host, port, &order);
    }
    return API_OK;
}

static int move_slot(Context *ctx, String **argv, int argc, bool is_with_tags) {
    BatchOrder order = {.is_with_tags = is_with_tags};
    char host[HOST_BYTES];
    char port[PORT_BYTES];
    if (argc != 8) {
        return rm.WrongArity(ctx);
    }
    if (read_order(ctx, argv, host, port, &order) && read_slot(ctx, argv[6], &order.slot) &&
        read_number(ctx, argv[7], "numkeys", NUMKEYS_DEFAULT, INT_MAX, &order.numkeys)) {
        source_start(ctx, host, port, &order);
    }
    return API_OK;
}

int slotsmgrtone_async_command(Context *ctx, String **argv, int argc) {
    return move_keys(ctx, argv, argc, false);
}

int slotsmgrttagone_async_command(Context *ctx, String **argv, int argc) {
    return move_keys(ctx, argv, argc, true);
}

int slotsmgrtslot_async_command(Context *ctx, String **argv, int argc) {
    return move_slot(ctx, argv, argc, false);
}

int slotsmgrttagslot_async_command(Context *ctx, String **argv, int argc) {
    return move_slot(ctx, argv, argc, true);
}

/* The number after the first byte of a line of an encoded command; `at` goes behind the line. */
static long long take_number(const char *bytes, size_t *at) {
    char *end;
    long long number = strtoll(bytes + *at + 1, &end, 10);
    *at = (size_t)(end - bytes) + 2;
    return number;
}

/* Answers encoded commands as an array of arrays. */
static void reply_commands(Context *ctx, const Outbox *outbox) {
    rm.ReplyWithArray(ctx, (long)outbox->count);
    const char *bytes = outbox->buffer.bytes;
    size_t at = 0;
    for (size_t i = 0; i < outbox->count; i++) {
        long long arguments = take_number(bytes, &at);
        rm.ReplyWithArray(ctx, (long)arguments);
        for (long long j = 0; j < arguments; j++) {
            size_t length = (size_t)take_number(bytes, &at);
            rm.ReplyWithStringBuffer(ctx, bytes + at, length);
            at += length + 2;
        }
    }
}

static int dump(Context *ctx, String **argv, int argc, bool is_with_tags) {
    BatchOrder order = {.slot = -1, .is_with_tags = is_with_tags};
    if (argc < 4) {
        return rm.WrongArity(ctx);
    }
    if (!read_number(ctx, argv[1], "timeout", TIMEOUT_DEFAULT_MS, INT_MAX, &order.timeout_ms) ||
        !read_number(ctx, argv[2], "maxbulks", DUMP_MAXBULKS_DEFAULT, MAXBULKS_MAX, &order.maxbulks)) {
        return API_OK;
    }
    add_wanted(&order, argv + 3, argc - 3);
    Batch *batch = batch_new(rm.GetSelectedDb(ctx), &order);
    Outbox outbox = {0};
    for (size_t i = 0; is_with_tags && i < order.wanted_count; i++) {
        size_t length;
        const char *bytes = rm.StringPtrLen(order.wanted[i], &length);
        (void)index_get(ctx, slot_of_crc(key_hash(bytes, length).crc));
    }
    while (!batch_find(ctx, batch, LLONG_MAX)) {
        // What a tag needs and was dropped again by the others is read at once.
        index_advance(ctx, LLONG_MAX);
        rm.SelectDb(ctx, batch->db);
    }
    batch_write_all(ctx, batch, &outbox);
    reply_commands(ctx, &outbox);
    outbox_free(&outbox);
    batch_free(batch);
    return API_OK;
}

int slotsmgrtone_async_dump_command(Context *ctx, String **argv, int argc) {
    return dump(ctx, argv, argc, false);
}

int slotsmgrttagone_async_dump_command(Context *ctx, String **argv, int argc) {
    return dump(ctx, argv, argc, true);
}

int slotsmgrt_async_fence_command(Context *ctx, String **argv, int argc) {
    (void)argv;
    if (argc != 1) {
        return rm.WrongArity(ctx);
    }
    source_fence(ctx);
    return API_OK;
}

int slotsmgrt_async_cancel_command(Context *ctx, String **argv, int argc) {
    (void)argv;
    return argc == 1 ? rm.ReplyWithLongLong(ctx, source_cancel(ctx) ? 1 : 0) : rm.WrongArity(ctx);
}

static void reply_text(Context *ctx, const char *text) {
    rm.ReplyWithStringBuffer(ctx, text, strlen(text));
}

static void reply_field(Context *ctx, const char *name, long long value) {
    reply_text(ctx, name);
    rm.ReplyWithLongLong(ctx, value);
}

static void reply_string(Context *ctx, const String *string) {
    size_t length;
    const char *bytes = rm.StringPtrLen(string, &length);
    rm.ReplyWithStringBuffer(ctx, bytes, length);
}

/* `[n, [key ...]]`. */
static void reply_keys(Context *ctx, const Batch *batch) {
    size_t shown = batch->count < STATUS_KEYS_MAX ? batch->count : STATUS_KEYS_MAX;
    rm.ReplyWithArray(ctx, 2);
    rm.ReplyWithLongLong(ctx, (long long)batch->count);
    rm.ReplyWithArray(ctx, (long)shown);
    for (size_t i = 0; i < shown; i++) {
        reply_string(ctx, batch->keys[i].name);
    }
}

/* `[n, {…}]`: how many keys are to be sent yet, and the one that is being sent. */
static void reply_iterators(Context *ctx, const Batch *batch) {
    static const char *const types[] = {"none", "string", "list", "hash", "set", "zset", "module",
        "stream"};
    const Value *value = &batch->value;
    bool is_sending = batch->stage == BATCH_SENDING && batch->next < batch->count;
    rm.ReplyWithArray(ctx, is_sending ? 2 : 1);
    rm.ReplyWithLongLong(ctx, is_sending ? (long long)(batch->count - batch->next) : 0);
    if (!is_sending) {
        return;
    }
    bool is_list = value->type == KEY_TYPE_LIST;
    bool is_zset = value->type == KEY_TYPE_ZSET;
    rm.ReplyWithMap(ctx, 7);
    reply_text(ctx, "key");
    reply_string(ctx, batch->keys[batch->next].name);
    reply_text(ctx, "val.type");
    reply_text(ctx, value->type >= 0 && value->type <= KEY_TYPE_STREAM ? types[value->type] : "none");
    reply_field(ctx, "stage", value->stage);
    reply_field(ctx, "elements", (long long)value->hint);
    reply_field(ctx, "lindex", is_list ? value->index : 0);
    reply_field(ctx, "zindex", is_zset ? value->index : 0);
    reply_field(ctx, "chunked_msgs", value->chunk_count);
}

static void reply_batch(Context *ctx, const Batch *batch) {
    if (batch == NULL) {
        rm.ReplyWithNull(ctx);
        return;
    }
    rm.ReplyWithMap(ctx, 8);
    reply_text(ctx, "keys");
    reply_keys(ctx, batch);
    reply_field(ctx, "timeout", batch->order.timeout_ms);
    reply_field(ctx, "maxbulks", batch->order.maxbulks);
    reply_field(ctx, "maxbytes", batch->order.maxbytes);
    reply_field(ctx, "estimate_msgs", (long long)batch->estimate);
    reply_field(ctx, "removed_keys", batch->removed);
    reply_field(ctx, "chunked_vals", batch->chunked_count);
    reply_text(ctx, "iterators");
    reply_iterators(ctx, batch);
}

int slotsmgrt_async_status_command(Context *ctx, String **argv, int argc) {
    (void)argv;
    if (argc != 1) {
        return rm.WrongArity(ctx);
    }
    int db = rm.GetSelectedDb(ctx);
    const Link *link = source_link(db);
    if (link == NULL) {
        return rm.ReplyWithNull(ctx);
    }
    const Batch *batch = source_batch(db);
    rm.ReplyWithMap(ctx, 9);
    reply_text(ctx, "host");
    reply_text(ctx, link->host);
    reply_field(ctx, "port", strtoll(link->port, NULL, 10));
    reply_field(ctx, "used", batch != NULL ? 1 : 0);
    reply_field(ctx, "timeout", batch != NULL ? batch->order.timeout_ms : 0);
    reply_field(ctx, "lastuse", link->lastuse_ms);
    reply_field(ctx, "since_lastuse", rm.Milliseconds() - link->lastuse_ms);
    reply_field(ctx, "sending_msgs", (long long)link->outbox.count);
    reply_field(ctx, "blocked_clients", (long long)source_waiters(db));
    reply_text(ctx, "batched_iterator");
    reply_batch(ctx, batch);
    return API_OK;
}
