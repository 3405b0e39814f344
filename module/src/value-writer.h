/* Writing the commands that make a key at a target. */
#ifndef CODIS_VALUE_WRITER_H
#define CODIS_VALUE_WRITER_H

#include "api.h"
#include "outbox.h"

/* Bulks of a command whose number isn't known before all are there, encoded. */
typedef struct {
    Buffer bytes;
    size_t count;
} Bulks;

void bulks_add(Bulks *bulks, const char *bytes, size_t length);
void bulks_add_string(Bulks *bulks, const String *string);
void bulks_add_number(Bulks *bulks, long long number);
void bulks_free(Bulks *bulks);

/* SLOTSRESTORE-ASYNC word name, of so many arguments in all, the command itself included. */
void writer_begin(Outbox *outbox, const char *word, const String *name, long long argument_count);
void writer_add_number(Outbox *outbox, long long number);

/* The bulks, and the end of the command. */
void bulks_write(const Bulks *bulks, Outbox *outbox);

#endif
