/* Scalars to wire bytes. */
#include "wire.h"

static bool put_fixed(struct buffer *wire, uint64_t bits, int size)
{
    if (!reserve(wire, 8))
        return false;
    for (int i = 0; i < size; i++)
        wire->at[wire->size++] = (uint8_t)(bits >> (8 * i));
    return true;
}

bool close_length(struct buffer *wire, size_t first)
{
    size_t size = wire->size - first, more = 0, rest = size;
    while (rest >>= 7)
        more++;
    if (size > INT32_MAX || !reserve(wire, more))
        return false;
    if (more)
        memmove(wire->at + first + more, wire->at + first, size);
    wire->size += more;
    uint8_t *at = wire->at + first - 1;
    for (; size >= 0x80; size >>= 7)
        *at++ = (uint8_t)(size | 0x80);
    *at = (uint8_t)size;
    return true;
}

static uint64_t zigzag(uint64_t bits)
{
    return bits << 1 ^ (0 - (bits >> 63));
}

bool put_wire_scalar(struct buffer *wire, int kind, const struct scalar *scalar)
{
    switch (type_of(kind)) {
    case VARINT: return put_varint(wire, kind == SINT32 || kind == SINT64 ? zigzag(scalar->bits) : scalar->bits);
    case FIXED_64: return put_fixed(wire, scalar->bits, 8);
    case FIXED_32: return put_fixed(wire, scalar->bits, 4);
    default: return put_varint(wire, scalar->size) && put(wire, scalar->at, scalar->size);
    }
}
