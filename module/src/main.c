/* The module: its commands, and what happens when it is loaded and unloaded. */
#include "api.h"
#include "connection.h"
#include "counts.h"
#include "delete-job.h"
#include "events.h"
#include "migrate.h"
#include "restore.h"
#include "slot-command.h"
#include "slot-index.h"

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
    slot_init();
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
    connections_close();
    index_drop(-1);
    counts_free();
    return API_OK;
}
