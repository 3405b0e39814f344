/* The commands that tell about slots and change nothing. */
#ifndef CODIS_SLOT_COMMAND_H
#define CODIS_SLOT_COMMAND_H

#include "api.h"

/* SLOTSHASHKEY [key ...]: slot numbers. */
int slotshashkey_command(Context *ctx, String **argv, int argc);

/* SLOTSINFO [start [count]]: [slot, keys] of the slots that have keys, of the selected database. */
int slotsinfo_command(Context *ctx, String **argv, int argc);

/*
 * SLOTSSCAN slot cursor [COUNT n] [MATCH pattern] [TYPE type]: as SCAN, for one slot. Works for a
 * millisecond at most, so an answer may be short or empty before the end, as SCAN's may.
 */
int slotsscan_command(Context *ctx, String **argv, int argc);

/* SLOTSCHECK: counts all keys of the selected database and compares; blocks the server meanwhile. */
int slotscheck_command(Context *ctx, String **argv, int argc);

#endif
