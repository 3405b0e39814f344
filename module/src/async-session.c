/* See async-session.h. A list: there is one for each source and database that migrates to this server. */
#include "async-session.h"

#include <string.h>

typedef struct Session {
    struct Session *next;
    uint64_t client;
    bool is_failed;
    String *key; /* NULL when it has failed. */
    int db;
    Half left;
} Session;

static Session *sessions;

static Session **find(uint64_t client) {
    Session **at = &sessions;
    while (*at != NULL && (*at)->client != client) {
        at = &(*at)->next;
    }
    return at;
}

static void drop(Session **at) {
    Session *session = *at;
    if (session != NULL) {
        *at = session->next;
        if (session->key != NULL) {
            rm.FreeString(NULL, session->key);
        }
        rm.Free(session);
    }
}

static Session *ensure(uint64_t client) {
    Session **at = find(client);
    if (*at == NULL) {
        *at = rm.Alloc(sizeof(Session));
        **at = (Session){.client = client};
    }
    return *at;
}

static bool is_same(const String *first, const String *second) {
    size_t first_length;
    size_t second_length;
    const char *bytes = rm.StringPtrLen(first, &first_length);
    const char *others = rm.StringPtrLen(second, &second_length);
    return first_length == second_length && memcmp(bytes, others, first_length) == 0;
}

bool session_has(uint64_t client, int db, const String *key, Half *left) {
    const Session *session = *find(client);
    if (session == NULL || session->key == NULL || session->db != db || !is_same(session->key, key)) {
        return false;
    }
    *left = session->left;
    return true;
}

void session_set(uint64_t client, int db, const String *key, Half left) {
    Session *session = ensure(client);
    if (session->is_failed) {
        return;
    }
    if (session->key == NULL || !is_same(session->key, key)) {
        if (session->key != NULL) {
            rm.FreeString(NULL, session->key);
        }
        size_t length;
        const char *bytes = rm.StringPtrLen(key, &length);
        session->key = rm.CreateString(NULL, bytes, length);
    }
    session->db = db;
    session->left = left;
}

void session_forget(uint64_t client) {
    Session **at = find(client);
    if (*at != NULL && !(*at)->is_failed) {
        drop(at);
    }
}

void session_fail(uint64_t client) {
    drop(find(client));
    ensure(client)->is_failed = true;
}

bool session_is_failed(uint64_t client) {
    const Session *session = *find(client);
    return session != NULL && session->is_failed;
}

void session_end(uint64_t client) {
    drop(find(client));
}

void sessions_free(void) {
    while (sessions != NULL) {
        drop(&sessions);
    }
}
