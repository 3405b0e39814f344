/* See link.h. */
#include "link.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "async-wire.h"
#include "doubt.h"

enum {
    INPUT_BYTES = 65536,
    /* Reads of one call: the rest comes with the next turn of the loop. */
    READS_MAX = 4,
    SEND_BYTES_MAX = 1024 * 1024
};

bool link_is_to(const Link *link, const char *host, const char *port) {
    return strcmp(link->host, host) == 0 && strcmp(link->port, port) == 0;
}

void link_break(Link *link, const char *format, ...) {
    if (link->state == LINK_BROKEN) {
        return;
    }
    link->state = LINK_BROKEN;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(link->failure, sizeof(link->failure), format, arguments);
    va_end(arguments);
    // A socket that failed is ready at all times, and would keep the loop busy.
    rm.EventLoopDel(link->fd, LOOP_READABLE | LOOP_WRITABLE);
}

/* A command was answered: breaks the link unless the answer is what it should be. */
static void take_answer(Link *link, const Answer *answer) {
    if (link->outbox.count == 0) {
        link_break(link, "ERR interrupted: the target sends what nobody asked for");
        return;
    }
    int shown = answer->length < ERROR_BYTES ? (int)answer->length : ERROR_BYTES;
    AnswerKind kind = outbox_answered(&link->outbox);
    link->lastuse_ms = rm.Milliseconds();
    if (kind == ANSWER_FORMS) {
        static const char word[] = "stream";
        for (size_t at = 0; answer->is_good && at + strlen(word) <= answer->length; at++) {
            link->has_streams = link->has_streams || memcmp(answer->text + at, word, strlen(word)) == 0;
        }
        return;
    }
    if (kind == ANSWER_CLIENT) {
        if (answer->shape == SHAPE_BULK) {
            doubt_read_address(answer->text, answer->length, link->own_address);
        }
        return;
    }
    if (replica_wait_take(&link->replicas, kind, answer)) {
        return;
    }
    AnswerShape due = kind == ANSWER_LINE || kind == ANSWER_KILL ? SHAPE_LINE : SHAPE_ACK;
    static const char gone[] = "ERR No such client";
    bool is_gone = kind == ANSWER_KILL && answer->shape == SHAPE_LINE &&
        answer->length >= strlen(gone) && memcmp(answer->text, gone, strlen(gone)) == 0;
    bool is_of_replicas = kind == ANSWER_REPLICATION || kind == ANSWER_LIFT || kind == ANSWER_WAIT;
    if (!answer->is_good && !is_gone) {
        link_break(link, "ERR interrupted: the target says: %.*s", shown, answer->text);
    } else if (answer->shape != due || is_of_replicas) {
        link_break(link, "ERR interrupted: the target talks nonsense");
    }
}

static void take_input(Link *link) {
    size_t at = 0;
    while (link->state != LINK_BROKEN) {
        Answer answer;
        long taken = answer_read(link->input + at, link->input_length - at, &answer);
        if (taken == ANSWER_NONSENSE) {
            link_break(link, "ERR interrupted: the target talks nonsense");
        } else if (taken == ANSWER_INCOMPLETE) {
            break;
        } else {
            take_answer(link, &answer);
            at += (size_t)taken;
        }
    }
    link->input_length -= at;
    memmove(link->input, link->input + at, link->input_length);
}

static void on_readable(int fd, void *data, int mask) {
    (void)mask;
    Link *link = data;
    if (link->state == LINK_CONNECTING) {
        return; // What there is to read is an error, which on_writable looks at.
    }
    for (int i = 0; i < READS_MAX && link->state != LINK_BROKEN; i++) {
        ssize_t got = recv(fd, link->input + link->input_length, INPUT_BYTES - link->input_length, 0);
        if (got > 0) {
            link->input_length += (size_t)got;
            take_input(link);
        } else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
            return;
        } else {
            link_break(link, "ERR interrupted: connection closed");
        }
    }
}

static void on_writable(int fd, void *data, int mask) {
    (void)mask;
    Link *link = data;
    if (link->state == LINK_CONNECTING) {
        int error = 0;
        socklen_t length = sizeof(error);
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
            error = errno;
        }
        if (error != 0) {
            link_break(link, "ERR Can't connect to target node: %s", strerror(error));
            return;
        }
        link->state = LINK_CONNECTED;
        link->lastuse_ms = rm.Milliseconds();
    }
    link_send(link);
}

static void want_writable(Link *link, bool is_wanted) {
    if (link->is_writable_wanted != is_wanted) {
        link->is_writable_wanted = is_wanted;
        if (is_wanted) {
            rm.EventLoopAdd(link->fd, LOOP_WRITABLE, on_writable, link);
        } else {
            rm.EventLoopDel(link->fd, LOOP_WRITABLE);
        }
    }
}

void link_send(Link *link) {
    if (link->state == LINK_CONNECTING || link->state == LINK_BROKEN) {
        return;
    }
    size_t length;
    const char *bytes = outbox_bytes(&link->outbox, &length);
    while (length > 0) {
        size_t piece = length < SEND_BYTES_MAX ? length : SEND_BYTES_MAX;
        ssize_t sent = send(link->fd, bytes, piece, MSG_NOSIGNAL);
        if (sent > 0) {
            outbox_sent(&link->outbox, (size_t)sent);
            if ((size_t)sent < piece || piece == SEND_BYTES_MAX) {
                break;
            }
        } else if (sent < 0 && errno == EINTR) {
            continue;
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        } else {
            link_break(link, "ERR interrupted: connection closed");
            return;
        }
        bytes = outbox_bytes(&link->outbox, &length);
    }
    (void)outbox_bytes(&link->outbox, &length);
    want_writable(link, length > 0);
}

