/* What the server tells about keys and databases, handed to the counts, the index and the jobs. */
#ifndef CODIS_EVENTS_H
#define CODIS_EVENTS_H

#include "api.h"

/* API_ERROR when the server refuses a subscription. */
int events_start(Context *ctx);

#endif
