/* See value-stream.h. */
#include "value-stream.h"

#include <stdio.h>
#include <string.h>

#include "async-wire.h"
#include "value-writer.h"

/* The reply of a command when it is an array, else NULL. */
static CallReply *array_of(CallReply *reply) {
    if (reply != NULL && rm.CallReplyType(reply) != REPLY_ARRAY) {
        rm.FreeCallReply(reply);
        return NULL;
    }
    return reply;
}

static void set_last_id(Value *value, const char *id, size_t length) {
    if (value->last_id != NULL) {
        rm.FreeString(NULL, value->last_id);
    }
    value->last_id = id == NULL ? NULL : rm.CreateString(NULL, id, length);
}

/* The first id that hasn't been sent: after last_id, or the first of all. */
static void next_id(const Value *value, char *text, size_t bytes) {
    if (value->last_id == NULL) {
        snprintf(text, bytes, "-");
        return;
    }
    size_t length;
    const char *id = rm.StringPtrLen(value->last_id, &length);
    snprintf(text, bytes, "(%.*s", (int)length, id);
}

/* The value of a field of an XINFO reply, or NULL. */
static CallReply *field_of(CallReply *info, const char *name) {
    for (size_t i = 0; i + 1 < rm.CallReplyLength(info); i += 2) {
        size_t length;
        const char *field = rm.CallReplyStringPtr(rm.CallReplyArrayElement(info, i), &length);
        if (length == strlen(name) && memcmp(field, name, length) == 0) {
            return rm.CallReplyArrayElement(info, i + 1);
        }
    }
    return NULL;
}

/* A string or integer; -1 for what isn't there. */
static void add_reply(Bulks *bulks, CallReply *reply) {
    int type = reply == NULL ? REPLY_NULL : rm.CallReplyType(reply);
    if (type == REPLY_STRING) {
        size_t length;
        const char *bytes = rm.CallReplyStringPtr(reply, &length);
        bulks_add(bulks, bytes, length);
    } else {
        bulks_add_number(bulks, type == REPLY_INTEGER ? rm.CallReplyInteger(reply) : -1);
    }
}

static void write_command(const char *word, String *name, const ValueLimits *limits, Bulks *bulks,
    Outbox *outbox) {
    writer_begin(outbox, word, name, 4 + (long long)bulks->count);
    writer_add_number(outbox, limits->chunk_ttl_ms);
    bulks_write(bulks, outbox);
    bulks_free(bulks);
}

ValueResult stream_next_chunk(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    Outbox *outbox) {
    char first[64];
    next_id(value, first, sizeof(first));
    CallReply *entries = array_of(rm.Call(ctx, "XRANGE", "Escccl", name, first, "+", "COUNT",
        (long long)value->step));
    if (entries == NULL) {
        return VALUE_GONE;
    }
    Bulks bulks = {0};
    bulks_add_number(&bulks, (long long)value->hint);
    size_t count = rm.CallReplyLength(entries);
    for (size_t i = 0; i < count; i++) {
        CallReply *entry = rm.CallReplyArrayElement(entries, i);
        CallReply *id = rm.CallReplyArrayElement(entry, 0);
        CallReply *fields = rm.CallReplyArrayElement(entry, 1);
        size_t field_count = rm.CallReplyLength(fields);
        add_reply(&bulks, id);
        bulks_add_number(&bulks, (long long)(field_count / 2));
        for (size_t j = 0; j < field_count; j++) {
            add_reply(&bulks, rm.CallReplyArrayElement(fields, j));
        }
        size_t length;
        const char *bytes = rm.CallReplyStringPtr(id, &length);
        set_last_id(value, bytes, length);
    }
    rm.FreeCallReply(entries);
    if (count > 0) {
        write_command(WIRE_STREAM, name, limits, &bulks, outbox);
        value->chunk_count++;
    }
    bulks_free(&bulks);
    if (count < value->step) {
        value->stage = VALUE_STREAM_ID;
    }
    return VALUE_MORE;
}

