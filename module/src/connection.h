/*
 * Connections to the servers that keys are moved to: one for each address, kept for 15 seconds, used
 * while the server waits.
 * Connections that are in doubt (doubt.c) are ended before a key is sent.
 */
#ifndef CODIS_CONNECTION_H
#define CODIS_CONNECTION_H

#include <stdbool.h>

#include "api.h"
#include "buffer.h"

/*
 * Sends one SLOTSRESTORE with so many arguments (encoded) to host:port, to the selected database, and
 * waits for the answer: for each of connect, chunk of 64 KB and answer at most so long. True when the
 * target said yes; else the error is answered to the caller.
 */
bool connection_send(Context *ctx, const String *host, const String *port, int timeout_ms,
    long long argument_count, const Buffer *arguments);

/* Closes what wasn't used for long. */
void connections_expire(void);

void connections_close(void);

#endif
