/*
 * Connections to targets that ended while a command had no answer. Its bytes may lie in the socket of a target that
 * hangs, and be executed much later, over newer values; so before anything else is sent to that target it is told
 * to end the old connection, by the address that it has there: the target is asked for it before anything is moved, as
 * address translation or a proxy in between may show another one than this side has. One that can't tell is taken to
 * see this side's. At most DOUBTS_MAX are kept, the newest.
 */
#ifndef CODIS_DOUBT_H
#define CODIS_DOUBT_H

#include <stddef.h>

enum { DOUBTS_MAX = 64 };

/* Takes the address from what CLIENT INFO answers; what has none leaves `address` as it is (ADDRESS_BYTES). */
void doubt_read_address(const char *text, size_t length, char *address);

void doubt_add(const char *host, const char *port, const char *own_address);

/* The address of the first doubt of the target from this place on, which goes behind it; NULL: none. */
const char *doubt_next(const char *host, const char *port, int *place);

/* The target has ended that connection. */
void doubt_end(const char *host, const char *port, const char *own_address);

void doubts_forget(void);

#endif
