/*
 * See crc.h. A CRC is linear: what its beginning, all ones, becomes depends on the length alone, and zeros before the
 * first byte do nothing. So the first bytes are put at the end of a block of sixteen, and the others come in whole
 * blocks. Blocks are folded into one, and that is reduced, as in V. Gopal and others, "Fast CRC Computation for Generic
 * Polynomials Using PCLMULQDQ Instruction", 2009, with the constants for this polynomial.
 */
#include "crc.h"

#include <string.h>

#include "api.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define CAN_MULTIPLY 1
#endif

enum { WORD_BYTES = 8, HALF_BYTES = 4 };

/* tables[n]: what a byte does to the CRC that is followed by n more bytes. */
static uint32_t tables[WORD_BYTES][256];

static inline uint32_t add_byte(uint32_t crc, unsigned char byte) {
    return tables[0][(crc ^ byte) & 0xFF] ^ (crc >> 8);
}

static void init_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; bit++) {
            rest = (rest & 1) != 0 ? (rest >> 1) ^ 0xEDB88320u : rest >> 1;
        }
        tables[0][byte] = rest;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        for (int n = 1; n < WORD_BYTES; n++) {
            tables[n][byte] = add_byte(tables[n - 1][byte], 0);
        }
    }
}

/* Bytes of memory as a number, the first of them in its lowest bits. */
static inline uint64_t word_at(const unsigned char *at) {
    uint64_t word;
    memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline uint64_t half_at(const unsigned char *at) {
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
}

/* Whether a byte of the word is a `{`: a byte that the XOR makes zero borrows its highest bit. */
static inline bool word_has_brace(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u;
    uint64_t rest = word ^ (ones * '{');
    return ((rest - ones) & ~rest & (ones << 7)) != 0;
}

static inline uint32_t add_word(uint32_t crc, uint64_t word) {
    word ^= crc;
    return tables[7][word & 0xFF] ^ tables[6][word >> 8 & 0xFF] ^ tables[5][word >> 16 & 0xFF] ^
        tables[4][word >> 24 & 0xFF] ^ tables[3][word >> 32 & 0xFF] ^ tables[2][word >> 40 & 0xFF] ^
        tables[1][word >> 48 & 0xFF] ^ tables[0][word >> 56];
}

/* The half word's upper half is zero. */
static inline uint32_t add_half(uint32_t crc, uint64_t half) {
    half ^= crc;
    return tables[3][half & 0xFF] ^ tables[2][half >> 8 & 0xFF] ^ tables[1][half >> 16 & 0xFF] ^
        tables[0][half >> 24];
}

static Crc look_up(const unsigned char *at, size_t length) {
    uint32_t crc = 0xFFFFFFFFu;
    bool has_brace = false;
    for (; length >= WORD_BYTES; length -= WORD_BYTES, at += WORD_BYTES) {
        uint64_t word = word_at(at);
        has_brace = has_brace || word_has_brace(word);
        crc = add_word(crc, word);
    }
    if (length >= HALF_BYTES) {
        uint64_t half = half_at(at);
        has_brace = has_brace || word_has_brace(half);
        crc = add_half(crc, half);
        length -= HALF_BYTES;
        at += HALF_BYTES;
    }
    for (; length > 0; length--, at++) {
        has_brace = has_brace || *at == '{';
        crc = add_byte(crc, *at);
    }
    return (Crc){.value = ~crc, .has_brace = has_brace};
}

#ifdef CAN_MULTIPLY

enum { BLOCK_BYTES = 16 };

#define MULTIPLIES __attribute__((target("pclmul,sse4.1")))

static bool is_multiplying;

/* begins[n]: what the beginning has become after n bytes. */
static uint32_t begins[BLOCK_BYTES + 1];

static void init_multiplying(bool may_multiply) {
    is_multiplying = may_multiply && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
    begins[0] = 0xFFFFFFFFu;
    for (int n = 1; n <= BLOCK_BYTES; n++) {
        begins[n] = add_byte(begins[n - 1], 0);
    }
}

/* Zeros and then these bytes, 1 to 16. Nothing beyond them is read. */
MULTIPLIES static inline __m128i first_block(const unsigned char *at, size_t length) {
    if (length >= WORD_BYTES) {
        // In two steps, as a shift by all 64 bits isn't defined.
        size_t half_bits = (BLOCK_BYTES - length) * 4;
        return _mm_set_epi64x((long long)word_at(at + length - WORD_BYTES),
            (long long)(word_at(at) << half_bits << half_bits));
    }
    uint64_t bytes;
    if (length >= HALF_BYTES) {
        bytes = half_at(at) | half_at(at + length - HALF_BYTES) << (length - HALF_BYTES) * 8;
    } else {
        // Of one or two bytes some are taken twice.
        bytes = (uint64_t)at[0] | (uint64_t)at[length / 2] << length / 2 * 8 |
            (uint64_t)at[length - 1] << (length - 1) * 8;
    }
    return _mm_set_epi64x((long long)(bytes << (WORD_BYTES - length) * 8), 0);
}

/* A block, moved on by sixteen bytes: both halves times what that is. */
MULTIPLIES static inline __m128i move_on(__m128i block) {
    const __m128i powers = _mm_set_epi64x(0x0CCAA009E, 0x1751997D0);
    return _mm_xor_si128(_mm_clmulepi64_si128(block, powers, 0x00), _mm_clmulepi64_si128(block, powers, 0x11));
}

/* The CRC of a block, from 128 bits to 96, to 64 and to 32. */
MULTIPLIES static inline uint32_t reduce(__m128i block) {
    const __m128i powers = _mm_set_epi64x(0x0CCAA009E, 0x163CD6124);
    const __m128i polynomial = _mm_set_epi64x(0x1F7011641, 0x1DB710641);
    const __m128i low_half = _mm_set_epi32(0, -1, 0, -1);
    __m128i rest = _mm_xor_si128(_mm_srli_si128(block, 8), _mm_clmulepi64_si128(block, powers, 0x10));
    __m128i low = _mm_clmulepi64_si128(_mm_and_si128(rest, low_half), powers, 0x00);
    rest = _mm_xor_si128(_mm_srli_si128(rest, 4), low);
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(rest, low_half), polynomial, 0x10);
    __m128i product = _mm_clmulepi64_si128(_mm_and_si128(quotient, low_half), polynomial, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(rest, product), 1);
}

