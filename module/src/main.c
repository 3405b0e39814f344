/* The module: its commands, and what happens when it is loaded and unloaded. */
#include "api.h"
#include "async-chunk.h"
#include "async-login.h"
#include "async-restore.h"
#include "async-session.h"
#include "connection.h"
#include "counts.h"
#include "crc.h"
#include "delete-job.h"
#include "events.h"
#include "exec-wrapper.h"
#include "migrate.h"
#include "restore.h"
#include "slot-command.h"
#include "slot-index.h"
#include "source.h"
#include "source-command.h"

enum { MODULE_VERSION = 1 };

__attribute__((visibility("default"))) int RedisModule_OnLoad(Context *ctx, String **argv, int argc);
__attribute__((visibility("default"))) int RedisModule_OnUnload(Context *ctx);

/* Positions of keys: the first, the last (-1: to the end) and the step; 0 0 0: none. */
static const struct {
    const char *name;
    CommandFunction function;
    const char *flags;
    int first_key;
    int last_key;
    int key_step;
} commands[] = {
    {"slotshashkey", slotshashkey_command, "readonly fast allow-stale", 0, 0, 0},
    {"slotsinfo", slotsinfo_command, "readonly fast", 0, 0, 0},
    {"slotsscan", slotsscan_command, "readonly", 0, 0, 0},
    {"slotsdel", slotsdel_command, "write", 0, 0, 0},
    {"slotscheck", slotscheck_command, "readonly", 0, 0, 0},
    {"slotsmgrtone", slotsmgrtone_command, "write", 4, 4, 1},
    {"slotsmgrtslot", slotsmgrtslot_command, "write", 0, 0, 0},
    {"slotsmgrttagone", slotsmgrttagone_command, "write", 4, 4, 1},
    {"slotsmgrttagslot", slotsmgrttagslot_command, "write", 0, 0, 0},
    {"slotsrestore", slotsrestore_command, "write deny-oom", 1, -1, 3},
    {"slotsmgrtone-async", slotsmgrtone_async_command, "write", 6, -1, 1},
    {"slotsmgrtslot-async", slotsmgrtslot_async_command, "write", 0, 0, 0},
    {"slotsmgrttagone-async", slotsmgrttagone_async_command, "write", 6, -1, 1},
    {"slotsmgrttagslot-async", slotsmgrttagslot_async_command, "write", 0, 0, 0},
    {"slotsmgrtone-async-dump", slotsmgrtone_async_dump_command, "readonly", 3, -1, 1},
    {"slotsmgrttagone-async-dump", slotsmgrttagone_async_dump_command, "readonly", 3, -1, 1},
    {"slotsmgrt-async-fence", slotsmgrt_async_fence_command, "readonly", 0, 0, 0},
    {"slotsmgrt-async-cancel", slotsmgrt_async_cancel_command, "readonly", 0, 0, 0},
    {"slotsmgrt-async-status", slotsmgrt_async_status_command, "readonly", 0, 0, 0},
    {"slotsmgrt-exec-wrapper", slotsmgrt_exec_wrapper_command, "may-replicate deny-script", 1, 1, 1},
    {"slotsrestore-async", slotsrestore_async_command, "write deny-oom", 2, 2, 1},
    {"slotsrestore-async-auth", slotsrestore_async_auth_command,
        "fast no-auth deny-script allow-loading allow-stale no-monitor no-slowlog", 0, 0, 0},
    {"slotsrestore-async-auth2", slotsrestore_async_auth_user_command,
        "fast no-auth deny-script allow-loading allow-stale no-monitor no-slowlog", 0, 0, 0},
    {"slotsrestore-async-select", slotsrestore_async_select_command, "fast allow-loading allow-stale",
        0, 0, 0},
    {"slotsrestore-async-forms", slotsrestore_async_forms_command, "fast allow-loading allow-stale",
        0, 0, 0},
    {"slotsrestore-async-ack", slotsrestore_async_ack_command, "write", 0, 0, 0},
};

int RedisModule_OnLoad(Context *ctx, String **argv, int argc) {
    (void)argv;
    if (api_load(ctx, "codis_slots", MODULE_VERSION) != API_OK) {
        return API_ERROR;
    }
    if (argc > 0) {
        rm.Log(ctx, "warning", "codis_slots takes no arguments");
        return API_ERROR;
    }
    crc_init(true);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (rm.CreateCommand(ctx, commands[i].name, commands[i].function, commands[i].flags,
                commands[i].first_key, commands[i].last_key, commands[i].key_step) != API_OK) {
            rm.Log(ctx, "warning", "this server has a command %s already", commands[i].name);
            return API_ERROR;
        }
    }
    if (events_start(ctx) != API_OK) {
        rm.Log(ctx, "warning", "this server doesn't tell what happens to its keys");
        return API_ERROR;
    }
    counts_recount_all(ctx);
    return API_OK;
}

int RedisModule_OnUnload(Context *ctx) {
    if (delete_jobs_running()) {
        rm.Log(ctx, "warning", "codis_slots stays while SLOTSDEL runs");
        return API_ERROR;
    }
    if (chunks_running()) {
        rm.Log(ctx, "warning", "codis_slots stays while a chunk is restored");
        return API_ERROR;
    }
    if (source_is_running()) {
        rm.Log(ctx, "warning", "codis_slots stays while keys are moved, and a second after that");
        return API_ERROR;
    }
    source_free();
    sessions_free();
    connections_close();
    index_drop(-1);
    counts_free();
    return API_OK;
}
