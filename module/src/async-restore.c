/* See async-restore.h. The order of the checks is codis-server's, so that the same frame gets the same error. */
#include "async-restore.h"

#include <stdio.h>
#include <string.h>

#include "argument.h"
#include "async-ack.h"
#include "async-chunk.h"
#include "async-form.h"
#include "async-key.h"
#include "async-session.h"
#include "async-stream.h"
#include "async-wire.h"
#include "source.h"

static int answer_wrong_count(Context *ctx, const String *word, int argc) {
    size_t length;
    const char *bytes = rm.StringPtrLen(word, &length);
    return ack_error(ctx, "wrong number of arguments (argc=%d,cmd=%.*s)", argc,
        length < ARGUMENT_SHOWN ? (int)length : ARGUMENT_SHOWN, bytes);
}

static int answer_unknown(Context *ctx, const String *word, int argc) {
    size_t length;
    const char *bytes = rm.StringPtrLen(word, &length);
    return ack_error(ctx, "unknown command (argc=%d,cmd=%.*s)", argc,
        length < ARGUMENT_SHOWN ? (int)length : ARGUMENT_SHOWN, bytes);
}

/* Whatever a connection was in the middle of, it isn't any more. */
static void begin_anew(Context *ctx) {
    session_forget(rm.GetClientId(ctx));
}

static int delete_key(Context *ctx, String *key) {
    begin_anew(ctx);
    Half now;
    if (!key_look(ctx, key, &now)) {
        // Nearly always so; a look costs a tenth of the command.
        return ack_ok(ctx, "0");
    }
    Outcome outcome = outcome_of(rm.Call(ctx, "UNLINK", "!Es", key));
    return outcome.is_good ? ack_ok(ctx, "%lld", outcome.integer) : ack_error(ctx, "%s", outcome.error);
}

static int expire_key(Context *ctx, String *key, long long ttl_ms) {
    Half now;
    if (!key_is_ready(ctx, key, KEY_TYPE_EMPTY, "", false, &now)) {
        return API_OK;
    }
    begin_anew(ctx);
    Outcome outcome = key_set_ttl(ctx, key, ttl_ms);
    return outcome.is_good ? ack_ok(ctx, "1") : ack_error(ctx, "%s", outcome.error);
}

static int restore_string(Context *ctx, String *key, long long ttl_ms, String *value) {
    enum { NUMBER_BYTES = 20 };
    begin_anew(ctx);
    size_t length;
    const char *bytes = rm.StringPtrLen(value, &length);
    // The server stores a number as one only when the argument is nobody else's, so a short one is copied.
    bool is_copied = length <= NUMBER_BYTES;
    CallReply *reply;
    if (ttl_ms == 0) {
        reply = is_copied ? rm.Call(ctx, "SET", "!Esbc", key, bytes, length, "NX")
                          : rm.Call(ctx, "SET", "!Essc", key, value, "NX");
    } else {
        long long end_ms = key_end_ms(ttl_ms);
        reply = is_copied ? rm.Call(ctx, "SET", "!Esbccl", key, bytes, length, "NX", "PXAT", end_ms)
                          : rm.Call(ctx, "SET", "!Essccl", key, value, "NX", "PXAT", end_ms);
    }
    Outcome outcome = outcome_of(reply);
    if (outcome.is_null) {
        return ack_error_about(ctx, "the specified key already exists", key);
    }
    return outcome.is_good ? ack_ok(ctx, "1") : ack_error(ctx, "%s", outcome.error);
}

/* Whether this server's RDB has values that begin with this byte. */
static bool is_rdb_type(unsigned char type) {
    enum { RDB_TYPE_NEVER = 8, RDB_TYPE_LAST_70 = 19, RDB_TYPE_LAST_72 = 21, RDB_TYPE_LAST_74 = 25 };
    int version = rm.GetServerVersion();
    int last = version < 0x70200 ? RDB_TYPE_LAST_70
                                 : version < 0x70400 ? RDB_TYPE_LAST_72 : RDB_TYPE_LAST_74;
    return type != RDB_TYPE_NEVER && type <= last;
}