ValueResult stream_write_id(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    Outbox *outbox) {
    CallReply *info = array_of(rm.Call(ctx, "XINFO", "Ecs", "STREAM", name));
    if (info == NULL) {
        return VALUE_GONE;
    }
    Bulks bulks = {0};
    add_reply(&bulks, field_of(info, "last-generated-id"));
    add_reply(&bulks, field_of(info, "entries-added"));
    add_reply(&bulks, field_of(info, "max-deleted-entry-id"));
    rm.FreeCallReply(info);
    write_command(WIRE_STREAM_ID, name, limits, &bulks, outbox);
    value->stage = VALUE_STREAM_GROUPS;
    value->index = 0;
    value->consumer = -1;
    set_last_id(value, NULL, 0);
    return VALUE_MORE;
}

/* A part of what is pending for a consumer; false at its end. */
static bool write_pending(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    CallReply *group, CallReply *consumer, Outbox *outbox) {
    size_t group_length;
    size_t consumer_length;
    const char *group_name = rm.CallReplyStringPtr(group, &group_length);
    const char *consumer_name = rm.CallReplyStringPtr(consumer, &consumer_length);
    char first[64];
    next_id(value, first, sizeof(first));
    CallReply *pending = array_of(rm.Call(ctx, "XPENDING", "Esbcclb", name, group_name, group_length,
        first, "+", (long long)WIRE_PENDING_MAX, consumer_name, consumer_length));
    size_t count = pending == NULL ? 0 : rm.CallReplyLength(pending);
    Bulks bulks = {0};
    bulks_add(&bulks, group_name, group_length);
    bulks_add(&bulks, consumer_name, consumer_length);
    long long now_ms = rm.Milliseconds();
    for (size_t i = 0; i < count; i++) {
        CallReply *one = rm.CallReplyArrayElement(pending, i);
        CallReply *id = rm.CallReplyArrayElement(one, 0);
        add_reply(&bulks, id);
        bulks_add_number(&bulks, now_ms - rm.CallReplyInteger(rm.CallReplyArrayElement(one, 2)));
        add_reply(&bulks, rm.CallReplyArrayElement(one, 3));
        size_t length;
        const char *bytes = rm.CallReplyStringPtr(id, &length);
        set_last_id(value, bytes, length);
    }
    if (pending != NULL) {
        rm.FreeCallReply(pending);
    }
    write_command(WIRE_STREAM_PENDING, name, limits, &bulks, outbox);
    return count == WIRE_PENDING_MAX;
}

static void write_group(String *name, const ValueLimits *limits, CallReply *group, Outbox *outbox) {
    Bulks bulks = {0};
    add_reply(&bulks, field_of(group, "name"));
    add_reply(&bulks, field_of(group, "last-delivered-id"));
    add_reply(&bulks, field_of(group, "entries-read"));
    write_command(WIRE_STREAM_GROUP, name, limits, &bulks, outbox);
}

/* A part of the group's consumers; false at their end. */
static bool write_consumer(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    CallReply *group, Outbox *outbox) {
    size_t length;
    const char *bytes = rm.CallReplyStringPtr(group, &length);
    CallReply *consumers = array_of(rm.Call(ctx, "XINFO", "Ecsb", "CONSUMERS", name, bytes, length));
    bool has_more = consumers != NULL && (size_t)value->consumer < rm.CallReplyLength(consumers);
    if (has_more) {
        CallReply *consumer = field_of(
            rm.CallReplyArrayElement(consumers, (size_t)value->consumer), "name");
        if (!write_pending(ctx, value, name, limits, group, consumer, outbox)) {
            value->consumer++;
            set_last_id(value, NULL, 0);
        }
    }
    if (consumers != NULL) {
        rm.FreeCallReply(consumers);
    }
    return has_more;
}

ValueResult stream_next_group(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    Outbox *outbox) {
    CallReply *groups = array_of(rm.Call(ctx, "XINFO", "Ecs", "GROUPS", name));
    if (groups == NULL) {
        return VALUE_GONE;
    }
    if ((size_t)value->index >= rm.CallReplyLength(groups)) {
        value->stage = VALUE_EXPIRE;
    } else {
        CallReply *group = rm.CallReplyArrayElement(groups, (size_t)value->index);
        if (value->consumer < 0) {
            write_group(name, limits, group, outbox);
            value->consumer = 0;
        } else if (!write_consumer(ctx, value, name, limits, field_of(group, "name"), outbox)) {
            value->index++;
            value->consumer = -1;
        }
    }
    rm.FreeCallReply(groups);
    return VALUE_MORE;
}
