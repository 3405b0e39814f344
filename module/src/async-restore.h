/*
 * SLOTSRESTORE-ASYNC: the target's side of the asynchronous migration, one frame of async-wire.h a call. It is
 * answered by an acknowledgement; replicas and the AOF get ordinary commands. Nothing is accepted for a database
 * that this server is migrating away itself.
 */
#ifndef CODIS_ASYNC_RESTORE_H
#define CODIS_ASYNC_RESTORE_H

#include "api.h"

int slotsrestore_async_command(Context *ctx, String **argv, int argc);

#endif