Link *link_open(const char *host, const char *port, int db, char *failure) {
    const char *reason = "no address";
    int fd = socket_open(host, port, &reason);
    if (fd < 0) {
        snprintf(failure, ERROR_BYTES, "ERR Can't connect to target node: %s", reason);
        return NULL;
    }
    Link *link = rm.Alloc(sizeof(Link));
    memset(link, 0, sizeof(*link));
    snprintf(link->host, sizeof(link->host), "%s", host);
    snprintf(link->port, sizeof(link->port), "%s", port);
    link->db = db;
    link->fd = fd;
    link->state = LINK_CONNECTING;
    link->input = rm.Alloc(INPUT_BYTES);
    link->lastuse_ms = rm.Milliseconds();
    if (rm.EventLoopAdd(fd, LOOP_READABLE, on_readable, link) != API_OK) {
        snprintf(failure, ERROR_BYTES, "ERR Can't connect to target node: too many sockets");
        link_close(link);
        return NULL;
    }
    want_writable(link, true);
    return link;
}

static void add_text(Link *link, const char *text) {
    buffer_add_argument(&link->outbox.buffer, text, strlen(text));
}

static void add_parameter(Context *ctx, Link *link, const char *name) {
    String *value = own_parameter(ctx, name);
    size_t length = 0;
    const char *bytes = value == NULL ? "" : rm.StringPtrLen(value, &length);
    buffer_add_argument(&link->outbox.buffer, bytes, length);
    if (value != NULL) {
        rm.FreeString(ctx, value);
    }
}

static bool has_parameter(Context *ctx, const char *name) {
    String *value = own_parameter(ctx, name);
    size_t length = 0;
    if (value != NULL) {
        (void)rm.StringPtrLen(value, &length);
        rm.FreeString(ctx, value);
    }
    return length > 0;
}

/* The user and password of replication when there is a user, else this server's own password. */
static void add_login(Context *ctx, Link *link) {
    Outbox *outbox = &link->outbox;
    if (has_parameter(ctx, "masteruser")) {
        outbox_begin(outbox, 3);
        add_text(link, WIRE_AUTH_USER);
        add_parameter(ctx, link, "masteruser");
        add_parameter(ctx, link, "masterauth");
        outbox_end(outbox, ANSWER_ACK);
    } else if (has_parameter(ctx, "requirepass")) {
        outbox_begin(outbox, 2);
        add_text(link, WIRE_AUTH);
        add_parameter(ctx, link, "requirepass");
        outbox_end(outbox, ANSWER_ACK);
    }
}

static void greet(Context *ctx, Link *link) {
    char own_ip[INET6_ADDRSTRLEN];
    char peer_ip[INET6_ADDRSTRLEN];
    char peer[ADDRESS_BYTES];
    int own_port;
    int peer_port;
    if (!socket_describe_end(link->fd, true, link->own_address, own_ip, &own_port) ||
        !socket_describe_end(link->fd, false, peer, peer_ip, &peer_port)) {
        link_break(link, "ERR interrupted: connection closed");
        return;
    }
    if (socket_is_self(ctx, own_ip, peer_ip, peer_port)) {
        link_break(link, "ERR Can't connect to target node: it is this server itself");
        return;
    }
    Outbox *outbox = &link->outbox;
    add_login(ctx, link);
    int place = 0;
    const char *old;
    while ((old = doubt_next(link->host, link->port, &place)) != NULL) {
        outbox_begin(outbox, 3);
        add_text(link, "CLIENT");
        add_text(link, "KILL");
        add_text(link, old);
        outbox_end(outbox, ANSWER_KILL);
        snprintf(link->ended[link->ended_count++], ADDRESS_BYTES, "%s", old);
    }
    outbox_begin(outbox, 2);
    add_text(link, "CLIENT");
    add_text(link, "INFO");
    outbox_end(outbox, ANSWER_CLIENT);
    outbox_begin(outbox, 1);
    add_text(link, WIRE_FORMS);
    outbox_end(outbox, ANSWER_FORMS);
    char db[16];
    snprintf(db, sizeof(db), "%d", link->db);
    outbox_begin(outbox, 2);
    add_text(link, WIRE_SELECT);
    add_text(link, db);
    outbox_end(outbox, ANSWER_ACK);
    link->state = LINK_GREETING;
    link_send(link);
}

void link_advance(Context *ctx, Link *link) {
    if (link->state == LINK_CONNECTED) {
        greet(ctx, link);
    }
    if (link->state == LINK_GREETING && link->outbox.count == 0) {
        link->state = LINK_READY;
        for (int i = 0; i < link->ended_count; i++) {
            doubt_end(link->host, link->port, link->ended[i]);
        }
        link->ended_count = 0;
    }
}

void link_close(Link *link) {
    // A greeting does no harm, whenever it is read.
    if (link->outbox.count > 0 && link->own_address[0] != '\0') {
        doubt_add(link->host, link->port, link->own_address);
    }
    if (link->state != LINK_BROKEN) {
        rm.EventLoopDel(link->fd, LOOP_READABLE | LOOP_WRITABLE);
    }
    close(link->fd);
    outbox_free(&link->outbox);
    rm.Free(link->input);
    rm.Free(link);
}
