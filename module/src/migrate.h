/*
 * Moving keys while the server waits. A key is deleted here only after the target has said that it has
 * it; any error leaves it. The target may then have it too, and the next try overwrites that.
 */
#ifndef CODIS_MIGRATE_H
#define CODIS_MIGRATE_H

#include "api.h"

/* SLOTSMGRTONE host port timeout key: 1 moved, 0 there is no such key. */
int slotsmgrtone_command(Context *ctx, String **argv, int argc);

/* SLOTSMGRTSLOT host port timeout slot: any key of it; [moved, keys left in the slot]. */
int slotsmgrtslot_command(Context *ctx, String **argv, int argc);

/* SLOTSMGRTTAGONE host port timeout key: all keys whose tag has the CRC of the key's; number moved. */
int slotsmgrttagone_command(Context *ctx, String **argv, int argc);

/* SLOTSMGRTTAGSLOT host port timeout slot: any key of it and those of its tag; [moved, left]. */
int slotsmgrttagslot_command(Context *ctx, String **argv, int argc);

#endif
