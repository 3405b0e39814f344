/* See batch.h. */
#include "batch.h"

#include <string.h>

#include "async-wire.h"
#include "counts.h"
#include "slot-index.h"

/* Names that are deleted by one UNLINK. */
enum { UNLINK_MAX = 64 };

Batch *batch_new(int db, const BatchOrder *order) {
    static size_t turn;
    Batch *batch = rm.Alloc(sizeof(Batch));
    memset(batch, 0, sizeof(*batch));
    batch->order = *order;
    batch->db = db;
    bool is_few = order->maxbulks < CHUNK_BULKS_MAX;
    batch->limits.bulks = is_few ? (size_t)order->maxbulks : CHUNK_BULKS_MAX;
    batch->limits.chunk_ttl_ms = order->timeout_ms * WIRE_CHUNK_TTL_TIMEOUTS;
    batch->window = order->maxbytes < WINDOW_BYTES_MAX ? (size_t)order->maxbytes : WINDOW_BYTES_MAX;
    if (order->slot >= 0) {
        turn += (size_t)0x9E3779B97F4A7C15u;
        batch->wanted_at = turn >> 32;
    }
    return batch;
}

void batch_free(Batch *batch) {
    for (size_t i = 0; i < batch->order.wanted_count; i++) {
        rm.FreeString(NULL, batch->order.wanted[i]);
    }
    rm.Free(batch->order.wanted);
    for (size_t i = 0; i < batch->count; i++) {
        rm.FreeString(NULL, batch->keys[i].name);
    }
    rm.Free(batch->keys);
    if (batch->sibling != NULL) {
        rm.FreeString(NULL, batch->sibling);
    }
    name_set_clear(&batch->names);
    name_set_clear(&batch->touched);
    value_end(&batch->value);
    rm.Free(batch);
}

/* Takes the name, which is owned, unless it is in the batch already or there is no such key. */
static void add_key(Context *ctx, Batch *batch, String *name, bool is_forced) {
    size_t length;
    const char *bytes = rm.StringPtrLen(name, &length);
    KeyHash hash = key_hash(bytes, length);
    size_t estimate = 0;
    if (name_set_find(&batch->names, bytes, length) == NULL) {
        estimate = value_estimate(ctx, name, &batch->limits);
        if (estimate == 0) {
            // Where it went without an event, it isn't looked at again.
            index_remove(batch->db, bytes, length, hash);
        }
    }
    size_t enough = (size_t)batch->order.numkeys;
    bool is_too_large = !is_forced && batch->count > 0 && batch->estimate + estimate > 2 * enough;
    if (estimate == 0 || is_too_large) {
        rm.FreeString(NULL, name);
        return;
    }
    if (batch->count == batch->capacity) {
        batch->capacity = batch->capacity == 0 ? 16 : batch->capacity * 2;
        batch->keys = rm.Realloc(batch->keys, batch->capacity * sizeof(*batch->keys));
    }
    batch->keys[batch->count++] = (BatchKey){.name = name, .state = KEY_WAITING};
    batch->estimate += estimate;
    name_set_add(&batch->names, bytes, length, hash);
}

/* Adds the keys of a tag, as far as the time allows; false: there are more. */
static bool add_tag(Context *ctx, Batch *batch, const NameSet *set, uint32_t crc, long long until_us) {
    const Name *name = NULL;
    if (batch->sibling != NULL) {
        size_t length;
        const char *bytes = rm.StringPtrLen(batch->sibling, &length);
        const Name *last = name_set_find(set, bytes, length);
        // New ones come before the first, so what follows is what there was.
        name = last == NULL ? name_set_tag(set, crc) : last->next_sibling;
        rm.FreeString(NULL, batch->sibling);
        batch->sibling = NULL;
    } else {
        name = name_set_tag(set, crc);
    }
    while (name != NULL) {
        String *copy = rm.CreateString(NULL, name->bytes, name->length);
        const Name *next = name->next_sibling;
        if (monotonic_us() >= until_us && next != NULL) {
            add_key(ctx, batch, rm.CreateString(NULL, name->bytes, name->length), true);
            // It may have gone by that; then all is looked at again.
            batch->sibling = copy;
            return false;
        }
        // Looking at a key that is over removes it, and it alone.
        add_key(ctx, batch, copy, true);
        name = next;
    }
    return true;
}

