/* See restore.h. */
#include "restore.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "argument.h"

enum { NAME_BYTES = 64 };

/* Reads all times to live, as absolute ones (0: none); answers the error itself. */
static bool read_times(Context *ctx, String **argv, int count, long long *expire_at_ms) {
    long long now_ms = rm.Milliseconds();
    for (int i = 0; i < count; i++) {
        long long ttl_ms;
        if (rm.StringToLongLong(argv[i * 3 + 2], &ttl_ms) != API_OK) {
            reply_error(ctx, "ERR value is not an integer or out of range");
            return false;
        }
        if (ttl_ms < 0 || ttl_ms > LLONG_MAX - now_ms) {
            reply_error(ctx, "ERR invalid ttl value, must be >= 0");
            return false;
        }
        expire_at_ms[i] = ttl_ms == 0 ? 0 : now_ms + ttl_ms;
    }
    return true;
}

/* RESTORE says it in other words than codis-server did. */
static void answer_failure(Context *ctx, CallReply *reply) {
    size_t length = 0;
    const char *text = reply == NULL ? "" : rm.CallReplyStringPtr(reply, &length);
    char copy[ERROR_BYTES];
    snprintf(copy, sizeof(copy), "%.*s", (int)length, text);
    if (strstr(copy, "payload version or checksum are wrong") != NULL) {
        reply_error(ctx, "ERR dump payload version or checksum are wrong");
    } else if (strstr(copy, "Bad data format") != NULL) {
        reply_error(ctx, "ERR bad data format");
    } else {
        reply_error(ctx, "%s", length == 0 ? "ERR RESTORE failed" : copy);
    }
}

/* Frees the reply; whether the command did what it was told. Answers the error itself if asked to. */
static bool is_done(Context *ctx, CallReply *reply, bool is_to_answer) {
    bool is_good = reply != NULL && rm.CallReplyType(reply) != REPLY_ERROR;
    if (!is_good && is_to_answer) {
        answer_failure(ctx, reply);
    }
    if (reply != NULL) {
        rm.FreeCallReply(reply);
    }
    return is_good;
}

/* Names that nobody uses: what is restored lies there until all payloads have proved good. */
static void place_name(char *name, int index) {
    snprintf(name, NAME_BYTES, "codis:slotsrestore:%d:\x01\x02\x03", index);
}

static void forget_places(Context *ctx, int count) {
    char name[NAME_BYTES];
    for (int i = 0; i < count; i++) {
        place_name(name, i);
        (void)is_done(ctx, rm.Call(ctx, "UNLINK", "Ec", name), false);
    }
}

/* Restores every value under a name of its own; false: error answered, and nothing is left. */
static bool restore_aside(Context *ctx, String **argv, int count, const long long *expire_at_ms) {
    char name[NAME_BYTES];
    for (int i = 0; i < count; i++) {
        place_name(name, i);
        CallReply *reply = rm.Call(ctx, "RESTORE", "Eclsc", name, expire_at_ms[i], argv[i * 3 + 3],
            "ABSTTL");
        if (!is_done(ctx, reply, true)) {
            forget_places(ctx, i);
            return false;
        }
    }
    return true;
}

/* Gives every value its key. Replicas and the AOF are told the outcome, not the way. */
static void put_in_place(Context *ctx, String **argv, int count, const long long *expire_at_ms) {
    char name[NAME_BYTES];
    for (int i = 0; i < count; i++) {
        String *key = argv[i * 3 + 1];
        place_name(name, i);
        if (is_done(ctx, rm.Call(ctx, "RENAME", "Ecs", name, key), false)) {
            rm.Replicate(ctx, "RESTORE", "slscc", key, expire_at_ms[i], argv[i * 3 + 3], "REPLACE",
                "ABSTTL");
        } else {
            // It has expired since: then so has the key.
            (void)is_done(ctx, rm.Call(ctx, "UNLINK", "!Es", key), false);
        }
    }
}

int slotsrestore_command(Context *ctx, String **argv, int argc) {
    if (argc < 4 || (argc - 1) % 3 != 0) {
        return rm.WrongArity(ctx);
    }
    int count = (argc - 1) / 3;
    long long *expire_at_ms = rm.Alloc((size_t)count * sizeof(*expire_at_ms));
    bool is_good = read_times(ctx, argv, count, expire_at_ms);
    if (is_good && count == 1) {
        CallReply *reply = rm.Call(ctx, "RESTORE", "!Eslscc", argv[1], expire_at_ms[0], argv[3],
            "REPLACE", "ABSTTL");
        is_good = is_done(ctx, reply, true);
    } else if (is_good) {
        is_good = restore_aside(ctx, argv, count, expire_at_ms);
        if (is_good) {
            put_in_place(ctx, argv, count, expire_at_ms);
        }
    }
    rm.Free(expire_at_ms);
    return is_good ? rm.ReplyWithSimpleString(ctx, "OK") : API_OK;
}
