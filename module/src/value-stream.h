/*
 * The commands that make a large stream at a target that takes streams in pieces: its entries, its ids, and
 * each group with its consumers and what is pending for them.
 */
#ifndef CODIS_VALUE_STREAM_H
#define CODIS_VALUE_STREAM_H

#include "value.h"

/* Each is a step of value_next. */
ValueResult stream_next_chunk(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    Outbox *outbox);
ValueResult stream_write_id(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    Outbox *outbox);
ValueResult stream_next_group(Context *ctx, Value *value, String *name, const ValueLimits *limits,
    Outbox *outbox);

#endif
