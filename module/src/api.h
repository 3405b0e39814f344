/*
 * The part of the server's module interface that this module uses, written from its public
 * documentation. A server hands out its functions by name; `api_load` asks for each of ours and refuses
 * to load when one is missing, so a difference between a server and this list shows at the start.
 *
 * Names are those of the documentation without their prefix: RedisModule_Call is rm.Call.
 */
#ifndef CODIS_API_H
#define CODIS_API_H

#include <stddef.h>
#include <stdint.h>

/* Of a function that runs for each key which comes: these are kept together, in few pages of memory. */
#define HOT __attribute__((hot))

typedef struct RedisModuleCtx Context;
typedef struct RedisModuleString String;
typedef struct RedisModuleKey Key;
typedef struct RedisModuleCallReply CallReply;
typedef struct RedisModuleScanCursor ScanCursor;
typedef struct RedisModuleBlockedClient BlockedClient;
typedef uint64_t TimerId;

typedef int (*CommandFunction)(Context *ctx, String **argv, int argc);
typedef int (*KeyEventFunction)(Context *ctx, int type, const char *event, String *key);
typedef void (*ScanFunction)(Context *ctx, String *name, Key *key, void *data);
typedef void (*TimerFunction)(Context *ctx, void *data);
typedef void (*FreeFunction)(Context *ctx, void *data);
typedef void (*DisconnectFunction)(Context *ctx, BlockedClient *client);
typedef void (*LoopFunction)(int fd, void *data, int mask);
typedef void (*ScanKeyFunction)(Key *key, String *field, String *value, void *data);
typedef void (*UserChangedFunction)(uint64_t client, void *data);

/* Handed over by value. */
typedef struct {
    uint64_t id;
    uint64_t version;
} ServerEvent;

typedef void (*ServerEventFunction)(Context *ctx, ServerEvent event, uint64_t sub, void *data);

/* What the server tells with EVENT_FLUSH. */
typedef struct {
    uint64_t version;
    int32_t sync;
    int32_t db; /* -1: all databases. */
} FlushInfo;

/* What the server tells with EVENT_SWAP. */
typedef struct {
    uint64_t version;
    int32_t first;
    int32_t second;
} SwapInfo;

enum { API_OK = 0, API_ERROR = 1, API_VERSION = 1, POSTPONED_LENGTH = -1 };

enum { SERVER_VERSION_MIN = 0x00070000 };

/* Classes of key events. */
enum {
    KEY_GENERIC = 1 << 2,
    KEY_STRING = 1 << 3,
    KEY_LIST = 1 << 4,
    KEY_SET = 1 << 5,
    KEY_HASH = 1 << 6,
    KEY_ZSET = 1 << 7,
    KEY_EXPIRED = 1 << 8,
    KEY_EVICTED = 1 << 9,
    KEY_STREAM = 1 << 10,
    KEY_LOADED = 1 << 12,
    KEY_MODULE = 1 << 13,
    KEY_NEW = 1 << 14
};

/* What the server tells with EVENT_CLIENT. */
typedef struct {
    uint64_t version;
    uint64_t flags;
    uint64_t id;
    char address[46];
    uint16_t port;
    uint16_t db;
} ClientInfo;

/* Server events, and what happens in them. */
enum {
    EVENT_FLUSH = 2,
    EVENT_LOADING = 3,
    EVENT_CLIENT = 4,
    EVENT_CRON = 8,
    EVENT_SWAP = 11,
    EVENT_LOOP = 15
};
enum { LOOP_BEFORE_SLEEP = 0, LOOP_AFTER_SLEEP = 1 };
enum { CLIENT_CONNECTED = 0, CLIENT_DISCONNECTED = 1 };
enum { FLUSH_START = 0, FLUSH_END = 1 };
enum { LOADING_ENDED = 3, LOADING_FAILED = 4 };

enum { CONTEXT_MULTI = 1 << 1, CONTEXT_REPLICA = 1 << 3, CONTEXT_DENY_BLOCKING = 1 << 21 };

enum { REPLY_STRING = 0, REPLY_ERROR = 1, REPLY_INTEGER = 2, REPLY_ARRAY = 3, REPLY_NULL = 4 };

/* How a key is opened: to be read only; and without making it younger for eviction. */
enum { OPEN_READ = 1 << 0, OPEN_NO_TOUCH = 1 << 16 };

enum {
    KEY_TYPE_EMPTY = 0,
    KEY_TYPE_STRING = 1,
    KEY_TYPE_LIST = 2,
    KEY_TYPE_HASH = 3,
    KEY_TYPE_SET = 4,
    KEY_TYPE_ZSET = 5,
    KEY_TYPE_MODULE = 6,
    KEY_TYPE_STREAM = 7
};

/* How a string's bytes are looked at. */
enum { DMA_READ = 1 };

/* What GetExpire gives for a key that lives for ever. */
enum { NO_EXPIRE = -1 };

/* What the server's loop tells of a socket. */
enum { LOOP_READABLE = 1, LOOP_WRITABLE = 2 };

