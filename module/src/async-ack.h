/*
 * Acknowledgements of the asynchronous migration: arrays of WIRE_ACK, a code and a text. One with an error
 * closes the connection once it is sent, and until then nothing more of that connection is executed.
 */
#ifndef CODIS_ASYNC_ACK_H
#define CODIS_ASYNC_ACK_H

#include "api.h"

/* Each answers and gives API_OK. The text is cut at WIRE_ACK_TEXT_BYTES. */
int ack_ok(Context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
int ack_error(Context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Of an argument, so much is in a text. */
enum { ARGUMENT_SHOWN = 256 };

/* ack_error with `text (argument)`, as far as the argument fits. */
int ack_error_about(Context *ctx, const char *text, const String *argument);

/* ack_error, answering a client that was blocked: there the connection can't be closed at once. */
int ack_error_blocked(Context *ctx, const char *text);

/* Closes the connection that the command came from, after what was answered. */
void close_after_reply(Context *ctx);

#endif
