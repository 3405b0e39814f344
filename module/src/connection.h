/*
 * Connections to the servers that keys are moved to: one for each address, kept for 15 seconds, used
 * while the server waits.
 *
 * When a SLOTSRESTORE was sent and no answer came, its bytes may lie in the socket of a target that hangs,
 * and be executed much later, over newer values. Before anything else is sent to that address, the target
 * is told to drop the old connection.
 */
#ifndef CODIS_CONNECTION_H
#define CODIS_CONNECTION_H

#include <stdbool.h>

#include "api.h"

/* Bytes that grow. */
typedef struct {
    char *bytes;
    size_t length;
    size_t capacity;
} Buffer;

void buffer_add(Buffer *buffer, const char *bytes, size_t length);
/* `$length` and bytes of one argument of a command. */
void buffer_add_argument(Buffer *buffer, const char *bytes, size_t length);
void buffer_free(Buffer *buffer);

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
