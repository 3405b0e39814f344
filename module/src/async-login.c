/* See async-login.h. */
#include "async-login.h"

#include <limits.h>
#include <string.h>

#include "argument.h"
#include "async-ack.h"
#include "async-wire.h"
#include "outcome.h"

static int answer_refusal(Context *ctx, const char *error) {
    if (strstr(error, "without any password configured") != NULL) {
        return ack_error(ctx, "Client sent AUTH, but no password is set");
    }
    return ack_error(ctx, "%s", strstr(error, "WRONGPASS") != NULL ? "invalid password" : error);
}

/* AUTH says whether the password is right, for a client of its own; then this client becomes that user. */
static int log_in(Context *ctx, CallReply *reply, const char *user, size_t length) {
    Outcome outcome = outcome_of(reply);
    if (!outcome.is_good) {
        return answer_refusal(ctx, outcome.error);
    }
    if (rm.AuthenticateClientWithACLUser(ctx, user, length, NULL, NULL, NULL) != API_OK) {
        return ack_error(ctx, "invalid password");
    }
    return ack_ok(ctx, "OK");
}

int slotsrestore_async_auth_command(Context *ctx, String **argv, int argc) {
    static const char user[] = "default";
    if (argc != 2) {
        return rm.WrongArity(ctx);
    }
    return log_in(ctx, rm.Call(ctx, "AUTH", "Es", argv[1]), user, strlen(user));
}

int slotsrestore_async_auth_user_command(Context *ctx, String **argv, int argc) {
    if (argc != 3) {
        return rm.WrongArity(ctx);
    }
    size_t length;
    const char *user = rm.StringPtrLen(argv[1], &length);
    return log_in(ctx, rm.Call(ctx, "AUTH", "Ess", argv[1], argv[2]), user, length);
}

int slotsrestore_async_select_command(Context *ctx, String **argv, int argc) {
    if (argc != 2) {
        return rm.WrongArity(ctx);
    }
    long long db;
    if (rm.StringToLongLong(argv[1], &db) != API_OK || db < 0 || db > INT_MAX ||
        rm.SelectDb(ctx, (int)db) != API_OK) {
        return ack_error_about(ctx, "invalid DB index", argv[1]);
    }
    return ack_ok(ctx, "OK");
}

int slotsrestore_async_forms_command(Context *ctx, String **argv, int argc) {
    (void)argv;
    return argc == 1 ? ack_ok(ctx, "%s", WIRE_FORM_WORDS) : rm.WrongArity(ctx);
}

int slotsrestore_async_ack_command(Context *ctx, String **argv, int argc) {
    (void)argv;
    if (argc != 3) {
        return rm.WrongArity(ctx);
    }
    reply_error(ctx, "ERR invalid client, permission denied");
    close_after_reply(ctx);
    return API_OK;
}
