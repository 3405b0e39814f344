/* See slot-command.h. */
#include "slot-command.h"

#include <stdio.h>
#include <string.h>

#include "argument.h"
#include "counts.h"

int slotshashkey_command(Context *ctx, String **argv, int argc) {
    rm.ReplyWithArray(ctx, argc - 1);
    for (int i = 1; i < argc; i++) {
        size_t length;
        const char *key = rm.StringPtrLen(argv[i], &length);
        rm.ReplyWithLongLong(ctx, slot_of_crc(key_hash(key, length).crc));
    }
    return API_OK;
}

int slotsinfo_command(Context *ctx, String **argv, int argc) {
    int first = 0;
    int count = SLOT_COUNT;
    if (argc > 3) {
        return rm.WrongArity(ctx);
    }
    if (argc > 1 && !read_slot(ctx, argv[1], &first)) {
        return API_OK;
    }
    if (argc > 2) {
        if (!read_int(ctx, argv[2], &count)) {
            return API_OK;
        }
        if (count < 0) {
            reply_error(ctx, "ERR invalid slot count = %d", count);
            return API_OK;
        }
    }
    int end = count > SLOT_COUNT - first ? SLOT_COUNT : first + count;
    counts_settle(ctx);
    int db = rm.GetSelectedDb(ctx);
    long found = 0;
    rm.ReplyWithArray(ctx, POSTPONED_LENGTH);
    for (int slot = first; slot < end; slot++) {
        uint64_t keys = counts_slot(db, slot);
        if (keys > 0) {
            rm.ReplyWithArray(ctx, 2);
            rm.ReplyWithLongLong(ctx, slot);
            rm.ReplyWithLongLong(ctx, (long long)keys);
            found++;
        }
    }
    rm.ReplySetArrayLength(ctx, found);
    return API_OK;
}

enum {
    SCAN_US = 1000,
    /* Names that one SCAN inside looks at: about 50 us. */
    SCAN_STEP = 100,
    SCAN_COUNT_DEFAULT = 10
};

/* A SCAN that is repeated: the arguments cursor, COUNT, n, and the options as they came. */
typedef struct {
    String **arguments;
    size_t argument_count;
    long long wanted;
    int slot;
    String **names;
    size_t name_count;
    size_t name_capacity;
} SlotScan;

/* Reads `[COUNT n] [MATCH pattern] [TYPE type]`; answers the error itself. */
static bool read_scan_options(Context *ctx, String **argv, int argc, SlotScan *scan) {
    for (int i = 3; i < argc; i += 2) {
        bool is_count = is_word(argv[i], "COUNT");
        if (i + 1 >= argc || !(is_count || is_word(argv[i], "MATCH") || is_word(argv[i], "TYPE"))) {
            reply_error(ctx, "ERR syntax error");
            return false;
        }
        if (!is_count) {
            scan->arguments[scan->argument_count++] = argv[i];
            scan->arguments[scan->argument_count++] = argv[i + 1];
        } else if (rm.StringToLongLong(argv[i + 1], &scan->wanted) != API_OK) {
            reply_error(ctx, "ERR value is not an integer or out of range");
            return false;
        } else if (scan->wanted < 1) {
            reply_error(ctx, "ERR syntax error");
            return false;
        }
    }
    return true;
}

static void keep_names(Context *ctx, SlotScan *scan, CallReply *found) {
    size_t count = rm.CallReplyLength(found);
    for (size_t i = 0; i < count; i++) {
        size_t length;
        const char *name = rm.CallReplyStringPtr(rm.CallReplyArrayElement(found, i), &length);
        if (slot_of_crc(key_hash(name, length).crc) != scan->slot) {
            continue;
        }
        if (scan->name_count == scan->name_capacity) {
            scan->name_capacity = scan->name_capacity == 0 ? SCAN_STEP : scan->name_capacity * 2;
            scan->names = rm.Realloc(scan->names, scan->name_capacity * sizeof(*scan->names));
        }
        scan->names[scan->name_count++] = rm.CreateString(ctx, name, length);
    }
}

static void answer_scan(Context *ctx, const SlotScan *scan) {
    size_t length;
    const char *cursor = rm.StringPtrLen(scan->arguments[0], &length);
    rm.ReplyWithArray(ctx, 2);
    rm.ReplyWithStringBuffer(ctx, cursor, length);
    rm.ReplyWithArray(ctx, (long)scan->name_count);
    for (size_t i = 0; i < scan->name_count; i++) {
        const char *name = rm.StringPtrLen(scan->names[i], &length);
        rm.ReplyWithStringBuffer(ctx, name, length);
    }
}