static bool find_named(Context *ctx, Batch *batch, long long until_us) {
    while (batch->wanted_at < batch->order.wanted_count) {
        if (monotonic_us() >= until_us) {
            return false;
        }
        String *name = batch->order.wanted[batch->wanted_at];
        size_t length;
        const char *bytes = rm.StringPtrLen(name, &length);
        KeyHash hash = key_hash(bytes, length);
        int slot = slot_of_crc(hash.crc);
        if (batch->order.is_with_tags && hash.has_tag && counts_slot(batch->db, slot) > 0) {
            const NameSet *set = index_want(ctx, slot);
            if (set == NULL || !add_tag(ctx, batch, set, hash.crc, until_us)) {
                return false;
            }
        } else {
            add_key(ctx, batch, rm.CreateString(NULL, bytes, length), true);
        }
        batch->wanted_at++;
    }
    return true;
}

/* Adds a key of the slot, and those of its tag; false: the time is over in the middle of the tag. */
static bool take_name(Context *ctx, Batch *batch, const NameSet *set, const Name *name,
    long long until_us) {
    KeyHash hash = name->hash;
    size_t count = batch->count;
    add_key(ctx, batch, rm.CreateString(NULL, name->bytes, name->length), false);
    if (batch->count == count || !batch->order.is_with_tags || !hash.has_tag) {
        return true;
    }
    batch->tag_crc = hash.crc;
    return add_tag(ctx, batch, set, hash.crc, until_us);
}

static bool find_in_slot(Context *ctx, Batch *batch, long long until_us) {
    if (counts_slot(batch->db, batch->order.slot) == 0) {
        return true;
    }
    const NameSet *set = index_want(ctx, batch->order.slot);
    if (set == NULL ||
        (batch->sibling != NULL && !add_tag(ctx, batch, set, batch->tag_crc, until_us))) {
        return false;
    }
    while (batch->places_seen < set->capacity && batch->estimate < (size_t)batch->order.numkeys) {
        if (monotonic_us() >= until_us) {
            return false;
        }
        const Name *name = set->places[batch->wanted_at & (set->capacity - 1)];
        batch->wanted_at++;
        batch->places_seen++;
        if (name != NULL && !take_name(ctx, batch, set, name, until_us)) {
            return false;
        }
    }
    return true;
}

bool batch_find(Context *ctx, Batch *batch, long long until_us) {
    counts_settle(ctx);
    bool is_done = batch->order.slot >= 0 ? find_in_slot(ctx, batch, until_us)
                                          : find_named(ctx, batch, until_us);
    if (is_done) {
        batch->stage = BATCH_SENDING;
    }
    return is_done;
}

static bool is_touched(const Batch *batch, const BatchKey *key) {
    size_t length;
    const char *bytes = rm.StringPtrLen(key->name, &length);
    return batch->touched.size > 0 && name_set_find(&batch->touched, bytes, length) != NULL;
}

static void end_key(Batch *batch, BatchKey *key, BatchKeyState state) {
    batch->chunked_count += batch->value.chunk_count > 0 ? 1 : 0;
    value_end(&batch->value);
    key->state = state;
    batch->next++;
}

/* The next commands of the next key. */
static void send_step(Context *ctx, Batch *batch, Outbox *outbox) {
    BatchKey *key = &batch->keys[batch->next];
    if (key->state != KEY_WAITING) {
        batch->next++;
        return;
    }
    size_t length;
    const char *bytes = rm.StringPtrLen(key->name, &length);
    if (batch->value.stage == VALUE_START) {
        (void)name_set_remove(&batch->touched, bytes, length);
    } else if (is_touched(batch, key)) {
        // What was read so far is of another value: the rest isn't worth sending.
        end_key(batch, key, KEY_SENT);
        return;
    }
    size_t count = outbox->count;
    ValueResult result = value_next(ctx, &batch->value, key->name, &batch->limits, outbox);
    key->is_begun = key->is_begun || outbox->count > count;
    if (result == VALUE_SENT) {
        end_key(batch, key, KEY_SENT);
    } else if (result == VALUE_GONE) {
        if (key->is_begun) {
            value_write_delete(outbox, bytes, length);
        }
        end_key(batch, key, KEY_GONE);
    }
}

/* All is sent and answered: keys that were touched meanwhile are sent again. True when there are none. */
static bool settle(Batch *batch, Outbox *outbox) {
    if (batch->touched.size == 0) {
        return true;
    }
    bool is_settled = true;
    for (size_t i = 0; i < batch->count; i++) {
        BatchKey *key = &batch->keys[i];
        if (key->state != KEY_SENT || !is_touched(batch, key)) {
            continue;
        }
        is_settled = false;
        key->tries++;
        key->state = KEY_WAITING;
        if (key->tries > TRIES_MAX) {
            size_t length;
            const char *bytes = rm.StringPtrLen(key->name, &length);
            value_write_delete(outbox, bytes, length);
            key->state = KEY_KEPT;
        }
    }
    name_set_clear(&batch->touched);
    batch->next = 0;
    batch->is_replicated = is_settled;
    return is_settled;
}

