/* The key that a frame of the asynchronous migration is about. Replicas and the AOF get every change. */
#ifndef CODIS_ASYNC_KEY_H
#define CODIS_ASYNC_KEY_H

#include <stdbool.h>

#include "api.h"
#include "async-session.h"
#include "outcome.h"

/* False: there is no such key. */
bool key_look(Context *ctx, String *key, Half *state);

/*
 * Reads a time to live in milliseconds, 0 or more and not beyond the end of time; else it answers the error
 * and gives false.
 */
bool key_read_ttl(Context *ctx, const String *argument, long long *ttl_ms);

/* When what lives so long from now is over, in ms of the wall clock. */
long long key_end_ms(long long ttl_ms);

/* Sets when the key is over; 0: never. */
Outcome key_set_ttl(Context *ctx, String *key, long long ttl_ms);

/*
 * Whether a frame for a value of this type can go on with the key: it is there (or may be made), has the type,
 * and is as this connection's chunk before has left it, if there was one. Gives how it is now. Else it answers
 * the error and gives false. type KEY_TYPE_EMPTY: any. `expected` is the type and encoding in codis-server's
 * numbers, for the error: "4/2".
 */
bool key_is_ready(Context *ctx, String *key, int type, const char *expected, bool may_make, Half *now);

#endif
