/*
 * Tests of what needs no server: api.c, crc.c, slot.c, name-set.c, counts.c, outbox.c, answer.c, doubt.c, and by
 * async-session-test.c async-session.c. The server's functions that these call are stood in for by the C library;
 * everything else of `rm` is NULL and crashes if called.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "api.h"
#include "async-session-test.h"
#include "check.h"
#include "counts.h"
#include "crc.h"
#include "doubt.h"
#include "name-set.h"
#include "outbox.h"
#include "slot.h"
#include "target-socket.h"

int failures;

static KeyHash hash_of(const char *key) {
    return key_hash(key, strlen(key));
}

static void test_slots(void) {
    CHECK(slot_of_crc(hash_of("a").crc) == 579);
    CHECK(slot_of_crc(hash_of("b").crc) == 1017);
    CHECK(slot_of_crc(hash_of("c").crc) == 879);
    CHECK(slot_of_crc(hash_of("{}y").crc) == 0);
    CHECK(slot_of_crc(key_hash("", 0).crc) == 0);
    CHECK(hash_of("123456789").crc == 0xCBF43926u);
    const char *const pairs[][2] = {
        {"{abc}", "abc"}, {"{{{abc1}abc2}", "{{abc1"}, {"abc1{abc2{abc3}", "abc2{abc3"},
        {"{{{{abc}", "{{{abc"}, {"{{}{{abc", "{"}, {"abc}{123}456", "123"}, {"123{abc}456", "abc"},
        {"123{456}", "456"}, {"{}abc", ""}, {"abc{}123", ""},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        KeyHash whole = hash_of(pairs[i][0]);
        CHECK(whole.has_tag);
        CHECK(whole.crc == hash_of("").crc || pairs[i][1][0] != '\0');
        // The tag is hashed as it is, even where it has a brace itself.
        char plain[32];
        snprintf(plain, sizeof(plain), "%s", pairs[i][1]);
        if (strchr(plain, '{') == NULL) {
            CHECK(whole.crc == hash_of(plain).crc);
        }
    }
    CHECK(!hash_of("{{{{abc").has_tag);
    CHECK(!hash_of("abc}{abc").has_tag);
    const char binary[] = {'x', '\0', '{', '\0', '}', 'y'};
    CHECK(key_hash(binary, sizeof(binary)).has_tag);
    CHECK(key_hash(binary, sizeof(binary)).crc == key_hash("\0", 1).crc);
}

/* The definition of the hash, bit by bit, and its tag, character by character. */
static KeyHash slow_hash(const char *key, size_t length) {
    size_t begin = 0;
    size_t end = length;
    KeyHash hash = {.crc = 0xFFFFFFFFu};
    for (size_t open = 0; open < length && !hash.has_tag; open++) {
        if (key[open] == '{') {
            for (size_t close = open + 1; close < length && !hash.has_tag; close++) {
                if (key[close] == '}') {
                    hash.has_tag = true;
                    begin = open + 1;
                    end = close;
                }
            }
            break;
        }
    }
    for (size_t i = begin; i < end; i++) {
        hash.crc ^= (unsigned char)key[i];
        for (int bit = 0; bit < 8; bit++) {
            hash.crc = (hash.crc & 1) != 0 ? (hash.crc >> 1) ^ 0xEDB88320u : hash.crc >> 1;
        }
    }
    hash.crc = ~hash.crc;
    return hash;
}

/* Keys of all lengths at all alignments, many with braces, each a memory of exactly its size. */
static void test_hashes(void) {
    enum { ROUNDS = 200000, LENGTH_MAX = 80 };
    static const char letters[] = "{}{}abcz|~\x7a\x7c\xfb\xfa\x80\xff";
    for (int round = 0; round < ROUNDS; round++) {
        size_t length = (size_t)rand() % LENGTH_MAX;
        size_t offset = (size_t)rand() % 8;
        char *memory = malloc(offset + length + (offset + length == 0 ? 1 : 0));
        char *key = memory + offset;
        bool has_many_braces = rand() % 2 == 0;
        for (size_t i = 0; i < length; i++) {
            key[i] = has_many_braces ? letters[(size_t)rand() % sizeof(letters)] : (char)(rand() % 256);
        }
        KeyHash fast = key_hash(key, length);
        KeyHash slow = slow_hash(key, length);
        CHECK(fast.crc == slow.crc && fast.has_tag == slow.has_tag);
        free(memory);
    }
}

