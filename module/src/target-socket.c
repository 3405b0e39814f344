/* See target-socket.h. */
#include "target-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

String *own_parameter(Context *ctx, const char *name) {
    CallReply *reply = rm.Call(ctx, "CONFIG", "Ecc", "GET", name);
    String *value = NULL;
    if (reply != NULL && rm.CallReplyType(reply) == REPLY_ARRAY && rm.CallReplyLength(reply) == 2) {
        size_t length;
        const char *bytes = rm.CallReplyStringPtr(rm.CallReplyArrayElement(reply, 1), &length);
        value = rm.CreateString(ctx, bytes, length);
    }
    if (reply != NULL) {
        rm.FreeCallReply(reply);
    }
    return value;
}

bool socket_describe_end(int fd, bool is_own, char *text, char *ip, int *port) {
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    struct sockaddr *any = (struct sockaddr *)&address;
    if ((is_own ? getsockname(fd, any, &length) : getpeername(fd, any, &length)) != 0) {
        return false;
    }
    char service[16];
    if (getnameinfo(any, length, ip, INET6_ADDRSTRLEN, service, sizeof(service),
            NI_NUMERICHOST | NI_NUMERICSERV) != 0 ||
        sscanf(service, "%d", port) != 1) {
        return false;
    }
    snprintf(text, ADDRESS_BYTES, strchr(ip, ':') != NULL ? "[%s]:%d" : "%s:%d", ip, *port);
    return true;
}

bool socket_is_self(Context *ctx, const char *own_ip, const char *peer_ip, int peer_port) {
    if (strcmp(own_ip, peer_ip) != 0) {
        return false;
    }
    long long port = 0;
    String *value = own_parameter(ctx, "port");
    if (value != NULL) {
        if (rm.StringToLongLong(value, &port) != API_OK) {
            port = 0;
        }
        rm.FreeString(ctx, value);
    }
    return port == peer_port;
}

int socket_open(const char *host, const char *port, const char **failure) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int code = getaddrinfo(host, port, &hints, &found);
    if (code != 0) {
        *failure = gai_strerror(code);
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *one = found; one != NULL && fd < 0; one = one->ai_next) {
        fd = socket(one->ai_family, SOCK_STREAM, 0);
        int yes = 1;
        if (fd >= 0 &&
            (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0 ||
                (connect(fd, one->ai_addr, one->ai_addrlen) != 0 && errno != EINPROGRESS))) {
            *failure = strerror(errno);
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}
