/*
 * A module for tests that changes keys as other modules may: SILENT.DELETE key and SILENT.SET key value call
 * the server's functions, of which Redis 7.0 tells nobody that a key has gone.
 */
#include "api.h"

__attribute__((visibility("default"))) int RedisModule_OnLoad(Context *ctx, String **argv, int argc);

typedef int (*GetFunction)(const char *name, void *place);
struct RedisModuleCtx {
    GetFunction get;
};

enum { OPEN_WRITE = 1 << 1 };

static void (*set_attributes)(Context *ctx, const char *name, int version, int api_version);
static int (*create_command)(Context *ctx, const char *name, CommandFunction function,
    const char *flags, int first_key, int last_key, int key_step);
static void *(*open_key)(Context *ctx, String *name, int mode);
static void (*close_key)(void *key);
static int (*delete_key)(void *key);
static int (*string_set)(void *key, String *value);
static int (*reply_number)(Context *ctx, long long number);

static int silent_delete(Context *ctx, String **argv, int argc) {
    void *key = argc == 2 ? open_key(ctx, argv[1], OPEN_WRITE) : NULL;
    if (key != NULL) {
        delete_key(key);
        close_key(key);
    }
    return reply_number(ctx, key != NULL);
}

static int silent_set(Context *ctx, String **argv, int argc) {
    void *key = argc == 3 ? open_key(ctx, argv[1], OPEN_WRITE) : NULL;
    if (key != NULL) {
        string_set(key, argv[2]);
        close_key(key);
    }
    return reply_number(ctx, key != NULL);
}

int RedisModule_OnLoad(Context *ctx, String **argv, int argc) {
    (void)argv;
    (void)argc;
    if (ctx->get("RedisModule_SetModuleAttribs", (void *)&set_attributes) != API_OK ||
        ctx->get("RedisModule_CreateCommand", (void *)&create_command) != API_OK ||
        ctx->get("RedisModule_OpenKey", (void *)&open_key) != API_OK ||
        ctx->get("RedisModule_CloseKey", (void *)&close_key) != API_OK ||
        ctx->get("RedisModule_DeleteKey", (void *)&delete_key) != API_OK ||
        ctx->get("RedisModule_StringSet", (void *)&string_set) != API_OK ||
        ctx->get("RedisModule_ReplyWithLongLong", (void *)&reply_number) != API_OK) {
        return API_ERROR;
    }
    set_attributes(ctx, "silent_delete", 1, API_VERSION);
    return create_command(ctx, "silent.delete", silent_delete, "write", 1, 1, 1) == API_OK
        ? create_command(ctx, "silent.set", silent_set, "write", 1, 1, 1)
        : API_ERROR;
}
