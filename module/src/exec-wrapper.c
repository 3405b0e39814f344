/* See exec-wrapper.h. */
#include "exec-wrapper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "argument.h"
#include "counts.h"
#include "slot-index.h"
#include "source.h"

typedef enum { ANSWER_BAD = -1, ANSWER_ABSENT = 0, ANSWER_MOVING = 1, ANSWER_DONE = 2 } AnswerCode;

/* What the keys of a command say together. */
typedef struct {
    KeyHash hash; /* Of the hash key. */
    int present; /* Of the keys in the slot of the hash key. */
    int absent;
    bool is_moving;
    bool is_stale; /* One that is absent has an old copy at the target. */
    bool is_one_tag; /* All have the tag of the hash key. */
} Keys;

static int answer_error(Context *ctx, AnswerCode code, const char *text) {
    rm.ReplyWithArray(ctx, 2);
    rm.ReplyWithLongLong(ctx, code);
    reply_error(ctx, "ERR %s", text);
    return API_OK;
}

static int answer_bad(Context *ctx, const char *text, const String *command) {
    size_t length;
    const char *bytes = rm.StringPtrLen(command, &length);
    char full[ERROR_BYTES];
    snprintf(full, sizeof(full), "%s (%.*s)", text, length < 256 ? (int)length : 256, bytes);
    return answer_error(ctx, ANSWER_BAD, full);
}

static int answer_moving(Context *ctx) {
    return answer_error(ctx, ANSWER_MOVING, "the specified key is being migrated");
}

/* Commands that change or need the connection itself, which isn't the caller's here, and this one. */
static bool is_refused(const String *command) {
    static const char *const refused[] = {"slotsmgrt-exec-wrapper", "hello", "auth", "client", "select",
        "multi", "exec", "discard", "watch", "unwatch", "shutdown", "quit", "reset", "monitor",
        "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe", "sync",
        "psync", "replconf", "debug"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (is_word(command, refused[i])) {
            return true;
        }
    }
    return false;
}

static bool is_there(Context *ctx, String *name) {
    Key *key = rm.OpenKey(ctx, name, OPEN_READ | OPEN_NO_TOUCH);
    if (key != NULL) {
        rm.CloseKey(key);
    }
    return key != NULL;
}

static void look_at(Context *ctx, Keys *keys, String *name) {
    int db = rm.GetSelectedDb(ctx);
    size_t length;
    const char *bytes = rm.StringPtrLen(name, &length);
    KeyHash hash = key_hash(bytes, length);
    keys->is_moving = keys->is_moving || source_moves(db, bytes, length, hash);
    keys->is_one_tag = keys->is_one_tag && hash.has_tag && hash.crc == keys->hash.crc;
    if (slot_of_crc(hash.crc) != slot_of_crc(keys->hash.crc)) {
        return;
    }
    if (is_there(ctx, name)) {
        keys->present++;
    } else {
        keys->absent++;
        keys->is_stale = keys->is_stale || source_is_stale(db, bytes, length);
    }
}

typedef enum { TAG_ELSEWHERE, TAG_HERE, TAG_UNKNOWN } TagPlace;

/* Whether this server has keys with the tag. Unknown while names are read; then it is asked again. */
static TagPlace place_of_tag(Context *ctx, KeyHash hash) {
    int slot = slot_of_crc(hash.crc);
    if (!hash.has_tag || counts_slot(rm.GetSelectedDb(ctx), slot) == 0) {
        return TAG_ELSEWHERE;
    }
    const NameSet *set;
    if (!index_try(ctx, slot, &set)) {
        return TAG_ELSEWHERE;
    }
    if (set == NULL) {
        return source_read_names(ctx) ? TAG_UNKNOWN : TAG_ELSEWHERE;
    }
    return name_set_tag(set, hash.crc) != NULL ? TAG_HERE : TAG_ELSEWHERE;
}

static bool is_text(CallReply *reply, const char *text) {
    size_t length;
    const char *bytes = rm.CallReplyStringPtr(reply, &length);
    return bytes != NULL && length == strlen(text) && memcmp(bytes, text, length) == 0;
}

/* Whether the server says of this key `[name, [flag ...]]` that it is only read. */
static bool is_only_read(CallReply *key) {
    CallReply *flags = rm.CallReplyArrayElement(key, 1);
    for (size_t i = 0; flags != NULL && i < rm.CallReplyLength(flags); i++) {
        if (is_text(rm.CallReplyArrayElement(flags, i), "RO")) {
            return true;
        }
    }
    return false;
}

/* Of a command without keys, a script for example, it isn't known what it does. */
static bool may_write(Context *ctx, String **argv, int argc) {
    CallReply *reply = rm.Call(ctx, "COMMAND", "E0cv", "GETKEYSANDFLAGS", argv, (size_t)argc);
    bool is_reading = reply != NULL && rm.CallReplyType(reply) == REPLY_ARRAY;
    for (size_t i = 0; is_reading && i < rm.CallReplyLength(reply); i++) {
        is_reading = is_only_read(rm.CallReplyArrayElement(reply, i));
    }
    if (reply != NULL) {
        rm.FreeCallReply(reply);
    }
    return !is_reading;
}

