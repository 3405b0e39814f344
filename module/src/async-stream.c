/* See async-stream.h. */
#include "async-stream.h"

#include "argument.h"
#include "async-ack.h"
#include "async-key.h"
#include "async-session.h"
#include "async-wire.h"

static bool is_stream_ready(Context *ctx, String *key, bool may_make, Half *now) {
    return key_is_ready(ctx, key, KEY_TYPE_STREAM, "6/10", may_make, now);
}

/* The end of every form: how long the stream lives, what the next frame has to find, and the answer. */
static int finish(Context *ctx, String *key, long long ttl_ms, Outcome outcome) {
    if (outcome.is_good) {
        outcome = key_set_ttl(ctx, key, ttl_ms);
    }
    Half now;
    if (!outcome.is_good || !key_look(ctx, key, &now)) {
        return ack_error(ctx, "%s", outcome.error);
    }
    session_set(rm.GetClientId(ctx), rm.GetSelectedDb(ctx), key, now);
    return ack_ok(ctx, "%zu", now.length);
}

/* last-id entries-added max-deleted-id */
static int write_id(Context *ctx, String *key, long long ttl_ms, String **argv, int argc) {
    (void)argc;
    Half now;
    if (!is_stream_ready(ctx, key, true, &now)) {
        return API_OK;
    }
    if (now.type == KEY_TYPE_EMPTY) {
        // A stream without entries: one that is added and cut off at once makes it.
        Outcome made = outcome_of(rm.Call(ctx, "XADD", "!Esccccc", key, "MAXLEN", "0", "0-1", "x", "y"));
        if (!made.is_good) {
            return ack_error(ctx, "%s", made.error);
        }
    }
    return finish(ctx, key, ttl_ms, outcome_of(rm.Call(ctx, "XSETID", "!Esscscs", key, argv[0],
        "ENTRIESADDED", argv[1], "MAXDELETEDID", argv[2])));
}

/* group last-id entries-read */
static int write_group(Context *ctx, String *key, long long ttl_ms, String **argv, int argc) {
    (void)argc;
    Half now;
    if (!is_stream_ready(ctx, key, false, &now)) {
        return API_OK;
    }
    return finish(ctx, key, ttl_ms, outcome_of(rm.Call(ctx, "XGROUP", "!Ecssscs", "CREATE", key, argv[0],
        argv[1], "ENTRIESREAD", argv[2])));
}

/* group consumer [id delivered-ms deliveries ...] */
static int write_pending(Context *ctx, String *key, long long ttl_ms, String **argv, int argc) {
    Half now;
    if (!is_stream_ready(ctx, key, false, &now)) {
        return API_OK;
    }
    Outcome outcome = outcome_of(rm.Call(ctx, "XGROUP", "!Ecsss", "CREATECONSUMER", key, argv[0], argv[1]));
    for (int i = 2; i < argc && outcome.is_good; i += 3) {
        outcome = outcome_of(rm.Call(ctx, "XCLAIM", "!Essscscscscc", key, argv[0], argv[1], "0", argv[i],
            "TIME", argv[i + 1], "RETRYCOUNT", argv[i + 2], "FORCE", "JUSTID"));
    }
    return finish(ctx, key, ttl_ms, outcome);
}

static const struct {
    const char *word;
    StreamFunction function;
    int arguments_min;
    int arguments_max;
} forms[] = {
    {WIRE_STREAM_ID, write_id, 3, 3},
    {WIRE_STREAM_GROUP, write_group, 3, 3},
    {WIRE_STREAM_PENDING, write_pending, 2, 2 + 3 * WIRE_PENDING_MAX},
};

StreamFunction stream_form_of(const String *word, int argc) {
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        bool is_right = argc >= forms[i].arguments_min && argc <= forms[i].arguments_max &&
            (argc - forms[i].arguments_min) % 3 == 0;
        if (is_right && is_word(word, forms[i].word)) {
            return forms[i].function;
        }
    }
    return NULL;
}

bool is_stream_form(const String *word) {
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (is_word(word, forms[i].word)) {
            return true;
        }
    }
    return false;
}
