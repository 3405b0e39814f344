/* What a source sends before keys, and the acknowledgement as a command. */
#ifndef CODIS_ASYNC_LOGIN_H
#define CODIS_ASYNC_LOGIN_H

#include "api.h"

/* SLOTSRESTORE-ASYNC-AUTH password: of the default user. */
int slotsrestore_async_auth_command(Context *ctx, String **argv, int argc);

/* SLOTSRESTORE-ASYNC-AUTH2 user password. */
int slotsrestore_async_auth_user_command(Context *ctx, String **argv, int argc);

/* SLOTSRESTORE-ASYNC-SELECT db. */
int slotsrestore_async_select_command(Context *ctx, String **argv, int argc);

/* SLOTSRESTORE-ASYNC-FORMS: the forms that this target knows. */
int slotsrestore_async_forms_command(Context *ctx, String **argv, int argc);

/*
 * SLOTSRESTORE-ASYNC-ACK code text. A source reads acknowledgements from its own connection to the target;
 * whoever else sends one has no right to, so it is always refused, and the connection is closed.
 */
int slotsrestore_async_ack_command(Context *ctx, String **argv, int argc);

#endif
