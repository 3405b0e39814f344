/*
 * CRC-32 as zlib's: by carry-less multiplication where the processor has it (x86-64 of the last ten years), by tables
 * elsewhere. Every key that comes or goes is hashed, between two commands of a server that is busy with other things:
 * so it is to be short, and to leave the caches alone.
 */
#ifndef CODIS_CRC_H
#define CODIS_CRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Chooses the way; call once before crc_of. */
void crc_init(bool may_multiply);

/* The CRC, and whether one of the bytes is a `{`, which is looked for on the way. */
typedef struct {
    uint32_t value;
    bool has_brace;
} Crc;

Crc crc_of(const char *bytes, size_t length);

#endif