/* All is sent: whether a replica of the target has it. False: it is waited for, or the link is broken. */
static bool is_on_replica(Batch *batch, Link *link) {
    while (!batch->is_replicated && link->state != LINK_BROKEN) {
        if (!batch->is_asking) {
            batch->is_asking = true;
            replica_wait_ask(&link->replicas, &link->outbox, batch->order.timeout_ms);
            link_send(link);
        }
        if (link->outbox.count > 0) {
            return false;
        }
        batch->is_asking = false;
        ReplicaVerdict verdict = replica_wait_verdict(&link->replicas);
        batch->is_replicated = verdict == REPLICAS_FINE;
        if (verdict == REPLICAS_LATE) {
            link_break(link, "ERR interrupted: no replica of the target has acknowledged in time");
        }
    }
    return batch->is_replicated;
}

static bool is_over(const Batch *batch, long long until_us, long long chunks_until_us) {
    long long now_us = monotonic_us();
    return now_us >= until_us || (batch->value.stage != VALUE_START && now_us >= chunks_until_us);
}

BatchProgress batch_send(Context *ctx, Batch *batch, Link *link, long long until_us) {
    Outbox *outbox = &link->outbox;
    batch->limits.has_streams = link->has_streams;
    long long chunks_until_us = monotonic_us() + CHUNKS_SLICE_US;
    for (;;) {
        if (batch->next == batch->count) {
            if (!is_on_replica(batch, link)) {
                return link->state == LINK_BROKEN ? BATCH_BUSY : BATCH_WAITS;
            }
            if (settle(batch, outbox)) {
                batch->stage = BATCH_DELETING;
                batch->next = 0;
                return BATCH_COMPLETE;
            }
        } else if (outbox->pending_bytes >= batch->window) {
            link_send(link);
            return BATCH_WAITS;
        } else if (is_over(batch, until_us, chunks_until_us)) {
            link_send(link);
            return BATCH_BUSY;
        } else {
            send_step(ctx, batch, outbox);
            size_t unsent;
            (void)outbox_bytes(outbox, &unsent);
            if (unsent >= SEND_BYTES && !link->is_writable_wanted) {
                link_send(link);
            }
        }
    }
}

void batch_write_all(Context *ctx, Batch *batch, Outbox *outbox) {
    while (batch->next < batch->count) {
        send_step(ctx, batch, outbox);
    }
}

bool batch_delete(Context *ctx, Batch *batch, long long until_us) {
    while (batch->next < batch->count) {
        String *names[UNLINK_MAX];
        size_t count = 0;
        for (; batch->next < batch->count && count < UNLINK_MAX; batch->next++) {
            BatchKey *key = &batch->keys[batch->next];
            if (key->state == KEY_SENT && !is_touched(batch, key)) {
                names[count++] = key->name;
                key->state = KEY_DELETED;
            }
        }
        if (count > 0) {
            batch->is_unlinking = true;
            CallReply *reply = rm.Call(ctx, "UNLINK", "!v", names, count);
            batch->is_unlinking = false;
            if (reply != NULL) {
                batch->removed += rm.CallReplyInteger(reply);
                rm.FreeCallReply(reply);
            }
        }
        if (monotonic_us() >= until_us) {
            break;
        }
    }
    return batch->next == batch->count;
}

void batch_touch(Batch *batch, const char *bytes, size_t length) {
    const Name *name = batch->is_unlinking ? NULL : name_set_find(&batch->names, bytes, length);
    if (name != NULL) {
        (void)name_set_add(&batch->touched, bytes, length, name->hash);
    }
}

bool batch_has(const Batch *batch, const char *bytes, size_t length, KeyHash hash) {
    return name_set_find(&batch->names, bytes, length) != NULL ||
        (hash.has_tag && name_set_tag(&batch->names, hash.crc) != NULL);
}

void batch_collect_stale(const Batch *batch, bool is_done, NameSet *stale) {
    for (size_t i = 0; i < batch->count; i++) {
        const BatchKey *key = &batch->keys[i];
        bool is_told = key->state == KEY_DELETED ||
            (is_done && (key->state == KEY_GONE || key->state == KEY_KEPT));
        if (key->is_begun && !is_told) {
            size_t length;
            const char *bytes = rm.StringPtrLen(key->name, &length);
            name_set_add(stale, bytes, length, key_hash(bytes, length));
        }
    }
}
