/* See replica-wait.h. */
#include "replica-wait.h"

#include <string.h>

#include "api.h"

static void add_text(Outbox *outbox, const char *text) {
    buffer_add_argument(&outbox->buffer, text, strlen(text));
}

void replica_wait_ask(ReplicaWait *wait, Outbox *outbox, long long timeout_ms) {
    if (wait->since_ms == 0) {
        wait->since_ms = rm.Milliseconds();
    }
    wait->has_all = false;
    outbox_begin(outbox, 2);
    add_text(outbox, "INFO");
    add_text(outbox, "replication");
    outbox_end(outbox, ANSWER_REPLICATION);
    if (!wait->is_replicated) {
        return;
    }
    outbox_begin(outbox, 1);
    add_text(outbox, "PING");
    outbox_end(outbox, ANSWER_LINE);
    outbox_begin(outbox, 3);
    add_text(outbox, "SPUBLISH");
    add_text(outbox, "__codis:offset__");
    add_text(outbox, "");
    outbox_end(outbox, ANSWER_LIFT);
    outbox_begin(outbox, 3);
    add_text(outbox, "WAIT");
    add_text(outbox, "1");
    long long step_ms = timeout_ms / 2 < REPLICA_STEP_MS ? timeout_ms / 2 : REPLICA_STEP_MS;
    // 0 would be for ever.
    buffer_add_number(&outbox->buffer, step_ms < 1 ? 1 : step_ms);
    outbox_end(outbox, ANSWER_WAIT);
}

static bool has(const Answer *answer, const char *word) {
    size_t length = strlen(word);
    for (size_t at = 0; at + length <= answer->length; at++) {
        if (memcmp(answer->text + at, word, length) == 0) {
            return true;
        }
    }
    return false;
}

bool replica_wait_take(ReplicaWait *wait, AnswerKind kind, const Answer *answer) {
    static const char unknown[] = "ERR unknown command";
    switch (kind) {
    case ANSWER_REPLICATION:
        wait->is_replicated = has(answer, ",state=online,");
        return answer->shape == SHAPE_BULK;
    case ANSWER_LIFT:
        return answer->shape == SHAPE_NUMBER ||
            (answer->shape == SHAPE_LINE && !answer->is_good && answer->length >= strlen(unknown) &&
                memcmp(answer->text, unknown, strlen(unknown)) == 0);
    case ANSWER_WAIT:
        wait->has_all = answer->number >= 1;
        return answer->shape == SHAPE_NUMBER;
    default:
        return false;
    }
}

ReplicaVerdict replica_wait_verdict(ReplicaWait *wait) {
    if (wait->has_all || !wait->is_replicated) {
        wait->since_ms = 0;
        return REPLICAS_FINE;
    }
    return rm.Milliseconds() - wait->since_ms < REPLICA_MS ? REPLICAS_AGAIN : REPLICAS_LATE;
}
