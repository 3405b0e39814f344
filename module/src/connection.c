/* See connection.h. */
#include "connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "argument.h"
#include "doubt.h"
#include "target-socket.h"

enum {
    CONNECTIONS_MAX = 64,
    IDLE_MS = 15000,
    CHUNK_BYTES = 65536,
    LINE_BYTES = 1024,
    CLIENT_BYTES = 4096,
    TARGET_BYTES = 300
};

typedef struct {
    char target[TARGET_BYTES]; /* host:port; empty: free. */
    int fd; /* -1: not connected. */
    int db;
    long long used_at_ms;
    char own_address[ADDRESS_BYTES];
} Connection;

/* A conversation: the caller's context, the connection, the patience. */
typedef struct {
    Context *ctx;
    Connection *connection;
    int timeout_ms;
    char line[LINE_BYTES];
} Talk;

static Connection connections[CONNECTIONS_MAX];

static void disconnect(Connection *connection) {
    if (connection->fd >= 0) {
        close(connection->fd);
    }
    connection->fd = -1;
}

/* Waits for an event of the socket; restarts after signals with the full time, which are rare. */
static bool wait_for(int fd, short events, int timeout_ms) {
    struct pollfd one = {.fd = fd, .events = events, .revents = 0};
    int ready;
    do {
        ready = poll(&one, 1, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

/* With `more` the bytes wait for those of the next call, so that a small command is one segment. */
static bool write_all(Talk *talk, const char *bytes, size_t length, int more) {
    int fd = talk->connection->fd;
    size_t done = 0;
    while (done < length) {
        size_t chunk = length - done > CHUNK_BYTES ? CHUNK_BYTES : length - done;
        ssize_t sent = send(fd, bytes + done, chunk, MSG_NOSIGNAL | more);
        if (sent > 0) {
            done += (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for(fd, POLLOUT, talk->timeout_ms)) {
                break;
            }
        } else if (errno != EINTR) {
            break;
        }
    }
    if (done < length) {
        reply_error(talk->ctx, "IOERR error or timeout writing to target");
        return false;
    }
    return true;
}

/* Reads one line that begins with + or -, and nothing behind it; anything else is an error as well. */
static bool read_line(Talk *talk) {
    size_t length = 0;
    while (length < sizeof(talk->line) - 1) {
        if (!wait_for(talk->connection->fd, POLLIN, talk->timeout_ms)) {
            break;
        }
        ssize_t got = recv(talk->connection->fd, talk->line + length,
            sizeof(talk->line) - 1 - length, 0);
        if (got > 0) {
            length += (size_t)got;
            const char *end = memchr(talk->line, '\n', length);
            bool is_whole = end != NULL && end == talk->line + length - 1 && length >= 3;
            if (is_whole && (talk->line[0] == '+' || talk->line[0] == '-')) {
                talk->line[length - 2] = '\0';
                return true;
            }
            if (end != NULL) {
                break;
            }
        } else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
            break;
        }
    }
    reply_error(talk->ctx, "IOERR error or timeout reading from target");
    return false;
}

/* One command with its answer in talk->line; false: error answered. */
static bool ask(Talk *talk, int count, const char *const *arguments, const size_t *lengths) {
    Buffer command = {0};
    buffer_add_header(&command, '*', count);
    for (int i = 0; i < count; i++) {
        buffer_add_argument(&command, arguments[i], lengths[i]);
    }
    bool is_answered = write_all(talk, command.bytes, command.length, 0) && read_line(talk);
    buffer_free(&command);
    return is_answered;
}

static bool refuse(Talk *talk, const char *what) {
    reply_error(talk->ctx, "ERR error on slotsrestore, %s failed: %s", what, talk->line + 1);
    return false;
}

/*
 * The address of this connection as the target sees it, for doubt.c; one that can't tell leaves our own. False: error
 * answered.
 */
static bool ask_address(Talk *talk) {
    static const char question[] = "*2\r\n$6\r\nCLIENT\r\n$4\r\nINFO\r\n";
    char text[CLIENT_BYTES];
    size_t length = 0;
    if (!write_all(talk, question, strlen(question), 0)) {
        return false;
    }
    while (length < sizeof(text) - 1 && wait_for(talk->connection->fd, POLLIN, talk->timeout_ms)) {
        ssize_t got = recv(talk->connection->fd, text + length, sizeof(text) - 1 - length, 0);
        if (got > 0) {
            length += (size_t)got;
            text[length] = '\0';
            const char *line = strstr(text, "\r\n");
            int bulk_length = 0;
            if (line != NULL && (text[0] == '-' || text[0] == '+')) {
                return true;
            }
            bool is_bulk = line != NULL && sscanf(text, "$%d", &bulk_length) == 1 && bulk_length >= 0;
            if (line != NULL && !is_bulk) {
                break;
            }
            size_t head = line == NULL ? 0 : (size_t)(line - text) + 2;
            if (is_bulk && length >= head + (size_t)bulk_length + 2) {
                doubt_read_address(text + head, (size_t)bulk_length, talk->connection->own_address);
                return true;
            }
        } else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
            break;
        }
    }
    reply_error(talk->ctx, "IOERR error or timeout reading from target");
    return false;
}

/* Both servers share a password, as codis-server wants it. */
static bool log_in(Talk *talk) {
    String *password = own_parameter(talk->ctx, "requirepass");
    if (password == NULL) {
        reply_error(talk->ctx, "ERR error on slotsrestore, auth failed: requirepass can't be read");
        return false;
    }
    size_t length;
    const char *bytes = rm.StringPtrLen(password, &length);
    bool is_in = true;
    if (length > 0) {
        const char *arguments[] = {"AUTH", bytes};
        const size_t lengths[] = {4, length};
        is_in = ask(talk, 2, arguments, lengths);
        if (is_in && talk->line[0] != '+') {
            is_in = refuse(talk, "auth");
        }
    }
    rm.FreeString(talk->ctx, password);
    return is_in;
}

/* Makes sure that what was sent before without an answer isn't executed any more. */
static bool end_doubts(Talk *talk, const char *host, const char *port) {
    int place = 0;
    const char *old;
    while ((old = doubt_next(host, port, &place)) != NULL) {
        const char *arguments[] = {"CLIENT", "KILL", old};
        const size_t lengths[] = {6, 4, strlen(old)};
        if (!ask(talk, 3, arguments, lengths)) {
            return false;
        }
        if (talk->line[0] != '+' && strstr(talk->line, "No such client") == NULL) {
            return refuse(talk, "client kill");
        }
        char ended[ADDRESS_BYTES];
        snprintf(ended, sizeof(ended), "%s", old);
        doubt_end(host, port, ended);
    }
    return true;
}

static bool select_db(Talk *talk, int db) {
    Connection *connection = talk->connection;
    if (connection->db == db) {
        return true;
    }
    char text[16];
    int length = snprintf(text, sizeof(text), "%d", db);
    const char *arguments[] = {"SELECT", text};
    const size_t lengths[] = {6, (size_t)length};
    if (!ask(talk, 2, arguments, lengths)) {
        return false;
    }
    if (talk->line[0] != '+') {
        return refuse(talk, "select");
    }
    connection->db = db;
    return true;
}

static bool connect_target(Talk *talk, const char *host, const char *port) {
    Connection *connection = talk->connection;
    const char *failure = "no address";
    connection->fd = socket_open(host, port, &failure);
    connection->db = 0;
    if (connection->fd < 0) {
        reply_error(talk->ctx, "ERR Can't connect to target node: %s", failure);
        return false;
    }
    // A refused connection is writable too and fails at the first write, with the text that goes with it.
    if (!wait_for(connection->fd, POLLOUT, talk->timeout_ms)) {
        reply_error(talk->ctx, "IOERR error or timeout connecting to the client");
        return false;
    }
    char own_ip[INET6_ADDRSTRLEN];
    char peer_ip[INET6_ADDRSTRLEN];
    char peer[ADDRESS_BYTES];
    int own_port;
    int peer_port;
    if (!socket_describe_end(connection->fd, true, connection->own_address, own_ip, &own_port) ||
        !socket_describe_end(connection->fd, false, peer, peer_ip, &peer_port)) {
        reply_error(talk->ctx, "IOERR error or timeout writing to target");
        return false;
    }
    if (socket_is_self(talk->ctx, own_ip, peer_ip, peer_port)) {
        reply_error(talk->ctx, "ERR Can't connect to target node: it is this server itself");
        return false;
    }
    return log_in(talk) && ask_address(talk);
}

/* The connection of the address, or a place for it. */
static Connection *find_place(const char *target) {
    static bool is_ready;
    Connection *oldest = &connections[0];
    if (!is_ready) {
        for (int i = 0; i < CONNECTIONS_MAX; i++) {
            connections[i].fd = -1;
        }
        is_ready = true;
    }
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        Connection *one = &connections[i];
        if (strcmp(one->target, target) == 0) {
            return one;
        }
        if (one->used_at_ms < oldest->used_at_ms) {
            oldest = one;
        }
    }
    disconnect(oldest);
    snprintf(oldest->target, sizeof(oldest->target), "%s", target);
    return oldest;
}

