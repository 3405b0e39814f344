/*
 * What a stream has besides its entries: its last identifier and counters, its groups, and what consumers
 * haven't acknowledged. Forms of our own, for sources that have asked for them.
 */
#ifndef CODIS_ASYNC_STREAM_H
#define CODIS_ASYNC_STREAM_H

#include <stdbool.h>

#include "api.h"

/* A form, by its arguments after the time to live; each answers. */
typedef int (*StreamFunction)(Context *ctx, String *key, long long ttl_ms, String **argv, int argc);

/* The form of this name, whatever its case, if so many arguments are right for it; else NULL. */
StreamFunction stream_form_of(const String *word, int argc);

/* Whether there is a form of this name. */
bool is_stream_form(const String *word);

#endif