#define API_FUNCTIONS(X) \
    X(void *, Alloc, (size_t bytes)) \
    X(void *, Realloc, (void *memory, size_t bytes)) \
    X(void, Free, (void *memory)) \
    X(int, GetServerVersion, (void)) \
    X(int, IsModuleNameBusy, (const char *name)) \
    X(void, SetModuleAttribs, (Context *, const char *name, int version, int api_version)) \
    X(int, CreateCommand, (Context *, const char *name, CommandFunction, const char *flags, \
        int first_key, int last_key, int key_step)) \
    X(int, SubscribeToKeyspaceEvents, (Context *, int types, KeyEventFunction)) \
    X(int, SubscribeToServerEvent, (Context *, ServerEvent, ServerEventFunction)) \
    X(void, Log, (Context *, const char *level, const char *format, ...)) \
    X(long long, Milliseconds, (void)) \
    X(int, GetContextFlags, (Context *)) \
    X(int, AvoidReplicaTraffic, (void)) \
    X(int, GetSelectedDb, (Context *)) \
    X(int, SelectDb, (Context *, int db)) \
    X(unsigned long long, DbSize, (Context *)) \
    X(const char *, StringPtrLen, (const String *, size_t *length)) \
    X(int, StringToLongLong, (const String *, long long *value)) \
    X(String *, CreateString, (Context *, const char *bytes, size_t length)) \
    X(void, FreeString, (Context *, String *)) \
    X(int, WrongArity, (Context *)) \
    X(int, ReplyWithLongLong, (Context *, long long value)) \
    X(int, ReplyWithError, (Context *, const char *text)) \
    X(int, ReplyWithSimpleString, (Context *, const char *text)) \
    X(int, ReplyWithArray, (Context *, long length)) \
    X(void, ReplySetArrayLength, (Context *, long length)) \
    X(int, ReplyWithStringBuffer, (Context *, const char *bytes, size_t length)) \
    X(int, ReplyWithCallReply, (Context *, CallReply *)) \
    X(CallReply *, Call, (Context *, const char *command, const char *format, ...)) \
    X(int, CallReplyType, (CallReply *)) \
    X(long long, CallReplyInteger, (CallReply *)) \
    X(size_t, CallReplyLength, (CallReply *)) \
    X(CallReply *, CallReplyArrayElement, (CallReply *, size_t index)) \
    X(const char *, CallReplyStringPtr, (CallReply *, size_t *length)) \
    X(void, FreeCallReply, (CallReply *)) \
    X(int, Replicate, (Context *, const char *command, const char *format, ...)) \
    X(ScanCursor *, ScanCursorCreate, (void)) \
    X(void, ScanCursorDestroy, (ScanCursor *)) \
    X(int, Scan, (Context *, ScanCursor *, ScanFunction, void *data)) \
    X(TimerId, CreateTimer, (Context *, long long period_ms, TimerFunction, void *data)) \
    X(BlockedClient *, BlockClient, (Context *, CommandFunction reply, CommandFunction timeout, \
        FreeFunction free_data, long long timeout_ms)) \
    X(int, UnblockClient, (BlockedClient *, void *data)) \
    X(void *, GetBlockedClientPrivateData, (Context *)) \
    X(void, SetDisconnectCallback, (BlockedClient *, DisconnectFunction)) \
    X(unsigned long long, GetClientId, (Context *)) \
    X(int, DeauthenticateAndCloseClient, (Context *, uint64_t client)) \
    X(int, AuthenticateClientWithACLUser, (Context *, const char *name, size_t length, \
        UserChangedFunction, void *data, uint64_t *client)) \
    X(String *, HoldString, (Context *, String *)) \
    X(Key *, OpenKey, (Context *, String *name, int mode)) \
    X(void, CloseKey, (Key *)) \
    X(int, KeyType, (Key *)) \
    X(size_t, ValueLength, (Key *)) \
    X(long long, GetExpire, (Key *)) \
    X(char *, StringDMA, (Key *, size_t *length, int mode)) \
    X(String *, ListGet, (Key *, long index)) \
    X(int, ScanKey, (Key *, ScanCursor *, ScanKeyFunction, void *data)) \
    X(int, EventLoopAdd, (int fd, int mask, LoopFunction, void *data)) \
    X(int, EventLoopDel, (int fd, int mask)) \
    X(int *, GetCommandKeys, (Context *, String **argv, int argc, int *count)) \
    X(int, ReplyWithNull, (Context *)) \
    X(int, ReplyWithMap, (Context *, long length))

#define API_MEMBER(type, name, arguments) type(*name) arguments;
/* The server's functions; filled by api_load, before anything else of the module runs. */
typedef struct {
    API_FUNCTIONS(API_MEMBER)
} ModuleApi;
#undef API_MEMBER

extern ModuleApi rm;

/*
 * Registers the module under a name and fills `rm`. API_ERROR when the server is too old, lacks a
 * function (its log names it), or has a module of this name.
 */
int api_load(Context *ctx, const char *name, int version);

#endif
