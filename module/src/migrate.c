/* See migrate.h. */
#include "migrate.h"

#include <stdio.h>

#include "argument.h"
#include "connection.h"
#include "counts.h"
#include "slot-index.h"
#include "source.h"

/* What a move needs to know, from the arguments that all four commands share. */
typedef struct {
    Context *ctx;
    String *host;
    String *port;
    int timeout_ms;
} Move;

/* Names of keys, owned. */
typedef struct {
    String **names;
    size_t count;
    size_t capacity;
} Names;

enum { FAILED = -1 };

static void names_add(Context *ctx, Names *names, const char *bytes, size_t length) {
    if (names->count == names->capacity) {
        names->capacity = names->capacity == 0 ? 4 : names->capacity * 2;
        names->names = rm.Realloc(names->names, names->capacity * sizeof(*names->names));
    }
    names->names[names->count++] = rm.CreateString(ctx, bytes, length);
}

static void names_free(Context *ctx, Names *names) {
    for (size_t i = 0; i < names->count; i++) {
        rm.FreeString(ctx, names->names[i]);
    }
    rm.Free(names->names);
    *names = (Names){0};
}

/* Adds `key ttl payload`; false when there is no such key. */
static bool add_key(Context *ctx, Buffer *triples, const String *name) {
    CallReply *time = rm.Call(ctx, "PTTL", "Es", name);
    long long ttl_ms = time == NULL ? -2 : rm.CallReplyInteger(time);
    if (time != NULL) {
        rm.FreeCallReply(time);
    }
    CallReply *dump = rm.Call(ctx, "DUMP", "Es", name);
    bool is_there = ttl_ms != -2 && dump != NULL && rm.CallReplyType(dump) == REPLY_STRING;
    if (is_there) {
        size_t length;
        const char *bytes = rm.StringPtrLen(name, &length);
        buffer_add_argument(triples, bytes, length);
        char text[32];
        // 0 means none, so what is about to expire gets the shortest time there is.
        int text_length = snprintf(text, sizeof(text), "%lld", ttl_ms < 0 ? 0 : ttl_ms > 0 ? ttl_ms : 1);
        buffer_add_argument(triples, text, (size_t)text_length);
        bytes = rm.CallReplyStringPtr(dump, &length);
        buffer_add_argument(triples, bytes, length);
    }
    if (dump != NULL) {
        rm.FreeCallReply(dump);
    }
    return is_there;
}

/* Whether the asynchronous migration has begun with one of them: it would delete at the target what comes there. */
static bool has_moving(Context *ctx, const Names *names) {
    int db = rm.GetSelectedDb(ctx);
    for (size_t i = 0; i < names->count; i++) {
        size_t length;
        const char *bytes = rm.StringPtrLen(names->names[i], &length);
        if (source_moves(db, bytes, length, key_hash(bytes, length))) {
            return true;
        }
    }
    return false;
}

/* Moves those of the names that are there, together. Their number, or FAILED with the error answered. */
static long long move_names(const Move *move, const Names *names) {
    if (has_moving(move->ctx, names)) {
        reply_error(move->ctx, "ERR the specified DB is being migrated");
        return FAILED;
    }
    Buffer triples = {0};
    size_t count = 0;
    for (size_t i = 0; i < names->count; i++) {
        if (add_key(move->ctx, &triples, names->names[i])) {
            // The moved ones come first in the list, for UNLINK.
            String *moved = names->names[i];
            names->names[i] = names->names[count];
            names->names[count++] = moved;
        }
    }
    bool is_moved = count == 0 ||
        connection_send(move->ctx, move->host, move->port, move->timeout_ms, 3 * (long long)count,
            &triples);
    buffer_free(&triples);
    if (is_moved && count > 0) {
        CallReply *reply = rm.Call(move->ctx, "UNLINK", "!v", names->names, count);
        if (reply != NULL) {
            rm.FreeCallReply(reply);
        }
    }
    return is_moved ? (long long)count : FAILED;
}

static long long move_key(const Move *move, const char *bytes, size_t length) {
    Names names = {0};
    names_add(move->ctx, &names, bytes, length);
    long long moved = move_names(move, &names);
    names_free(move->ctx, &names);
    return moved;
}

