/* Struct, Value and ListValue: JSON of any kind inside a message. */
#include "encoder.h"

#include "texts.h"

#include <math.h>

static bool put_value_number(struct buffer *json, double number)
{
    if (!isfinite(number))
        return false;
    if (number == floor(number) && fabs(number) <= 9007199254740992.0 && !(number == 0 && signbit(number)))
        return put_signed(json, (int64_t)number);
    return put_double(json, number);
}

bool encode_value(struct encoder *encoder, struct wire wire, int depth)
{
    struct buffer *json = encoder->json;
    struct scalar scalar;
    struct wire inner;
    uint32_t number;
    int type;
    if (wire.at == wire.end)
        return put(json, "null", 4);
    if (depth >= DEEPEST || !read_tag(&wire, &number, &type))
        return false;
    bool is_sure = false;
    switch (number << 3 | (uint32_t)type) {
    case 1 << 3 | VARINT: is_sure = read_wire_scalar(&wire, ENUM, &scalar) && put(json, "null", 4); break;
    case 2 << 3 | FIXED_64:
        is_sure = read_wire_scalar(&wire, DOUBLE, &scalar) && put_value_number(json, as_double(scalar.bits));
        break;
    case 3 << 3 | LENGTH: is_sure = read_span(&wire, &inner) && put_string(json, inner.at, (size_t)(inner.end - inner.at)); break;
    case 4 << 3 | VARINT:
        is_sure = read_wire_scalar(&wire, BOOL, &scalar) && put_bool(json, scalar.bits);
        break;
    case 5 << 3 | LENGTH: is_sure = read_span(&wire, &inner) && encode_struct(encoder, inner, depth + 1); break;
    case 6 << 3 | LENGTH: is_sure = read_span(&wire, &inner) && encode_list(encoder, inner, depth + 1); break;
    }
    return is_sure && wire.at == wire.end;
}

bool encode_list(struct encoder *encoder, struct wire wire, int depth)
{
    struct wire inner;
    uint32_t number;
    int type;
    if (depth >= DEEPEST || !put_byte(encoder->json, '['))
        return false;
    for (bool is_first = true; wire.at < wire.end; is_first = false) {
        if (!read_tag(&wire, &number, &type) || number != 1 || type != LENGTH || !read_span(&wire, &inner))
            return false;
        if ((!is_first && !put_byte(encoder->json, ',')) || !encode_value(encoder, inner, depth + 1))
            return false;
    }
    return put_byte(encoder->json, ']');
}

bool encode_struct(struct encoder *encoder, struct wire wire, int depth)
{
    struct wire entry, name, value;
    uint32_t number;
    int type;
    size_t first = encoder->keys.count;
    if (depth >= DEEPEST || !put_byte(encoder->json, '{'))
        return false;
    for (bool is_first = true; wire.at < wire.end; is_first = false) {
        if (!read_tag(&wire, &number, &type) || number != 1 || type != LENGTH || !read_span(&wire, &entry))
            return false;
        if (!read_tag(&entry, &number, &type) || number != 1 || type != LENGTH || !read_span(&entry, &name))
            return false;
        if (!read_tag(&entry, &number, &type) || number != 2 || type != LENGTH || !read_span(&entry, &value))
            return false;
        if (entry.at != entry.end || !keys_add(&encoder->keys, name.at, (size_t)(name.end - name.at)))
            return false;
        if ((!is_first && !put_byte(encoder->json, ',')) ||
            !put_string(encoder->json, name.at, (size_t)(name.end - name.at)) || !put_byte(encoder->json, ':') ||
            !encode_value(encoder, value, depth + 2))
            return false;
    }
    return keys_close(&encoder->keys, first) && put_byte(encoder->json, '}');
}
