/*
 * SLOTSDEL slot [slot ...]: deletes all keys of slots, in slices of a fraction of a millisecond between
 * which the server serves others; values are freed in the background. Only the caller waits. Replicas
 * and the AOF get UNLINK.
 */
#ifndef CODIS_DELETE_JOB_H
#define CODIS_DELETE_JOB_H

#include "api.h"

int slotsdel_command(Context *ctx, String **argv, int argc);

/* Jobs follow their data. */
void delete_jobs_swap(int first, int second);

/* The module can't be unloaded while it does. */
int delete_jobs_running(void);

#endif
