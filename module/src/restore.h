/*
 * SLOTSRESTORE key ttl payload [key ttl payload ...]: writes values that DUMP made, over what is there.
 * ttl in ms, 0: none. All or nothing: with one bad payload no key is touched. Replicas and the AOF get
 * RESTORE with an absolute time to live.
 */
#ifndef CODIS_RESTORE_H
#define CODIS_RESTORE_H

#include "api.h"

int slotsrestore_command(Context *ctx, String **argv, int argc);

#endif