MULTIPLIES static HOT Crc multiply(const unsigned char *at, size_t length) {
    const __m128i brace = _mm_set1_epi8('{');
    size_t first = (length - 1) % BLOCK_BYTES + 1;
    __m128i block = first_block(at, first);
    __m128i found = _mm_cmpeq_epi8(block, brace);
    uint32_t begin = begins[first];
    const unsigned char *end = at + length;
    for (at += first; at != end; at += BLOCK_BYTES) {
        __m128i next = _mm_loadu_si128((const __m128i *)(const void *)at);
        found = _mm_or_si128(found, _mm_cmpeq_epi8(next, brace));
        next = _mm_xor_si128(next, _mm_cvtsi32_si128((int)begin));
        begin = 0;
        block = _mm_xor_si128(move_on(block), next);
    }
    return (Crc){.value = ~(reduce(block) ^ begin), .has_brace = _mm_movemask_epi8(found) != 0};
}

#endif

void crc_init(bool may_multiply) {
    init_tables();
#ifdef CAN_MULTIPLY
    init_multiplying(may_multiply);
#else
    (void)may_multiply;
#endif
}

HOT Crc crc_of(const char *bytes, size_t length) {
    const unsigned char *at = (const unsigned char *)bytes;
#ifdef CAN_MULTIPLY
    if (is_multiplying && length > 0) {
        return multiply(at, length);
    }
#endif
    return look_up(at, length);
}
