/*
 * Key events come after the change. `new`: a command made a key. `loaded`: it came from an RDB file or a
 * master. Gone: `del`, `expired`, `evicted`, `rename_from`, `move_from`. RENAME onto a key that exists,
 * COPY REPLACE and RESTORE REPLACE tell `new` for a name that was there, and then their own event: where
 * that doesn't follow, some other module has deleted a key without a word, and the database is counted
 * anew before the next answer.
 */
#include "events.h"

#include <string.h>

#include "async-session.h"
#include "connection.h"
#include "counts.h"
#include "delete-job.h"
#include "slot-index.h"
#include "source.h"

/* Most events are neither of these; their first letter says so of nearly all. */
static bool is_removal(const char *event) {
    switch (event[0]) {
    case 'd':
        return strcmp(event, "del") == 0;
    case 'e':
        return strcmp(event, "expired") == 0 || strcmp(event, "evicted") == 0;
    case 'm':
        return strcmp(event, "move_from") == 0;
    case 'r':
        return strcmp(event, "rename_from") == 0;
    default:
        return false;
    }
}

static bool is_replacement(const char *event) {
    switch (event[0]) {
    case 'c':
        return strcmp(event, "copy_to") == 0;
    case 'r':
        return strcmp(event, "rename_from") == 0 || strcmp(event, "restore") == 0;
    default:
        return false;
    }
}

static KeyHash hash_of(const String *key, const char **bytes, size_t *length) {
    *bytes = rm.StringPtrLen(key, length);
    return key_hash(*bytes, *length);
}

/* A key has come. Most commands of a server that is filled end here, so as little as possible is done. */
static int on_arrival(Context *ctx, int type, const char *event, String *key) {
    (void)event;
    size_t length;
    const char *bytes;
    int db = rm.GetSelectedDb(ctx);
    KeyHash hash = hash_of(key, &bytes, &length);
    if (type == KEY_LOADED) {
        counts_add_loaded(db, slot_of_crc(hash.crc));
    } else {
        counts_add(db, slot_of_crc(hash.crc), rm.DbSize(ctx));
    }
    index_add(db, bytes, length, hash);
    if (source_is_watching) {
        source_touch(db, key, false, false);
    }
    return API_OK;
}

static void on_removal(Context *ctx, int db, const String *key) {
    size_t length;
    const char *bytes;
    KeyHash hash = hash_of(key, &bytes, &length);
    counts_remove(db, slot_of_crc(hash.crc), rm.DbSize(ctx));
    index_remove(db, bytes, length, hash);
}

/* Something else: of no interest, but for the end of a key and what confirms a replacement. */
static __attribute__((noinline)) int on_change(Context *ctx, int type, const char *event, String *key) {
    counts_resolve(is_replacement(event));
    int db = rm.GetSelectedDb(ctx);
    bool is_gone = is_removal(event);
    if (source_is_watching) {
        source_touch(db, key, is_gone, type == KEY_EXPIRED || type == KEY_EVICTED);
    }
    if (is_gone) {
        on_removal(ctx, db, key);
    }
    return API_OK;
}

static HOT int on_key(Context *ctx, int type, const char *event, String *key) {
    bool has_come = type == KEY_NEW || type == KEY_LOADED;
    return has_come ? on_arrival(ctx, type, event, key) : on_change(ctx, type, event, key);
}

static int on_value(Context *ctx, int type, const char *event, String *key) {
    (void)type;
    (void)event;
    if (source_is_watching) {
        source_touch(rm.GetSelectedDb(ctx), key, false, false);
    }
    return API_OK;
}

void events_watch_values(Context *ctx) {
    static bool is_watching;
    int types = KEY_STRING | KEY_LIST | KEY_SET | KEY_HASH | KEY_ZSET | KEY_STREAM | KEY_MODULE;
    if (!is_watching && rm.SubscribeToKeyspaceEvents(ctx, types, on_value) == API_OK) {
        is_watching = true;
    }
}

static void on_flush(Context *ctx, ServerEvent event, uint64_t sub, void *data) {
    (void)ctx;
    (void)event;
    const FlushInfo *info = data;
    if (sub == FLUSH_END) {
        counts_clear(info->db);
        index_drop(info->db);
        source_flush(info->db);
    }
}

static void on_swap(Context *ctx, ServerEvent event, uint64_t sub, void *data) {
    (void)ctx;
    (void)event;
    (void)sub;
    const SwapInfo *info = data;
    counts_swap(info->first, info->second);
    index_swap(info->first, info->second);
    delete_jobs_swap(info->first, info->second);
    source_swap(info->first, info->second);
}

static void on_loading(Context *ctx, ServerEvent event, uint64_t sub, void *data) {
    (void)event;
    (void)data;
    if (sub == LOADING_ENDED || sub == LOADING_FAILED) {
        counts_compare(ctx);
    }
}

static void on_cron(Context *ctx, ServerEvent event, uint64_t sub, void *data) {
    (void)event;
    (void)sub;
    (void)data;
    counts_compare(ctx);
    index_expire();
    connections_expire();
    source_cron(ctx);
}

static void on_client(Context *ctx, ServerEvent event, uint64_t sub, void *data) {
    (void)ctx;
    (void)event;
    const ClientInfo *info = data;
    if (sub == CLIENT_DISCONNECTED) {
        session_end(info->id);
    }
}

int events_start(Context *ctx) {
    int types = KEY_GENERIC | KEY_EXPIRED | KEY_EVICTED | KEY_LOADED | KEY_NEW;
    const struct {
        ServerEvent event;
        ServerEventFunction function;
    } events[] = {
        {{.id = EVENT_FLUSH, .version = 1}, on_flush},
        {{.id = EVENT_SWAP, .version = 1}, on_swap},
        {{.id = EVENT_LOADING, .version = 1}, on_loading},
        {{.id = EVENT_CRON, .version = 1}, on_cron},
        {{.id = EVENT_CLIENT, .version = 1}, on_client},
    };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (rm.SubscribeToServerEvent(ctx, events[i].event, events[i].function) != API_OK) {
            return API_ERROR;
        }
    }
    return rm.SubscribeToKeyspaceEvents(ctx, types, on_key);
}
