/* Wire bytes, both ways. Reading takes the shortest form of a number only, which is what serializers write. */
#ifndef TRANSOM_WIRE_H
#define TRANSOM_WIRE_H

#include "buffer.h"

enum { VARINT, FIXED_64, LENGTH, FIXED_32 = 5 };

struct wire { const uint8_t *at, *end; };

/* A scalar's value, of whichever kind; of strings and bytes, `bits` is the size. */
struct scalar { uint64_t bits; double real; const uint8_t *at; size_t size; };

/* The wire type of a kind. */

static inline int type_of(int kind)
{
    switch (kind) {
    case FIXED64: case SFIXED64: case DOUBLE: return FIXED_64;
    case FIXED32: case SFIXED32: case FLOAT: return FIXED_32;
    case INT32: case INT64: case UINT32: case UINT64: case SINT32: case SINT64: case BOOL: case ENUM: return VARINT;
    default: return LENGTH;
    }
}

static inline bool read_varint(struct wire *wire, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < 10; i++) {
        if (wire->at == wire->end)
            return false;
        uint8_t byte = *wire->at++;
        *number |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return (byte || !i) && (i < 9 || byte == 1);
    }
    return false;
}

static inline bool read_tag(struct wire *wire, uint32_t *number, int *type)
{
    uint64_t tag;
    if (!read_varint(wire, &tag) || tag > UINT32_MAX || tag < 8)
        return false;
    *number = (uint32_t)tag >> 3;
    *type = tag & 7;
    return true;
}

static inline bool read_span(struct wire *wire, struct wire *inner)
{
    uint64_t size;
    if (!read_varint(wire, &size) || size > (uint64_t)(wire->end - wire->at))
        return false;
    inner->at = wire->at;
    inner->end = wire->at += size;
    return true;
}

bool skip_field(struct wire *wire, int type);
bool read_wire_scalar(struct wire *wire, int kind, struct scalar *scalar);
bool read_instant(struct wire wire, int64_t *seconds, int64_t *nanos);

static inline bool put_varint(struct buffer *wire, uint64_t number)
{
    if (!reserve(wire, 10))
        return false;
    while (number >= 0x80) {
        wire->at[wire->size++] = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    wire->at[wire->size++] = (uint8_t)number;
    return true;
}

static inline bool put_tag(struct buffer *wire, uint32_t number, int type)
{
    return put_varint(wire, (uint64_t)number << 3 | (uint64_t)type);
}

/* A length goes where its content begins, which moves where the length takes more than a byte. */
static inline bool open_length(struct buffer *wire, size_t *first)
{
    *first = wire->size + 1;
    return put_byte(wire, 0);
}

bool close_length(struct buffer *wire, size_t first);
bool put_wire_scalar(struct buffer *wire, int kind, const struct scalar *scalar);
#endif