static AnswerCode decide(Context *ctx, const Keys *keys, String **argv, int argc) {
    bool is_handed_over = keys->is_moving && source_hands_over(rm.GetSelectedDb(ctx));
    if (is_handed_over || keys->is_stale || (keys->is_moving && may_write(ctx, argv, argc))) {
        return ANSWER_MOVING;
    }
    if (keys->present == 0) {
        TagPlace place = place_of_tag(ctx, keys->hash);
        if (place != TAG_ELSEWHERE && !may_write(ctx, argv, argc)) {
            place = TAG_ELSEWHERE;
        }
        return place == TAG_HERE ? ANSWER_DONE : place == TAG_UNKNOWN ? ANSWER_MOVING : ANSWER_ABSENT;
    }
    // Keys without a common tag move one by one: what isn't here may be there, and both are needed.
    return keys->absent == 0 || keys->is_one_tag ? ANSWER_DONE : ANSWER_MOVING;
}

static bool has_text(CallReply *reply, const char *text) {
    if (reply == NULL || rm.CallReplyType(reply) != REPLY_ERROR) {
        return false;
    }
    size_t length;
    const char *bytes = rm.CallReplyStringPtr(reply, &length);
    char copy[ERROR_BYTES];
    snprintf(copy, sizeof(copy), "%.*s", length < ERROR_BYTES ? (int)length : ERROR_BYTES - 1, bytes);
    return strstr(copy, text) != NULL;
}

/*
 * Executes the command as for the caller itself: with its rights, and the checks of memory, disk, replicas and
 * role that the server makes. These come with the rules for scripts, which refuse some commands: those are
 * executed without. With `is_reading` a command that writes isn't executed, and `is_write` tells.
 */
static CallReply *execute(Context *ctx, String **argv, int argc, bool is_reading, bool *is_write) {
    size_t count = (size_t)argc - 1;
    const char *command = rm.StringPtrLen(argv[0], &(size_t){0});
    source_protect(true);
    errno = 0;
    CallReply *reply = rm.Call(ctx, command, is_reading ? "!E0CMSWv" : "!E0CMSv", argv + 1, count);
    *is_write = is_reading && errno == ENOSPC;
    if (has_text(reply, "is not allowed on script mode")) {
        rm.FreeCallReply(reply);
        bool is_replica = (rm.GetContextFlags(ctx) & CONTEXT_REPLICA) != 0;
        errno = 0;
        reply = rm.Call(ctx, command, is_reading || is_replica ? "!E0CMWv" : "!E0CMv", argv + 1, count);
        *is_write = is_reading && errno == ENOSPC;
    }
    source_protect(false);
    return reply;
}

static int answer_executed(Context *ctx, String **argv, int argc, bool is_reading) {
    bool is_write;
    CallReply *reply = execute(ctx, argv, argc, is_reading, &is_write);
    if (is_write) {
        if (reply != NULL) {
            rm.FreeCallReply(reply);
        }
        return answer_moving(ctx);
    }
    rm.ReplyWithArray(ctx, 2);
    rm.ReplyWithLongLong(ctx, ANSWER_DONE);
    if (reply == NULL) {
        reply_error(ctx, "ERR the command gave no reply");
        return API_OK;
    }
    static const char refusal[] = "acl verification failed, ";
    if (has_text(reply, refusal)) {
        size_t length;
        const char *bytes = rm.CallReplyStringPtr(reply, &length);
        char copy[ERROR_BYTES];
        snprintf(copy, sizeof(copy), "%.*s", length < ERROR_BYTES ? (int)length : ERROR_BYTES - 1, bytes);
        reply_error(ctx, "NOPERM %s", strstr(copy, refusal) + strlen(refusal));
    } else {
        rm.ReplyWithCallReply(ctx, reply);
    }
    rm.FreeCallReply(reply);
    return API_OK;
}

/* Looks at the keys of the command; false: it isn't one, and that is answered. */
static bool read_keys(Context *ctx, String *hash_key, String **argv, int argc, Keys *keys) {
    int count = 0;
    errno = 0;
    int *places = rm.GetCommandKeys(ctx, argv, argc, &count);
    int code = places == NULL ? errno : 0;
    if (code == ENOENT || is_refused(argv[0])) {
        rm.Free(places);
        answer_bad(ctx, "invalid command specified", argv[0]);
        return false;
    }
    if (code == EINVAL) {
        answer_bad(ctx, "wrong number of arguments for command", argv[0]);
        return false;
    }
    size_t length;
    const char *bytes = rm.StringPtrLen(hash_key, &length);
    *keys = (Keys){.hash = key_hash(bytes, length), .is_one_tag = true};
    look_at(ctx, keys, hash_key);
    for (int i = 0; places != NULL && i < count; i++) {
        look_at(ctx, keys, argv[places[i]]);
    }
    rm.Free(places);
    return true;
}

int slotsmgrt_exec_wrapper_command(Context *ctx, String **argv, int argc) {
    if (argc < 3) {
        return answer_error(ctx, ANSWER_BAD, "wrong number of arguments for SLOTSMGRT-EXEC-WRAPPER");
    }
    Keys keys;
    if (!read_keys(ctx, argv[1], argv + 2, argc - 2, &keys)) {
        return API_OK;
    }
    switch (decide(ctx, &keys, argv + 2, argc - 2)) {
    case ANSWER_ABSENT:
        return answer_error(ctx, ANSWER_ABSENT, "the specified key doesn't exist");
    case ANSWER_MOVING:
        return answer_moving(ctx);
    default:
        return answer_executed(ctx, argv + 2, argc - 2, keys.is_moving);
    }
}