/* Whether the counts are sure that the slot has no key, so that nobody has to look. */
static bool is_empty(Context *ctx, int slot) {
    int db = rm.GetSelectedDb(ctx);
    const DbCounts *counts = counts_of(db);
    return counts != NULL && !counts->is_suspect && counts->total == rm.DbSize(ctx) &&
        counts->slots[slot] == 0;
}

/* SCANs until there are enough names, the end is reached or the time is over; false: error answered. */
static bool run_scan(Context *ctx, SlotScan *scan) {
    long long until_us = monotonic_us() + SCAN_US;
    for (;;) {
        CallReply *reply = rm.Call(ctx, "SCAN", "Ev", scan->arguments, scan->argument_count);
        if (reply == NULL || rm.CallReplyType(reply) != REPLY_ARRAY) {
            if (reply == NULL) {
                reply_error(ctx, "ERR SCAN failed");
            } else {
                rm.ReplyWithCallReply(ctx, reply);
                rm.FreeCallReply(reply);
            }
            return false;
        }
        size_t length;
        const char *cursor = rm.CallReplyStringPtr(rm.CallReplyArrayElement(reply, 0), &length);
        bool is_end = length == 1 && cursor[0] == '0';
        rm.FreeString(ctx, scan->arguments[0]);
        scan->arguments[0] = rm.CreateString(ctx, cursor, length);
        keep_names(ctx, scan, rm.CallReplyArrayElement(reply, 1));
        rm.FreeCallReply(reply);
        if (!is_end && is_empty(ctx, scan->slot)) {
            rm.FreeString(ctx, scan->arguments[0]);
            scan->arguments[0] = rm.CreateString(ctx, "0", 1);
            is_end = true;
        }
        if (is_end || (long long)scan->name_count >= scan->wanted || monotonic_us() >= until_us) {
            return true;
        }
    }
}

int slotsscan_command(Context *ctx, String **argv, int argc) {
    SlotScan scan = {.wanted = SCAN_COUNT_DEFAULT};
    if (argc < 3) {
        return rm.WrongArity(ctx);
    }
    if (!read_slot(ctx, argv[1], &scan.slot)) {
        return API_OK;
    }
    char step[16];
    int step_length = snprintf(step, sizeof(step), "%d", SCAN_STEP);
    size_t cursor_length;
    const char *cursor = rm.StringPtrLen(argv[2], &cursor_length);
    scan.arguments = rm.Alloc((size_t)(argc + 3) * sizeof(*scan.arguments));
    scan.arguments[0] = rm.CreateString(ctx, cursor, cursor_length);
    scan.arguments[1] = rm.CreateString(ctx, "COUNT", strlen("COUNT"));
    scan.arguments[2] = rm.CreateString(ctx, step, (size_t)step_length);
    scan.argument_count = 3;
    if (read_scan_options(ctx, argv, argc, &scan) && run_scan(ctx, &scan)) {
        answer_scan(ctx, &scan);
    }
    for (int i = 0; i < 3; i++) {
        rm.FreeString(ctx, scan.arguments[i]);
    }
    for (size_t i = 0; i < scan.name_count; i++) {
        rm.FreeString(ctx, scan.names[i]);
    }
    rm.Free(scan.arguments);
    rm.Free(scan.names);
    return API_OK;
}

/* A difference is mended before the next answer. */
static void mark_suspect(int db) {
    DbCounts *counts = counts_of(db);
    if (counts != NULL) {
        counts->is_suspect = true;
    }
}

int slotscheck_command(Context *ctx, String **argv, int argc) {
    (void)argv;
    if (argc != 1) {
        return rm.WrongArity(ctx);
    }
    static DbCounts found; // Too large for the stack; the server has one thread for commands.
    counts_settle(ctx);
    counts_scan(ctx, &found);
    int db = rm.GetSelectedDb(ctx);
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        uint64_t counted = counts_slot(db, slot);
        if (counted != found.slots[slot]) {
            mark_suspect(db);
            reply_error(ctx, "ERR step 1, slot %d: counted %llu keys, found %llu", slot,
                (unsigned long long)counted, (unsigned long long)found.slots[slot]);
            return API_OK;
        }
    }
    const DbCounts *counts = counts_of(db);
    if ((counts == NULL ? 0 : counts->total) != found.total) {
        mark_suspect(db);
        reply_error(ctx, "ERR step 2: counted %llu keys in all, found %llu",
            (unsigned long long)(counts == NULL ? 0 : counts->total), (unsigned long long)found.total);
        return API_OK;
    }
    return rm.ReplyWithSimpleString(ctx, "OK");
}
