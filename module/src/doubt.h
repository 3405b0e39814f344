/*
 * Connections to targets that ended while a command had no answer. Its bytes may lie in the socket of a target that
 * hangs, and be executed much later, over newer values; so before anything else is sent to that target it is told
 * to end the old connection, by the address that it had on this side. At most DOUBTS_MAX are kept, the newest.
 */
#ifndef CODIS_DOUBT_H
#define CODIS_DOUBT_H

enum { DOUBTS_MAX = 64 };

void doubt_add(const char *host, const char *port, const char *own_address);

/* The address of the first doubt of the target from this place on, which goes behind it; NULL: none. */
const char *doubt_next(const char *host, const char *port, int *place);

/* The target has ended that connection. */
void doubt_end(const char *host, const char *port, const char *own_address);

void doubts_forget(void);

#endif
