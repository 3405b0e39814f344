/* See slot-index.h. */
#include "slot-index.h"

#include <string.h>

#include "argument.h"
#include "counts.h"

enum { WINDOWS_MAX = 4, IDLE_MS = 60000, BUSY_MS = 5000 };
/* A window has so many names, or this part of all names of the database, if that is more. */
enum { NAMES_MAX = 512 * 1024, NAMES_PART = 8 };
/* Buckets of the database's table between two looks at the clock. */
enum { READ_STEP = 16 };

typedef struct {
    bool is_used;
    ScanCursor *cursor; /* Of the pass that fills it; NULL: all names are known. */
    int db;
    int first_slot;
    int slot_count;
    NameSet *slots;
    long long used_at_ms;
} Window;

static Window windows[WINDOWS_MAX];
static int used_count;
static int reading_count;

static void end_reading(Window *window) {
    if (window->cursor != NULL) {
        rm.ScanCursorDestroy(window->cursor);
        window->cursor = NULL;
        reading_count--;
    }
}

static void drop(Window *window) {
    if (window->is_used) {
        end_reading(window);
        for (int i = 0; i < window->slot_count; i++) {
            name_set_clear(&window->slots[i]);
        }
        rm.Free(window->slots);
        window->is_used = false;
        used_count--;
    }
}

static Window *find(int db, int slot) {
    if (used_count == 0) {
        return NULL;
    }
    for (int i = 0; i < WINDOWS_MAX; i++) {
        Window *window = &windows[i];
        if (window->is_used && window->db == db && slot >= window->first_slot &&
            slot < window->first_slot + window->slot_count) {
            return window;
        }
    }
    return NULL;
}

static void add_scanned(Context *ctx, String *name, Key *key, void *data) {
    (void)ctx;
    (void)key;
    Window *window = data;
    size_t length;
    const char *bytes = rm.StringPtrLen(name, &length);
    KeyHash hash = key_hash(bytes, length);
    int place = slot_of_crc(hash.crc) - window->first_slot;
    if (place >= 0 && place < window->slot_count) {
        name_set_add(&window->slots[place], bytes, length, hash);
    }
}

/* A free window, or the one that hasn't been used for the longest time. */
static Window *take(void) {
    Window *oldest = &windows[0];
    for (int i = 0; i < WINDOWS_MAX; i++) {
        if (!windows[i].is_used) {
            return &windows[i];
        }
        if (windows[i].used_at_ms < oldest->used_at_ms) {
            oldest = &windows[i];
        }
    }
    drop(oldest);
    return oldest;
}

/*
 * Chooses the slots of a window: the wanted one, and neighbours on both sides as long as there aren't too many
 * names and they are in no other window. One pass is as long for many slots as for one.
 */
static void choose_slots(Window *window, int slot) {
    const DbCounts *counts = counts_of(window->db);
    uint64_t total = counts == NULL ? 0 : counts->total;
    uint64_t names_max = total / NAMES_PART > NAMES_MAX ? total / NAMES_PART : NAMES_MAX;
    uint64_t names = counts_slot(window->db, slot);
    int first = slot;
    int last = slot;
    bool may_go_down = true;
    bool may_go_up = true;
    while (may_go_down || may_go_up) {
        if (may_go_down) {
            names += first == 0 ? 0 : counts_slot(window->db, first - 1);
            may_go_down = first > 0 && names <= names_max && find(window->db, first - 1) == NULL;
            first -= may_go_down ? 1 : 0;
        }
        if (may_go_up) {
            names += last == SLOT_COUNT - 1 ? 0 : counts_slot(window->db, last + 1);
            may_go_up = last < SLOT_COUNT - 1 && names <= names_max && find(window->db, last + 1) == NULL;
            last += may_go_up ? 1 : 0;
        }
    }
    window->first_slot = first;
    window->slot_count = last - first + 1;
}

/* The window of a slot in the selected database, new when there is none. */
static Window *ensure(Context *ctx, int slot) {
    int db = rm.GetSelectedDb(ctx);
    Window *window = find(db, slot);
    if (window == NULL) {
        window = take();
        window->db = db;
        choose_slots(window, slot);
        size_t bytes = (size_t)window->slot_count * sizeof(*window->slots);
        window->slots = rm.Alloc(bytes);
        memset(window->slots, 0, bytes);
        window->cursor = rm.ScanCursorCreate();
        window->is_used = true;
        used_count++;
        reading_count++;
    }
    window->used_at_ms = rm.Milliseconds();
    return window;
}

const NameSet *index_get(Context *ctx, int slot) {
    Window *window = ensure(ctx, slot);
    if (window->cursor != NULL) {
        while (rm.Scan(ctx, window->cursor, add_scanned, window)) {
        }
        end_reading(window);
    }
    return &window->slots[slot - window->first_slot];
}

const NameSet *index_want(Context *ctx, int slot) {
    const Window *window = ensure(ctx, slot);
    return window->cursor != NULL ? NULL : &window->slots[slot - window->first_slot];
}

bool index_try(Context *ctx, int slot, const NameSet **set) {
    long long now_ms = rm.Milliseconds();
    bool has_place = find(rm.GetSelectedDb(ctx), slot) != NULL;
    for (int i = 0; i < WINDOWS_MAX; i++) {
        has_place = has_place || !windows[i].is_used || now_ms - windows[i].used_at_ms > BUSY_MS;
    }
    *set = has_place ? index_want(ctx, slot) : NULL;
    return has_place;
}

void index_advance(Context *ctx, long long until_us) {
    for (int i = 0; i < WINDOWS_MAX; i++) {
        Window *window = &windows[i];
        if (!window->is_used || window->cursor == NULL || rm.SelectDb(ctx, window->db) != API_OK) {
            continue;
        }
        bool has_more = true;
        while (has_more && monotonic_us() < until_us) {
            for (int step = 0; has_more && step < READ_STEP; step++) {
                has_more = rm.Scan(ctx, window->cursor, add_scanned, window) != 0;
            }
        }
        if (!has_more) {
            end_reading(window);
        }
    }
}

bool index_is_reading(void) {
    return reading_count > 0;
}

HOT void index_add(int db, const char *bytes, size_t length, KeyHash hash) {
    int slot = slot_of_crc(hash.crc);
    Window *window = find(db, slot);
    if (window != NULL) {
        name_set_add(&window->slots[slot - window->first_slot], bytes, length, hash);
    }
}

void index_remove(int db, const char *bytes, size_t length, KeyHash hash) {
    int slot = slot_of_crc(hash.crc);
    Window *window = find(db, slot);
    if (window != NULL) {
        name_set_remove(&window->slots[slot - window->first_slot], bytes, length);
    }
}

void index_drop(int db) {
    for (int i = 0; i < WINDOWS_MAX; i++) {
        if (db == -1 || windows[i].db == db) {
            drop(&windows[i]);
        }
    }
}

void index_swap(int first, int second) {
    for (int i = 0; i < WINDOWS_MAX; i++) {
        if (windows[i].db == first) {
            windows[i].db = second;
        } else if (windows[i].db == second) {
            windows[i].db = first;
        }
    }
}

void index_expire(void) {
    long long now_ms = rm.Milliseconds();
    for (int i = 0; i < WINDOWS_MAX; i++) {
        if (windows[i].is_used && now_ms - windows[i].used_at_ms > IDLE_MS) {
            drop(&windows[i]);
        }
    }
}