static void test_name_set(void) {
    enum { NAMES = 20000, ROUNDS = 200000 };
    static bool is_in[NAMES];
    NameSet set = {0};
    size_t size = 0;
    CHECK(name_set_any(&set, 5) == NULL);
    CHECK(!name_set_remove(&set, "x", 1));
    srand(20260607);
    for (int round = 0; round < ROUNDS; round++) {
        int number = rand() % NAMES;
        char name[32];
        size_t length = (size_t)snprintf(name, sizeof(name), "{tag}%d", number);
        bool is_adding = rand() % 2 == 0;
        bool is_changed = is_adding ? name_set_add(&set, name, length, key_hash(name, length))
                                    : name_set_remove(&set, name, length);
        CHECK(is_changed == (is_in[number] != is_adding));
        if (is_changed) {
            is_in[number] = is_adding;
            size = is_adding ? size + 1 : size - 1;
        }
        CHECK(set.size == size);
    }
    // Taking any until none is left gives each name once.
    while (set.size > 0) {
        const Name *any = name_set_any(&set, (uint64_t)rand());
        char name[32];
        CHECK(any != NULL && any->length < sizeof(name));
        snprintf(name, sizeof(name), "%.*s", (int)any->length, any->bytes);
        int number = atoi(name + strlen("{tag}"));
        CHECK(is_in[number]);
        is_in[number] = false;
        size_t length = any->length;
        CHECK(name_set_remove(&set, name, length));
    }
    CHECK(set.tag_count == 0 && name_set_tag(&set, hash_of("{tag}").crc) == NULL);
    CHECK(name_set_add(&set, "", 0, key_hash("", 0)));
    CHECK(!name_set_add(&set, "", 0, key_hash("", 0)));
    name_set_clear(&set);
    CHECK(set.size == 0 && set.capacity == 0);
}

/* The names of each tag, at random, against a table of who is in. */
static void test_tags(void) {
    enum { TAGS = 300, MEMBERS = 8, ROUNDS = 100000 };
    static bool is_in[TAGS][MEMBERS];
    NameSet set = {0};
    for (int round = 0; round < ROUNDS; round++) {
        int tag = rand() % TAGS;
        int member = rand() % MEMBERS;
        char name[32];
        size_t length = (size_t)snprintf(name, sizeof(name), "%d{t%d}", member, tag);
        KeyHash hash = key_hash(name, length);
        if (rand() % 2 == 0) {
            CHECK(name_set_add(&set, name, length, hash) == !is_in[tag][member]);
            is_in[tag][member] = true;
        } else {
            CHECK(name_set_remove(&set, name, length) == is_in[tag][member]);
            is_in[tag][member] = false;
        }
        CHECK((name_set_find(&set, name, length) != NULL) == is_in[tag][member]);
        int expected = 0;
        for (int i = 0; i < MEMBERS; i++) {
            expected += is_in[tag][i] ? 1 : 0;
        }
        int found = 0;
        for (const Name *one = name_set_tag(&set, hash.crc); one != NULL; one = one->next_sibling) {
            CHECK(one->hash.crc == hash.crc && is_in[tag][one->bytes[0] - '0']);
            found++;
        }
        CHECK(found == expected);
    }
    // What has the same CRC without a tag isn't one of them.
    uint32_t crc = hash_of("t5").crc;
    CHECK(name_set_add(&set, "t5", 2, hash_of("t5")));
    for (const Name *one = name_set_tag(&set, crc); one != NULL; one = one->next_sibling) {
        CHECK(one->hash.has_tag);
    }
    name_set_clear(&set);
}

static void test_counts(void) {
    CHECK(counts_slot(3, 5) == 0);
    counts_add(3, 5, 1);
    counts_add(3, 5, 2);
    // The size didn't grow: the new key took the place of one that went without a word.
    counts_add(3, 5, 2);
    counts_resolve(true);
    CHECK(counts_slot(3, 5) == 2 && counts_of(3)->total == 2 && !counts_of(3)->is_suspect);
    // The same, and what follows isn't what RENAME, COPY or RESTORE say.
    counts_add(7, 5, 1);
    counts_add(7, 6, 1);
    CHECK(!counts_of(7)->is_suspect);
    counts_resolve(false);
    CHECK(counts_of(7)->is_suspect);
    counts_swap(3, 0);
    CHECK(counts_slot(0, 5) == 2 && counts_slot(3, 5) == 0);
    counts_remove(0, 5, 1);
    CHECK(counts_slot(0, 5) == 1 && !counts_of(0)->is_suspect);
    // Two went, one was told.
    counts_add(0, 6, 2);
    counts_remove(0, 6, 0);
    CHECK(counts_of(0)->is_suspect);
    counts_clear(0);
    CHECK(counts_slot(0, 5) == 0 && !counts_of(0)->is_suspect);
    counts_remove(0, 5, 0);
    CHECK(counts_slot(0, 5) == 0 && counts_of(0)->is_suspect);
    counts_add_loaded(15, 1023);
    counts_clear(-1);
    CHECK(counts_slot(15, 1023) == 0);
    counts_free();
    CHECK(counts_of(0) == NULL);
}

