/* See async-ack.h. */
#include "async-ack.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "async-session.h"
#include "async-wire.h"

/* By then the answer has been sent, unless the other side doesn't read. */
enum { CLOSE_LATER_MS = 5 };

static void reply_ack(Context *ctx, int code, const char *text) {
    char number[16];
    int length = snprintf(number, sizeof(number), "%d", code);
    rm.ReplyWithArray(ctx, WIRE_ACK_PARTS);
    rm.ReplyWithStringBuffer(ctx, WIRE_ACK, strlen(WIRE_ACK));
    rm.ReplyWithStringBuffer(ctx, number, (size_t)length);
    rm.ReplyWithStringBuffer(ctx, text, strlen(text));
}

void close_after_reply(Context *ctx) {
    // Fails for who has no connection (a script): nothing is to be closed there.
    (void)rm.DeauthenticateAndCloseClient(ctx, rm.GetClientId(ctx));
}

int ack_ok(Context *ctx, const char *format, ...) {
    char text[WIRE_ACK_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    reply_ack(ctx, WIRE_ACK_OK, text);
    return API_OK;
}

int ack_error(Context *ctx, const char *format, ...) {
    char text[WIRE_ACK_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    reply_ack(ctx, WIRE_ACK_ERROR, text);
    close_after_reply(ctx);
    return API_OK;
}

int ack_error_about(Context *ctx, const char *text, const String *argument) {
    size_t length;
    const char *bytes = rm.StringPtrLen(argument, &length);
    int shown = length < ARGUMENT_SHOWN ? (int)length : ARGUMENT_SHOWN;
    return ack_error(ctx, "%s (%.*s)", text, shown, bytes);
}

static void close_late(Context *ctx, void *data) {
    uint64_t *client = data;
    (void)rm.DeauthenticateAndCloseClient(ctx, *client);
    rm.Free(client);
}

int ack_error_blocked(Context *ctx, const char *text) {
    reply_ack(ctx, WIRE_ACK_ERROR, text);
    uint64_t *client = rm.Alloc(sizeof(*client));
    *client = rm.GetClientId(ctx);
    // To close it now would drop the answer. What it has sent already is refused meanwhile.
    session_fail(*client);
    rm.CreateTimer(ctx, CLOSE_LATER_MS, close_late, client);
    return API_OK;
}
