/* The commands of the asynchronous migration that are given to the source, as codis-server's. */
#ifndef CODIS_SOURCE_COMMAND_H
#define CODIS_SOURCE_COMMAND_H

#include "api.h"

/* SLOTSMGRTONE-ASYNC host port timeout maxbulks maxbytes key [key ...]: number of moved keys. */
int slotsmgrtone_async_command(Context *ctx, String **argv, int argc);

/* The same, with all keys of the tag of each. */
int slotsmgrttagone_async_command(Context *ctx, String **argv, int argc);

/* SLOTSMGRTSLOT-ASYNC host port timeout maxbulks maxbytes slot numkeys: [moved, left in the slot]. */
int slotsmgrtslot_async_command(Context *ctx, String **argv, int argc);

/* The same, with all keys of the tag of each. */
int slotsmgrttagslot_async_command(Context *ctx, String **argv, int argc);

/* SLOTSMGRTONE-ASYNC-DUMP timeout maxbulks key [key ...]: the commands that would be sent. */
int slotsmgrtone_async_dump_command(Context *ctx, String **argv, int argc);

/* The same, with all keys of the tag of each. */
int slotsmgrttagone_async_dump_command(Context *ctx, String **argv, int argc);

/* SLOTSMGRT-ASYNC-FENCE: OK when no batch runs in the database, else the answer of the batch, at its end. */
int slotsmgrt_async_fence_command(Context *ctx, String **argv, int argc);

/* SLOTSMGRT-ASYNC-CANCEL: 1 when there was a connection in this database, with a batch or not, else 0. */
int slotsmgrt_async_cancel_command(Context *ctx, String **argv, int argc);

/* SLOTSMGRT-ASYNC-STATUS: nil when there is no connection in this database, else a map. */
int slotsmgrt_async_status_command(Context *ctx, String **argv, int argc);

#endif