/* A connection on which something waits to be read was closed by the target, or talks nonsense. */
static bool is_usable(const Connection *connection) {
    return connection->fd >= 0 && !wait_for(connection->fd, POLLIN, 0);
}

static bool exchange(Talk *talk, const char *host, const char *port, long long argument_count,
    const Buffer *arguments) {
    Connection *connection = talk->connection;
    if (!is_usable(connection)) {
        disconnect(connection);
        if (!connect_target(talk, host, port)) {
            return false;
        }
    }
    if (!end_doubts(talk, host, port) || !select_db(talk, rm.GetSelectedDb(talk->ctx))) {
        return false;
    }
    Buffer head = {0};
    buffer_add_header(&head, '*', argument_count + 1);
    buffer_add_argument(&head, "SLOTSRESTORE", strlen("SLOTSRESTORE"));
    bool is_answered = write_all(talk, head.bytes, head.length, MSG_MORE) &&
        write_all(talk, arguments->bytes, arguments->length, 0) && read_line(talk);
    buffer_free(&head);
    if (!is_answered) {
        doubt_add(host, port, connection->own_address);
        return false;
    }
    return talk->line[0] == '+' || refuse(talk, "migration");
}

bool connection_send(Context *ctx, const String *host, const String *port, int timeout_ms,
    long long argument_count, const Buffer *arguments) {
    size_t host_length;
    size_t port_length;
    const char *host_text = rm.StringPtrLen(host, &host_length);
    const char *port_text = rm.StringPtrLen(port, &port_length);
    char target[TARGET_BYTES];
    if (strlen(host_text) != host_length || strlen(port_text) != port_length || host_length == 0 ||
        host_length + port_length + 2 > sizeof(target)) {
        reply_error(ctx, "ERR Can't connect to target node: no valid address");
        return false;
    }
    snprintf(target, sizeof(target), "%s:%s", host_text, port_text);
    Connection *connection = find_place(target);
    Talk talk = {.ctx = ctx, .connection = connection, .timeout_ms = timeout_ms};
    bool is_done = exchange(&talk, host_text, port_text, argument_count, arguments);
    connection->used_at_ms = rm.Milliseconds();
    if (!is_done) {
        disconnect(connection);
    }
    return is_done;
}

void connections_expire(void) {
    long long now_ms = rm.Milliseconds();
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        Connection *one = &connections[i];
        if (one->target[0] != '\0' && one->fd >= 0 && now_ms - one->used_at_ms > IDLE_MS) {
            disconnect(one);
        }
    }
}

void connections_close(void) {
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        if (connections[i].target[0] != '\0') {
            disconnect(&connections[i]);
        }
    }
}
