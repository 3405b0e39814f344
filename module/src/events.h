/* What the server tells about keys and databases, handed to the counts, the index and the jobs. */
#ifndef CODIS_EVENTS_H
#define CODIS_EVENTS_H

#include "api.h"

/* API_ERROR when the server refuses a subscription. */
int events_start(Context *ctx);

/*
 * From now on events that change a value without making or removing its key are looked at as well; they are
 * needed while keys are moved. A subscription can't be ended, so this is done when the first keys move.
 */
void events_watch_values(Context *ctx);

#endif
