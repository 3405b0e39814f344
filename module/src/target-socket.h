/* Sockets to the servers that keys are moved to, and what this server is called itself. */
#ifndef CODIS_TARGET_SOCKET_H
#define CODIS_TARGET_SOCKET_H

#include <stdbool.h>

#include "api.h"

/* Room for a numeric address and port. */
enum { ADDRESS_BYTES = 80 };

/* A parameter of this server; NULL when it can't be read. The caller frees it. */
String *own_parameter(Context *ctx, const char *name);

/* A socket on its way to the target, which doesn't block; -1 with a text in `failure`. */
int socket_open(const char *host, const char *port, const char **failure);

/* Address and port of one end of the socket, as Redis writes them; false when unknown. */
bool socket_describe_end(int fd, bool is_own, char *text, char *ip, int *port);

/* A server that sent to itself would overwrite its keys with their old values, and then delete them. */
bool socket_is_self(Context *ctx, const char *own_ip, const char *peer_ip, int peer_port);

#endif
