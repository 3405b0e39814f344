/* Arguments and answers that several commands share. */
#ifndef CODIS_ARGUMENT_H
#define CODIS_ARGUMENT_H

#include <stdarg.h>
#include <stdbool.h>

#include "api.h"

enum { ERROR_BYTES = 512 };

/* Answers an error; the text is cut at ERROR_BYTES, and line ends become blanks. */
void reply_error(Context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each answers the error itself when it gives false. */
bool read_int(Context *ctx, const String *argument, int *value);
bool read_slot(Context *ctx, const String *argument, int *slot);
/* Milliseconds; 0 becomes 100. */
bool read_timeout(Context *ctx, const String *argument, int *timeout_ms);

/* Whether the argument is this word, whatever its case. */
bool is_word(const String *argument, const char *word);

/* Microseconds of a clock that only goes forward. */
long long monotonic_us(void);

#endif