/* All keys that have a tag with this CRC. Keys without a tag don't belong to them. */
static long long move_tag(const Move *move, KeyHash hash) {
    counts_settle(move->ctx);
    if (counts_slot(rm.GetSelectedDb(move->ctx), slot_of_crc(hash.crc)) == 0) {
        return 0;
    }
    const NameSet *set = index_get(move->ctx, slot_of_crc(hash.crc));
    Names names = {0};
    for (const Name *name = name_set_tag(set, hash.crc); name != NULL; name = name->next_sibling) {
        names_add(move->ctx, &names, name->bytes, name->length);
    }
    long long moved = move_names(move, &names);
    names_free(move->ctx, &names);
    return moved;
}

/* Moves any key of the slot that is there, alone or with its tag. */
static long long move_any(const Move *move, int slot, bool is_with_tag) {
    static uint64_t turn;
    int db = rm.GetSelectedDb(move->ctx);
    counts_settle(move->ctx);
    if (counts_slot(db, slot) == 0) {
        return 0;
    }
    for (;;) {
        turn += 0x9E3779B97F4A7C15u;
        const Name *any = name_set_any(index_get(move->ctx, slot), turn >> 32);
        if (any == NULL) {
            return 0;
        }
        KeyHash hash = any->hash;
        Names names = {0};
        names_add(move->ctx, &names, any->bytes, any->length);
        size_t length;
        const char *bytes = rm.StringPtrLen(names.names[0], &length);
        long long moved = is_with_tag && hash.has_tag ? move_tag(move, hash)
                                                      : move_key(move, bytes, length);
        if (moved == 0) {
            // It has expired, or went without an event, and isn't looked at again.
            index_remove(db, bytes, length, hash);
        }
        names_free(move->ctx, &names);
        if (moved != 0) {
            return moved;
        }
    }
}

static bool read_move(Context *ctx, String **argv, Move *move) {
    *move = (Move){.ctx = ctx, .host = argv[1], .port = argv[2]};
    int port;
    if (!read_int(ctx, argv[2], &port)) {
        return false;
    }
    if (port < 1 || port > 65535) {
        reply_error(ctx, "ERR invalid port number = %d", port);
        return false;
    }
    return read_timeout(ctx, argv[3], &move->timeout_ms);
}

static int move_one_command(Context *ctx, String **argv, int argc, bool is_with_tag) {
    Move move;
    if (argc != 5) {
        return rm.WrongArity(ctx);
    }
    if (!read_move(ctx, argv, &move)) {
        return API_OK;
    }
    size_t length;
    const char *bytes = rm.StringPtrLen(argv[4], &length);
    KeyHash hash = key_hash(bytes, length);
    long long moved = is_with_tag && hash.has_tag ? move_tag(&move, hash)
                                                  : move_key(&move, bytes, length);
    return moved == FAILED ? API_OK : rm.ReplyWithLongLong(ctx, moved);
}

static int move_slot_command(Context *ctx, String **argv, int argc, bool is_with_tag) {
    Move move;
    int slot;
    if (argc != 5) {
        return rm.WrongArity(ctx);
    }
    if (!read_move(ctx, argv, &move) || !read_slot(ctx, argv[4], &slot)) {
        return API_OK;
    }
    long long moved = move_any(&move, slot, is_with_tag);
    if (moved == FAILED) {
        return API_OK;
    }
    rm.ReplyWithArray(ctx, 2);
    rm.ReplyWithLongLong(ctx, moved);
    return rm.ReplyWithLongLong(ctx, (long long)counts_slot(rm.GetSelectedDb(ctx), slot));
}

int slotsmgrtone_command(Context *ctx, String **argv, int argc) {
    return move_one_command(ctx, argv, argc, false);
}

int slotsmgrttagone_command(Context *ctx, String **argv, int argc) {
    return move_one_command(ctx, argv, argc, true);
}

int slotsmgrtslot_command(Context *ctx, String **argv, int argc) {
    return move_slot_command(ctx, argv, argc, false);
}

int slotsmgrttagslot_command(Context *ctx, String **argv, int argc) {
    return move_slot_command(ctx, argv, argc, true);
}
