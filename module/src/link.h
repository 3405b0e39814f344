/*
 * One connection of the asynchronous migration to a target, in the server's own event loop: nothing here
 * waits. Commands are written to its outbox and sent as the socket takes them; answers are read as they
 * come, and the first that isn't good breaks the link.
 * A link isn't ready before connections that are in doubt (doubt.c) were ended.
 */
#ifndef CODIS_LINK_H
#define CODIS_LINK_H

#include <stdbool.h>

#include "api.h"
#include "argument.h"
#include "doubt.h"
#include "outbox.h"
#include "replica-wait.h"
#include "target-socket.h"

enum { HOST_BYTES = 256, PORT_BYTES = 8 };

typedef enum {
    LINK_CONNECTING,
    LINK_CONNECTED,
    LINK_GREETING, /* The target is asked what it knows, and told who we are and which database. */
    LINK_READY,
    LINK_BROKEN
} LinkState;

typedef struct {
    char host[HOST_BYTES];
    char port[PORT_BYTES];
    int db;
    int fd;
    LinkState state;
    bool is_writable_wanted;
    bool has_streams; /* The target takes streams in pieces. */
    char own_address[ADDRESS_BYTES]; /* As the target sees it, once it has said so. */
    /* Old connections that the target is told to end, by doubt.c, until it has. */
    char ended[DOUBTS_MAX][ADDRESS_BYTES];
    int ended_count;
    /* Why it is broken: an error to answer. */
    char failure[ERROR_BYTES];
    ReplicaWait replicas;
    Outbox outbox;
    char *input;
    size_t input_length;
    /* The last sign of life, in ms of rm.Milliseconds; whoever waits for something else may renew it. */
    long long lastuse_ms;
} Link;

/* A link on its way; NULL with an error to answer in `failure`, which has place for ERROR_BYTES. */
Link *link_open(const char *host, const char *port, int db, char *failure);

bool link_is_to(const Link *link, const char *host, const char *port);

/* Goes on with what needs the server's own functions: greets. */
void link_advance(Context *ctx, Link *link);

/* Sends as much as the socket takes. */
void link_send(Link *link);

/* The text is cut at ERROR_BYTES. */
void link_break(Link *link, const char *format, ...) __attribute__((format(printf, 2, 3)));

void link_close(Link *link);

#endif
