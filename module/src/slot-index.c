/* See slot-index.h. */
#include "slot-index.h"

enum { WINDOWS_MAX = 4, WINDOW_SLOTS = 16, IDLE_MS = 60000 };

typedef struct {
    bool is_used;
    int db;
    int first_slot;
    long long used_at_ms;
    NameSet slots[WINDOW_SLOTS];
} Window;

static Window windows[WINDOWS_MAX];
static int used_count;

static void drop(Window *window) {
    if (window->is_used) {
        for (int i = 0; i < WINDOW_SLOTS; i++) {
            name_set_clear(&window->slots[i]);
        }
        window->is_used = false;
        used_count--;
    }
}

static Window *find(int db, int slot) {
    if (used_count == 0) {
        return NULL;
    }
    int first = slot - slot % WINDOW_SLOTS;
    for (int i = 0; i < WINDOWS_MAX; i++) {
        if (windows[i].is_used && windows[i].db == db && windows[i].first_slot == first) {
            return &windows[i];
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
    if (place >= 0 && place < WINDOW_SLOTS) {
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

const NameSet *index_get(Context *ctx, int slot) {
    int db = rm.GetSelectedDb(ctx);
    Window *window = find(db, slot);
    if (window == NULL) {
        window = take();
        window->is_used = true;
        window->db = db;
        window->first_slot = slot - slot % WINDOW_SLOTS;
        used_count++;
        ScanCursor *cursor = rm.ScanCursorCreate();
        while (rm.Scan(ctx, cursor, add_scanned, window)) {
        }
        rm.ScanCursorDestroy(cursor);
    }
    window->used_at_ms = rm.Milliseconds();
    return &window->slots[slot - window->first_slot];
}

void index_add(int db, const char *bytes, size_t length, KeyHash hash) {
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
