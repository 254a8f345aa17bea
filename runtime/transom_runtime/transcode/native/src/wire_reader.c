/* Wire bytes to scalars, each in the range of its kind. */
#include "wire.h"

static bool read_fixed(struct wire *wire, int size, uint64_t *bits)
{
    if (wire->end - wire->at < size)
        return false;
    *bits = 0;
    for (int i = 0; i < size; i++)
        *bits |= (uint64_t)wire->at[i] << (8 * i);
    wire->at += size;
    return true;
}

bool skip_field(struct wire *wire, int type)
{
    uint64_t bits;
    struct wire inner;
    switch (type) {
    case VARINT: return read_varint(wire, &bits);
    case FIXED_64: return read_fixed(wire, 8, &bits);
    case LENGTH: return read_span(wire, &inner);
    case FIXED_32: return read_fixed(wire, 4, &bits);
    default: return false;
    }
}

static bool read_bits(struct wire *wire, int type, struct scalar *scalar)
{
    struct wire inner;
    switch (type) {
    case VARINT: return read_varint(wire, &scalar->bits);
    case FIXED_64: return read_fixed(wire, 8, &scalar->bits);
    case FIXED_32: return read_fixed(wire, 4, &scalar->bits);
    }
    if (!read_span(wire, &inner))
        return false;
    scalar->at = inner.at;
    scalar->bits = scalar->size = (size_t)(inner.end - inner.at);
    return true;
}

static uint64_t unzigzag(uint64_t bits)
{
    return bits >> 1 ^ (0 - (bits & 1));
}

static bool fits_signed(uint64_t bits)
{
    return bits <= INT32_MAX || bits >= (uint64_t)(int64_t)INT32_MIN;
}

bool read_wire_scalar(struct wire *wire, int kind, struct scalar *scalar)
{
    if (!read_bits(wire, type_of(kind), scalar))
        return false;
    uint64_t bits = scalar->bits;
    switch (kind) {
    case SINT64: scalar->bits = unzigzag(bits); return true;
    case SINT32: scalar->bits = unzigzag(bits); return bits <= UINT32_MAX;
    case SFIXED32: scalar->bits = (uint64_t)(int64_t)(int32_t)(uint32_t)bits; return true;
    case INT32: case ENUM: return fits_signed(bits);
    case UINT32: return bits <= UINT32_MAX;
    case BOOL: return bits <= 1;
    default: return true;
    }
}

/* Two integers, each at most once and in order. */
bool read_instant(struct wire wire, int64_t *seconds, int64_t *nanos)
{
    struct scalar scalar;
    uint32_t number, last = 0;
    int type;
    *seconds = *nanos = 0;
    while (wire.at < wire.end) {
        if (!read_tag(&wire, &number, &type) || type != VARINT || number <= last || number > 2)
            return false;
        if (!read_wire_scalar(&wire, number == 1 ? INT64 : INT32, &scalar))
            return false;
        *(number == 1 ? seconds : nanos) = (int64_t)scalar.bits;
        last = number;
    }
    return true;
}
