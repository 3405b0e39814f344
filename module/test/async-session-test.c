/*
 * What connections are in the middle of: each operation, and thousands of them at random against a plain table. The
 * strings of the server are stood in for by ours, which are counted, so that one which stays or goes twice shows.
 */
#include "async-session-test.h"

#include <stdlib.h>
#include <string.h>

#include "async-session.h"
#include "check.h"

enum { CLIENTS = 6, KEYS = 5, DATABASES = 2 };

struct RedisModuleString {
    size_t length;
    char *bytes;
};

static int live_strings;
static int live_memories;

static String *create_string(Context *ctx, const char *bytes, size_t length) {
    (void)ctx;
    String *string = malloc(sizeof(*string));
    *string = (String){.length = length, .bytes = malloc(length == 0 ? 1 : length)};
    memcpy(string->bytes, bytes, length);
    live_strings++;
    return string;
}

static void free_string(Context *ctx, String *string) {
    (void)ctx;
    free(string->bytes);
    free(string);
    live_strings--;
}

static const char *string_bytes(const String *string, size_t *length) {
    *length = string->length;
    return string->bytes;
}

static void *allocate(size_t bytes) {
    live_memories++;
    return malloc(bytes);
}

static void release(void *memory) {
    live_memories--;
    free(memory);
}

static bool is_half(uint64_t client, int db, const String *key, Half expected) {
    Half left = {0};
    return session_has(client, db, key, &left) && left.type == expected.type && left.length == expected.length;
}

static bool is_in_the_middle(uint64_t client, int db, const String *key) {
    Half left;
    return session_has(client, db, key, &left);
}

static void test_one_connection(String *key, String *longer) {
    const Half half = {.type = KEY_TYPE_HASH, .length = 3};
    const Half more = {.type = KEY_TYPE_HASH, .length = 9};
    CHECK(!is_in_the_middle(7, 0, key));
    session_forget(7);
    session_end(7);
    CHECK(live_memories == 0);
    session_set(7, 0, key, half);
    CHECK(is_half(7, 0, key, half));
    // Another connection, another database, and a name that begins in the same way are something else.
    CHECK(!is_in_the_middle(8, 0, key) && !is_in_the_middle(7, 1, key) && !is_in_the_middle(7, 0, longer));
    session_set(7, 0, key, more);
    CHECK(is_half(7, 0, key, more));
    // A connection is in the middle of one key: the next takes its place, here or in another database.
    session_set(7, 0, longer, half);
    CHECK(is_half(7, 0, longer, half) && !is_in_the_middle(7, 0, key));
    session_set(7, 1, longer, half);
    CHECK(is_half(7, 1, longer, half) && !is_in_the_middle(7, 0, longer));
    session_forget(7);
    CHECK(!is_in_the_middle(7, 1, longer) && live_memories == 0);
}

static void test_failed_connection(String *key) {
    const Half half = {.type = KEY_TYPE_LIST, .length = 1};
    session_set(7, 0, key, half);
    session_set(8, 0, key, half);
    CHECK(!session_is_failed(7));
    session_fail(7);
    CHECK(session_is_failed(7) && !session_is_failed(8));
    CHECK(!is_in_the_middle(7, 0, key) && is_half(8, 0, key, half));
    // It stays failed whatever still comes, until it has gone; its number may then be another connection's.
    session_forget(7);
    session_set(7, 0, key, half);
    session_fail(7);
    CHECK(session_is_failed(7) && !is_in_the_middle(7, 0, key));
    session_end(7);
    CHECK(!session_is_failed(7) && is_half(8, 0, key, half));
    session_fail(9);
    sessions_free();
    CHECK(!session_is_failed(9) && !is_in_the_middle(8, 0, key) && live_memories == 0);
}

/* What a connection should be in the middle of. */
typedef struct {
    bool is_failed;
    bool has_key;
    int key;
    int db;
    Half left;
} Expected;

static void change_one(String *const *keys, Expected *all) {
    int client = rand() % CLIENTS;
    Expected *one = &all[client];
    int choice = rand() % 16;
    if (choice == 0) {
        session_fail((uint64_t)client);
        *one = (Expected){.is_failed = true};
    } else if (choice <= 2) {
        session_end((uint64_t)client);
        *one = (Expected){0};
    } else if (choice <= 5) {
        session_forget((uint64_t)client);
        one->has_key = false;
    } else {
        Expected next = {.has_key = true, .key = rand() % KEYS, .db = rand() % DATABASES,
            .left = {.type = rand() % 8, .length = (size_t)rand()}};
        session_set((uint64_t)client, next.db, keys[next.key], next.left);
        *one = one->is_failed ? *one : next;
    }
}

static void check_one(int client, String *const *keys, const Expected *one) {
    CHECK(session_is_failed((uint64_t)client) == one->is_failed);
    for (int key = 0; key < KEYS; key++) {
        for (int db = 0; db < DATABASES; db++) {
            bool is_expected = one->has_key && one->key == key && one->db == db;
            CHECK(is_in_the_middle((uint64_t)client, db, keys[key]) == is_expected);
            CHECK(!is_expected || is_half((uint64_t)client, db, keys[key], one->left));
        }
    }
}

static void test_at_random(String *const *keys) {
    enum { ROUNDS = 20000 };
    Expected all[CLIENTS] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        change_one(keys, all);
        int held = 0;
        for (int client = 0; client < CLIENTS; client++) {
            check_one(client, keys, &all[client]);
            held += all[client].has_key ? 1 : 0;
        }
        CHECK(live_strings == KEYS + held);
    }
    sessions_free();
    CHECK(live_memories == 0 && live_strings == KEYS);
}

void test_sessions(void) {
    rm.Alloc = allocate;
    rm.Free = release;
    rm.CreateString = create_string;
    rm.FreeString = free_string;
    rm.StringPtrLen = string_bytes;
    // Names may be empty and hold any byte.
    String *keys[KEYS] = {create_string(NULL, "", 0), create_string(NULL, "key", 3),
        create_string(NULL, "key2", 4), create_string(NULL, "k\0y", 3), create_string(NULL, "k\0z", 3)};
    test_one_connection(keys[1], keys[2]);
    test_one_connection(keys[0], keys[3]);
    test_one_connection(keys[3], keys[4]);
    test_failed_connection(keys[1]);
    test_at_random(keys);
    for (int i = 0; i < KEYS; i++) {
        free_string(NULL, keys[i]);
    }
    CHECK(live_strings == 0);
}
