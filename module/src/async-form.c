/* See async-form.h. */
#include "async-form.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "argument.h"
#include "async-wire.h"

static BulksState check_any(const Elements *elements, char *error) {
    (void)elements;
    (void)error;
    return BULKS_GOOD;
}

static BulksState check_pairs(const Elements *elements, char *error) {
    (void)error;
    return elements->count % 2 == 0 ? BULKS_GOOD : BULKS_WRONG_COUNT;
}

/* False: these aren't a score. What isn't a number can't be sorted, so it is none. */
static bool read_score(const String *bulk, double *score) {
    size_t length;
    const char *bytes = rm.StringPtrLen(bulk, &length);
    if (length != WIRE_SCORE_BYTES) {
        return false;
    }
    uint64_t bits = 0;
    for (int i = WIRE_SCORE_BYTES - 1; i >= 0; i--) {
        bits = bits << 8 | (unsigned char)bytes[i];
    }
    memcpy(score, &bits, sizeof(bits));
    return !isnan(*score);
}

static BulksState check_scores(const Elements *elements, char *error) {
    if (elements->count % 2 != 0) {
        return BULKS_WRONG_COUNT;
    }
    for (size_t i = 1; i < elements->count; i += 2) {
        double score;
        if (!read_score(elements->bulks[i], &score)) {
            snprintf(error, OUTCOME_BYTES, "invalid zset score ([%zu]), bad raw bits", i / 2);
            return BULKS_ERROR;
        }
    }
    return BULKS_GOOD;
}

/* The pairs that the entry which begins here says it has; 0 when they aren't there or aren't a number. */
static size_t entry_pairs(const Elements *elements, size_t at) {
    long long pairs;
    if (elements->count - at < 4 || rm.StringToLongLong(elements->bulks[at + 1], &pairs) != API_OK ||
        pairs < 1 || (unsigned long long)pairs > (elements->count - at - 2) / 2) {
        return 0;
    }
    return (size_t)pairs;
}

static BulksState check_entries(const Elements *elements, char *error) {
    (void)error;
    size_t at = 0;
    while (at < elements->count) {
        size_t pairs = entry_pairs(elements, at);
        if (pairs == 0) {
            return BULKS_WRONG_COUNT;
        }
        at += 2 + 2 * pairs;
    }
    return BULKS_GOOD;
}

/* How many bulks, from the first that isn't written, make one piece. */
static size_t piece_of(const Elements *elements, size_t element_bulks) {
    size_t count = 0;
    size_t bytes = 0;
    while (elements->done + count < elements->count && count < PIECE_BULKS) {
        size_t more = 0;
        for (size_t i = 0; i < element_bulks; i++) {
            size_t length;
            (void)rm.StringPtrLen(elements->bulks[elements->done + count + i], &length);
            more += length;
        }
        if (count > 0 && bytes + more > PIECE_BYTES) {
            break;
        }
        bytes += more;
        count += element_bulks;
    }
    return count;
}

/* Lists, hashes and sets: the bulks are the arguments, in their order. */
static Outcome write_plain(Context *ctx, const Form *form, Elements *elements) {
    size_t count = piece_of(elements, form->element_bulks);
    Outcome outcome = outcome_of(rm.Call(ctx, form->command, "!Esv", elements->key,
        elements->bulks + elements->done, count));
    if (outcome.is_good) {
        elements->done += count;
        // RPUSH answers the new length, the others how many are new.
        elements->length = (form->type == KEY_TYPE_LIST ? 0 : elements->length) + (size_t)outcome.integer;
    }
    return outcome;
}

static Outcome write_scores(Context *ctx, const Form *form, Elements *elements) {
    String *arguments[PIECE_BULKS];
    size_t count = piece_of(elements, form->element_bulks);
    for (size_t i = 0; i < count; i += 2) {
        double score = 0;
        (void)read_score(elements->bulks[elements->done + i + 1], &score);
        char text[40];
        // 17 digits give back the same bits.
        int length = snprintf(text, sizeof(text), "%.17g", score);
        arguments[i] = rm.CreateString(ctx, text, (size_t)length);
        arguments[i + 1] = elements->bulks[elements->done + i];
    }
    Outcome outcome = outcome_of(rm.Call(ctx, form->command, "!Esv", elements->key, arguments, count));
    for (size_t i = 0; i < count; i += 2) {
        rm.FreeString(ctx, arguments[i]);
    }
    if (outcome.is_good) {
        elements->done += count;
        elements->length += (size_t)outcome.integer;
    }
    return outcome;
}

/* One entry. */
static Outcome write_entry(Context *ctx, const Form *form, Elements *elements) {
    size_t pairs = entry_pairs(elements, elements->done);
    String *const *entry = elements->bulks + elements->done;
    Outcome outcome = outcome_of(rm.Call(ctx, form->command, "!Essv", elements->key, entry[0], entry + 2,
        2 * pairs));
    if (outcome.is_good) {
        elements->done += 2 + 2 * pairs;
        elements->length++;
    }
    return outcome;
}

static const Form forms[] = {
    {WIRE_LIST, KEY_TYPE_LIST, "1/9", check_any, write_plain, "RPUSH", 1},
    {WIRE_HASH, KEY_TYPE_HASH, "4/2", check_pairs, write_plain, "HSET", 2},
    {WIRE_SET, KEY_TYPE_SET, "2/2", check_any, write_plain, "SADD", 1},
    {WIRE_ZSET, KEY_TYPE_ZSET, "3/7", check_scores, write_scores, "ZADD", 2},
    {WIRE_STREAM, KEY_TYPE_STREAM, "6/10", check_entries, write_entry, "XADD", 0},
};

const Form *form_of(const String *word) {
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (is_word(word, forms[i].word)) {
            return &forms[i];
        }
    }
    return NULL;
}
