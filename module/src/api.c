/* Gets the server's functions by name; see api.h. */
#include "api.h"

#include <stdio.h>

ModuleApi rm;

typedef int (*GetFunction)(const char *name, void *place);

/* The one thing that is known of a context: it begins with the function that hands out all others. */
struct RedisModuleCtx {
    GetFunction get;
};

int api_load(Context *ctx, const char *name, int version) {
    GetFunction get = ctx->get;
    const char *missing = NULL;
#define API_GET(type, function, arguments) \
    if (get("RedisModule_" #function, (void *)&rm.function) != API_OK) missing = #function;
    API_FUNCTIONS(API_GET)
#undef API_GET
    if (rm.SetModuleAttribs == NULL || rm.IsModuleNameBusy == NULL || rm.IsModuleNameBusy(name)) {
        return API_ERROR;
    }
    rm.SetModuleAttribs(ctx, name, version, API_VERSION);
    if (missing != NULL) {
        if (rm.Log != NULL) {
            rm.Log(ctx, "warning", "this server's module interface has no %s; 7.0 or later is needed",
                missing);
        }
        return API_ERROR;
    }
    if (rm.GetServerVersion() < SERVER_VERSION_MIN) {
        rm.Log(ctx, "warning", "this server is older than 7.0, which is needed");
        return API_ERROR;
    }
    return API_OK;
}
