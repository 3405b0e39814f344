/* See outcome.h. */
#include "outcome.h"

#include <stdio.h>
#include <string.h>

Outcome outcome_of(CallReply *reply) {
    Outcome outcome = {.is_good = false, .error = "the server refused a command"};
    if (reply == NULL) {
        return outcome;
    }
    int type = rm.CallReplyType(reply);
    if (type == REPLY_ERROR) {
        size_t length;
        const char *text = rm.CallReplyStringPtr(reply, &length);
        size_t skipped = length > 4 && memcmp(text, "ERR ", 4) == 0 ? 4 : 0;
        snprintf(outcome.error, sizeof(outcome.error), "%.*s", (int)(length - skipped), text + skipped);
    } else {
        outcome.is_good = true;
        outcome.is_null = type == REPLY_NULL;
        outcome.integer = type == REPLY_INTEGER ? rm.CallReplyInteger(reply) : 0;
        outcome.error[0] = '\0';
    }
    rm.FreeCallReply(reply);
    return outcome;
}