/* Commands of all sizes, sent and answered in pieces of all sizes: every byte once, every command in order. */
static void test_outbox(void) {
    enum { ROUNDS = 20000, ARGUMENT_MAX = 3000 };
    Outbox outbox = {0};
    static char argument[ARGUMENT_MAX];
    size_t written = 0;
    size_t sent = 0;
    size_t answered = 0;
    for (int round = 0; round < ROUNDS; round++) {
        if (rand() % 2 == 0) {
            size_t length = (size_t)(rand() % ARGUMENT_MAX);
            memset(argument, 'a' + (int)(written % 26), length);
            outbox_begin(&outbox, 1);
            buffer_add_argument(&outbox.buffer, argument, length);
            outbox_end(&outbox, (AnswerKind)(written % 7));
            written++;
        }
        size_t length;
        const char *bytes = outbox_bytes(&outbox, &length);
        size_t piece = length == 0 ? 0 : (size_t)rand() % (length + 1);
        for (size_t i = 0; i < piece; i++) {
            if (bytes[i] == '*') {
                sent++;
            }
        }
        outbox_sent(&outbox, piece);
        while (outbox.count > 0 && rand() % 3 == 0) {
            CHECK(outbox_answered(&outbox) == (AnswerKind)(answered % 7));
            answered++;
        }
        CHECK(outbox.count == written - answered);
        CHECK(outbox.count > 0 || outbox.pending_bytes == 0);
    }
    size_t length;
    const char *bytes = outbox_bytes(&outbox, &length);
    for (size_t i = 0; i < length; i++) {
        sent += bytes[i] == '*' ? 1 : 0;
    }
    CHECK(sent == written);
    outbox_free(&outbox);
}

/* Reads a copy of exactly this size, so that a sanitizer sees what is read beyond. */
static long read_copy(const char *bytes, size_t length, Answer *answer) {
    char *copy = malloc(length + 1);
    memcpy(copy, bytes, length);
    char *exact = realloc(copy, length == 0 ? 1 : length);
    long result = answer_read(exact, length, answer);
    free(exact);
    return result;
}

static void test_answers(void) {
    static const char good[] = "*3\r\n$22\r\nSLOTSRESTORE-ASYNC-ACK\r\n$1\r\n0\r\n$2\r\nOK\r\n";
    static const char bad[] = "*3\r\n$22\r\nSLOTSRESTORE-ASYNC-ACK\r\n$2\r\n-1\r\n$0\r\n\r\n";
    static const char *const nonsense[] = {":-1\r\n", ":\r\n", "$-1\r\n", "$1\r\nabc\r\n", "\r\n", "*2\r\n",
        "*3\r\n$5\r\nhello\r\n$1\r\n0\r\n$0\r\n\r\n",
        "*3\r\n$-1\r\n", "*3\r\n$22222\r\n", "*3x\r\n", "*3\r\n$2\r\nabc\r\n", "*9999999999\r\n", "+a\n"};
    Answer answer;
    CHECK(answer_read(good, strlen(good), &answer) == (long)strlen(good));
    CHECK(answer.shape == SHAPE_ACK && answer.is_good && answer.length == 2 && memcmp(answer.text, "OK", 2) == 0);
    CHECK(answer_read(bad, strlen(bad), &answer) == (long)strlen(bad) && !answer.is_good);
    CHECK(answer_read("-ERR no\r\n+", 10, &answer) == 9 && answer.shape == SHAPE_LINE && !answer.is_good);
    CHECK(answer_read("+OK\r\n", 5, &answer) == 5 && answer.shape == SHAPE_LINE && answer.is_good);
    CHECK(answer_read(":12\r\n", 5, &answer) == 5 && answer.shape == SHAPE_NUMBER && answer.number == 12);
    CHECK(answer_read("$2\r\nab\r\n", 8, &answer) == 8 && answer.shape == SHAPE_BULK && answer.length == 2 &&
        memcmp(answer.text, "ab", 2) == 0 && answer.number == 0);
    for (size_t length = 0; length < strlen(good); length++) {
        CHECK(read_copy(good, length, &answer) == ANSWER_INCOMPLETE);
    }
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        CHECK(read_copy(nonsense[i], strlen(nonsense[i]), &answer) == ANSWER_NONSENSE);
    }
    for (int round = 0; round < 200000; round++) {
        char bytes[sizeof(good)];
        memcpy(bytes, good, sizeof(good));
        for (int i = rand() % 3; i >= 0; i--) {
            bytes[(size_t)rand() % strlen(good)] = (char)(rand() % 256);
        }
        size_t length = (size_t)rand() % sizeof(good);
        long result = read_copy(bytes, length, &answer);
        CHECK(result >= ANSWER_NONSENSE && result <= (long)length);
    }
}

