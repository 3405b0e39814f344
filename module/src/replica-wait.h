/*
 * Whether a replica of a target has what was sent there, asked of the target itself over the same connection: a
 * target that dies before would take the keys with it, and they must not be deleted here before.
 *
 *   INFO replication        has it a replica that is online?
 *   PING, SPUBLISH          lift the offset that WAIT waits for: PING up to Redis 7.0, later ones need a command
 *                           that is propagated
 *   WAIT 1 ms               has one of them all of that?
 *
 * WAIT is asked only of a target that had a replica when it was asked before, so the others answer at once.
 */
#ifndef CODIS_REPLICA_WAIT_H
#define CODIS_REPLICA_WAIT_H

#include <stdbool.h>

#include "answer.h"
#include "outbox.h"

enum {
    /* So long a replica may take; then the keys stay here. */
    REPLICA_MS = 2000,
    /* One WAIT: a sign of life comes at least so often. */
    REPLICA_STEP_MS = 50
};

typedef struct {
    bool is_replicated; /* A replica was online. */
    bool has_all; /* One has all. */
    long long since_ms; /* When it was asked first; 0: it isn't asked. */
} ReplicaWait;

typedef enum { REPLICAS_FINE, REPLICAS_AGAIN, REPLICAS_LATE } ReplicaVerdict;

/* Asks about everything that is in the outbox. Nobody waits longer than timeout_ms for a sign of life. */
void replica_wait_ask(ReplicaWait *wait, Outbox *outbox, long long timeout_ms);

/* Whether it is an answer to one of the questions (ANSWER_REPLICATION, ANSWER_LIFT, ANSWER_WAIT), and takes it. */
bool replica_wait_take(ReplicaWait *wait, AnswerKind kind, const Answer *answer);

/* All questions are answered: fine, and nothing is asked any more; or to be asked again; or it is too late. */
ReplicaVerdict replica_wait_verdict(ReplicaWait *wait);

#endif
