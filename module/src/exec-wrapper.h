/*
 * SLOTSMGRT-EXEC-WRAPPER hashkey command [arg ...]: what a proxy sends to the source of a slot that is being
 * moved. The answer is an array: -1 and an error when the command isn't one; 0 when it is to be sent to the
 * target; 1 when it is to be tried again; 2 and its reply when it was executed here.
 *
 * All keys of the command that are in the slot of the hash key are looked at. The keys of one tag live on one
 * side: as long as any of them is here, a command for others of them is executed here as well.
 */
#ifndef CODIS_EXEC_WRAPPER_H
#define CODIS_EXEC_WRAPPER_H

#include "api.h"

int slotsmgrt_exec_wrapper_command(Context *ctx, String **argv, int argc);

#endif
