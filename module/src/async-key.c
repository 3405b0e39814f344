/* See async-key.h. */
#include "async-key.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "async-ack.h"

bool key_look(Context *ctx, String *key, Half *state) {
    Key *open = rm.OpenKey(ctx, key, OPEN_READ | OPEN_NO_TOUCH);
    *state = (Half){.type = rm.KeyType(open), .length = open == NULL ? 0 : rm.ValueLength(open)};
    if (open != NULL) {
        rm.CloseKey(open);
    }
    return open != NULL;
}

bool key_read_ttl(Context *ctx, const String *argument, long long *ttl_ms) {
    size_t length;
    const char *bytes = rm.StringPtrLen(argument, &length);
    if (rm.StringToLongLong(argument, ttl_ms) == API_OK && *ttl_ms >= 0 &&
        *ttl_ms <= LLONG_MAX - rm.Milliseconds()) {
        return true;
    }
    ack_error(ctx, "invalid TTL value (TTL=%.*s)", length < ARGUMENT_SHOWN ? (int)length : ARGUMENT_SHOWN,
        bytes);
    return false;
}

long long key_end_ms(long long ttl_ms) {
    // The clock may have gone on since the time to live was read.
    long long now_ms = rm.Milliseconds();
    return ttl_ms > LLONG_MAX - now_ms ? LLONG_MAX : now_ms + ttl_ms;
}

Outcome key_set_ttl(Context *ctx, String *key, long long ttl_ms) {
    return outcome_of(ttl_ms == 0
            ? rm.Call(ctx, "PERSIST", "!Es", key)
            : rm.Call(ctx, "PEXPIREAT", "!Esl", key, key_end_ms(ttl_ms)));
}

/* Numbers of codis-server's encodings; those that it didn't have have the numbers that they got later. */
static int encoding_number(const char *name, size_t length) {
    static const struct {
        const char *name;
        int number;
    } encodings[] = {
        {"raw", 0}, {"int", 1}, {"hashtable", 2}, {"ziplist", 5}, {"intset", 6}, {"skiplist", 7},
        {"embstr", 8}, {"quicklist", 9}, {"stream", 10}, {"listpack", 11}, {"listpackex", 12},
    };
    for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
        if (strlen(encodings[i].name) == length && memcmp(encodings[i].name, name, length) == 0) {
            return encodings[i].number;
        }
    }
    return -1;
}

static int type_number(int type) {
    switch (type) {
    case KEY_TYPE_STRING:
        return 0;
    case KEY_TYPE_LIST:
        return 1;
    case KEY_TYPE_SET:
        return 2;
    case KEY_TYPE_ZSET:
        return 3;
    case KEY_TYPE_HASH:
        return 4;
    case KEY_TYPE_STREAM:
        return 6;
    default:
        return 5;
    }
}

static void answer_wrong_type(Context *ctx, String *key, int type, const char *expected) {
    CallReply *reply = rm.Call(ctx, "OBJECT", "Ecs", "ENCODING", key);
    int encoding = -1;
    if (reply != NULL) {
        if (rm.CallReplyType(reply) == REPLY_STRING) {
            size_t length;
            const char *name = rm.CallReplyStringPtr(reply, &length);
            encoding = encoding_number(name, length);
        }
        rm.FreeCallReply(reply);
    }
    ack_error(ctx, "wrong type (expect=%s,got=%d/%d)", expected, type_number(type), encoding);
}

bool key_is_ready(Context *ctx, String *key, int type, const char *expected, bool may_make, Half *now) {
    Half left;
    bool is_there = key_look(ctx, key, now);
    bool is_begun = session_has(rm.GetClientId(ctx), rm.GetSelectedDb(ctx), key, &left);
    if (!is_there && (is_begun || !may_make)) {
        ack_error_about(ctx, "the specified key doesn't exist", key);
        return false;
    }
    if (is_there && type != KEY_TYPE_EMPTY && now->type != type) {
        answer_wrong_type(ctx, key, now->type, expected);
        return false;
    }
    if (is_begun && (now->type != left.type || now->length != left.length)) {
        ack_error_about(ctx, "the specified key was changed while it was restored", key);
        return false;
    }
    return true;
}