/* RESTORE says it in other words than codis-server did. */
static int answer_bad_payload(Context *ctx, String *key, const String *payload, const char *error) {
    if (strstr(error, "BUSYKEY") != NULL) {
        return ack_error_about(ctx, "the specified key already exists", key);
    }
    if (strstr(error, "payload version or checksum are wrong") != NULL) {
        return ack_error(ctx, "invalid payload checksum");
    }
    if (strstr(error, "Bad data format") != NULL) {
        size_t length;
        const char *bytes = rm.StringPtrLen(payload, &length);
        bool is_known = length > 0 && is_rdb_type((unsigned char)bytes[0]);
        return ack_error(ctx, is_known ? "invalid payload body" : "invalid payload type");
    }
    return ack_error(ctx, "%s", error);
}

static int restore_object(Context *ctx, String *key, long long ttl_ms, String *payload) {
    begin_anew(ctx);
    Outcome outcome = outcome_of(ttl_ms == 0
            ? rm.Call(ctx, "RESTORE", "!Escs", key, "0", payload)
            : rm.Call(ctx, "RESTORE", "!Eslsc", key, key_end_ms(ttl_ms), payload, "ABSTTL"));
    return outcome.is_good ? ack_ok(ctx, "1") : answer_bad_payload(ctx, key, payload, outcome.error);
}

/* A chunk: argv from the key on. */
static int restore_chunk(Context *ctx, String **argv, int argc, long long ttl_ms) {
    String *word = argv[1];
    if (argc < 5) {
        return answer_wrong_count(ctx, word, argc);
    }
    long long hint;
    if (rm.StringToLongLong(argv[4], &hint) != API_OK || hint < 0) {
        size_t length;
        const char *bytes = rm.StringPtrLen(argv[4], &length);
        return ack_error(ctx, "invalid Hint value (Hint=%.*s)",
            length < ARGUMENT_SHOWN ? (int)length : ARGUMENT_SHOWN, bytes);
    }
    const Form *form = form_of(word);
    if (form == NULL) {
        return answer_unknown(ctx, word, argc);
    }
    const Elements elements = {.key = argv[2], .bulks = argv + 5, .count = (size_t)(argc - 5)};
    char error[OUTCOME_BYTES] = "";
    switch (form->check(&elements, error)) {
    case BULKS_WRONG_COUNT:
        return answer_wrong_count(ctx, word, argc);
    case BULKS_ERROR:
        return ack_error(ctx, "%s", error);
    default:
        return chunk_write(ctx, form, argv[2], ttl_ms, argv + 5, argc - 5);
    }
}

int slotsrestore_async_command(Context *ctx, String **argv, int argc) {
    if (argc < 2) {
        return rm.WrongArity(ctx);
    }
    if (session_is_failed(rm.GetClientId(ctx))) {
        return ack_error(ctx, "a frame before this one has failed");
    }
    if (source_is_busy(rm.GetSelectedDb(ctx))) {
        return ack_error(ctx, "the specified DB is being migrated");
    }
    String *word = argv[1];
    if (argc < 3) {
        return answer_wrong_count(ctx, word, argc);
    }
    if (is_word(word, WIRE_DELETE)) {
        return argc == 3 ? delete_key(ctx, argv[2]) : answer_wrong_count(ctx, word, argc);
    }
    if (argc < 4) {
        return answer_wrong_count(ctx, word, argc);
    }
    long long ttl_ms;
    if (!key_read_ttl(ctx, argv[3], &ttl_ms)) {
        return API_OK;
    }
    if (is_word(word, WIRE_EXPIRE)) {
        return argc == 4 ? expire_key(ctx, argv[2], ttl_ms) : answer_wrong_count(ctx, word, argc);
    }
    if (is_word(word, WIRE_STRING)) {
        return argc == 5 ? restore_string(ctx, argv[2], ttl_ms, argv[4])
                         : answer_wrong_count(ctx, word, argc);
    }
    if (is_word(word, WIRE_OBJECT)) {
        return argc == 5 ? restore_object(ctx, argv[2], ttl_ms, argv[4])
                         : answer_wrong_count(ctx, word, argc);
    }
    if (is_stream_form(word)) {
        StreamFunction form = stream_form_of(word, argc - 4);
        return form == NULL ? answer_wrong_count(ctx, word, argc)
                            : form(ctx, argv[2], ttl_ms, argv + 4, argc - 4);
    }
    return restore_chunk(ctx, argv, argc, ttl_ms);
}