static void test_doubts(void) {
    int place = 0;
    CHECK(doubt_next("h", "1", &place) == NULL);
    doubt_add("h", "1", "1.2.3.4:5");
    doubt_add("h", "2", "1.2.3.4:6");
    doubt_add("h", "1", "1.2.3.4:7");
    place = 0;
    CHECK(strcmp(doubt_next("h", "1", &place), "1.2.3.4:5") == 0);
    CHECK(strcmp(doubt_next("h", "1", &place), "1.2.3.4:7") == 0);
    CHECK(doubt_next("h", "1", &place) == NULL);
    doubt_end("h", "1", "1.2.3.4:5");
    place = 0;
    CHECK(strcmp(doubt_next("h", "1", &place), "1.2.3.4:7") == 0);
    // Of too many the oldest goes.
    for (int i = 0; i < DOUBTS_MAX; i++) {
        doubt_add("h", "3", "1.2.3.4:8");
    }
    place = 0;
    CHECK(doubt_next("h", "1", &place) == NULL);
    doubts_forget();
    place = 0;
    CHECK(doubt_next("h", "3", &place) == NULL);
}

static void test_doubt_address(void) {
    char address[ADDRESS_BYTES] = "1.2.3.4:5";
    const char *useless[] = {"", "id=3", "id=3 laddr=1.1.1.1:1 name=", "id=3 addr=", "id=3 addr= fd=8",
        "id=3 addr=9.9.9.9:9"};
    for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
        doubt_read_address(useless[i], strlen(useless[i]), address);
        CHECK(strcmp(address, "1.2.3.4:5") == 0);
    }
    char text[1000] = "id=3 addr=";
    memset(text + strlen(text), '1', 500);
    strcat(text, " fd=8");
    doubt_read_address(text, strlen(text), address);
    CHECK(strcmp(address, "1.2.3.4:5") == 0);
    static const char good[] = "id=3 addr=[fe80::1]:6379 laddr=1.1.1.1:1 fd=8 name=\n";
    doubt_read_address(good, strlen(good), address);
    CHECK(strcmp(address, "[fe80::1]:6379") == 0);
}

/* A server, as far as loading goes: some functions, one of which may be withheld. */
struct RedisModuleCtx {
    int (*get)(const char *name, void *place);
};

static const char *withheld;
static int server_version;
static int busy;
static char logged[256];

static void set_attributes(Context *ctx, const char *name, int version, int api_version) {
    CHECK(ctx != NULL && strcmp(name, "demo") == 0 && version == 7 && api_version == 1);
}

static int is_busy(const char *name) {
    (void)name;
    return busy;
}

static int get_version(void) {
    return server_version;
}

__attribute__((format(printf, 3, 4))) static void log_line(Context *ctx, const char *level,
    const char *format, ...) {
    (void)ctx;
    (void)level;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(logged, sizeof(logged), format, arguments);
    va_end(arguments);
}

static int get_function(const char *name, void *place) {
    CHECK(strncmp(name, "RedisModule_", strlen("RedisModule_")) == 0);
    const char *rest = name + strlen("RedisModule_");
    if (withheld != NULL && strcmp(rest, withheld) == 0) {
        return API_ERROR;
    }
    ModuleApi *all = &rm;
    if (place == &all->SetModuleAttribs) {
        all->SetModuleAttribs = set_attributes;
    } else if (place == &all->IsModuleNameBusy) {
        all->IsModuleNameBusy = is_busy;
    } else if (place == &all->GetServerVersion) {
        all->GetServerVersion = get_version;
    } else if (place == &all->Log) {
        all->Log = log_line;
    }
    return API_OK;
}

static void test_loading(void) {
    Context server = {.get = get_function};
    server_version = 0x7000f;
    CHECK(api_load(&server, "demo", 7) == API_OK);
    withheld = "ScanCursorCreate";
    CHECK(api_load(&server, "demo", 7) == API_ERROR);
    CHECK(strstr(logged, "ScanCursorCreate") != NULL);
    withheld = NULL;
    server_version = 0x60210;
    CHECK(api_load(&server, "demo", 7) == API_ERROR);
    server_version = 0x80001;
    CHECK(api_load(&server, "demo", 7) == API_OK);
    busy = 1;
    CHECK(api_load(&server, "demo", 7) == API_ERROR);
    rm = (ModuleApi){0};
}

int main(void) {
    test_loading();
    rm.Alloc = malloc;
    rm.Realloc = realloc;
    rm.Free = free;
    for (int turn = 0; turn < 2; turn++) {
        crc_init(turn == 0);
        test_slots();
        test_hashes();
    }
    test_name_set();
    test_tags();
    test_outbox();
    test_answers();
    test_doubts();
    test_doubt_address();
    test_counts();
    test_sessions();
    if (failures == 0) {
        puts("unit tests passed");
    }
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
