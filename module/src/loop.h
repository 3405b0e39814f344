/*
 * Work in the turns of the server's event loop: a function that is called once at the end of each turn, after
 * the clients that had something to say were served, with a context that may call commands and change keys
 * (the callbacks of sockets have none). While it has more to do at once, the loop doesn't sleep.
 */
#ifndef CODIS_LOOP_H
#define CODIS_LOOP_H

#include <stdbool.h>

#include "api.h"

typedef enum {
    LOOP_NOTHING, /* It needn't be called any more. */
    LOOP_WAIT, /* With the next turn, whenever that is. */
    LOOP_SOON, /* In about a millisecond, if there is no turn before. */
    LOOP_AT_ONCE
} LoopNeed;

typedef LoopNeed (*TurnFunction)(Context *ctx);

/* Has the function called from now on (there is one for the whole module); false: the server refuses. */
bool loop_begin(Context *ctx, TurnFunction function);

/* Whether it is called; that ends some time after it had nothing to do. */
bool loop_is_on(void);

/* For unloading, when it isn't called any more. */
void loop_end(void);

#endif
