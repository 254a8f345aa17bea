/* Fields: single or repeated. */
#include "encoder.h"

#include "texts.h"

static bool encode_wrapper(struct encoder *encoder, const struct message *message, struct wire wire)
{
    const struct field *field = &message->fields[0];
    struct scalar scalar = {0, 0, (const uint8_t *)"", 0};
    uint32_t number;
    int type;
    if (wire.at < wire.end && (!read_tag(&wire, &number, &type) || number != 1 || type != type_of(field->kind) ||
                               !read_wire_scalar(&wire, field->kind, &scalar)))
        return false;
    return wire.at == wire.end && put_json_scalar(encoder->json, encoder->plans, field, &scalar);
}

/* What is no scalar, from its own bytes. */
static bool encode_inner(struct encoder *encoder, const struct field *field, struct wire wire, int depth)
{
    int64_t seconds, nanos;
    switch (field->kind) {
    case MESSAGE: return encode_message(encoder, &encoder->plans->messages[field->sub], wire, depth);
    case WRAPPER: return encode_wrapper(encoder, &encoder->plans->messages[field->sub], wire);
    case TIMESTAMP: return read_instant(wire, &seconds, &nanos) && put_timestamp(encoder->json, seconds, nanos);
    case DURATION: return read_instant(wire, &seconds, &nanos) && put_duration(encoder->json, seconds, nanos);
    case STRUCT: return encode_struct(encoder, wire, depth);
    case VALUE: return encode_value(encoder, wire, depth);
    case LIST_VALUE: return encode_list(encoder, wire, depth);
    default: return false;
    }
}

bool encode_one(struct encoder *encoder, const struct field *field, struct wire *wire, int depth)
{
    struct scalar scalar;
    struct wire inner;
    if (field->kind <= ENUM)
        return read_wire_scalar(wire, field->kind, &scalar) && put_json_scalar(encoder->json, encoder->plans, field, &scalar);
    return read_span(wire, &inner) && encode_inner(encoder, field, inner, depth + 1);
}

bool put_key(struct encoder *encoder, const struct field *field, bool *is_first)
{
    bool needs_comma = !*is_first;
    *is_first = false;
    return (!needs_comma || put_byte(encoder->json, ',')) && put(encoder->json, field->key.at, field->key.size);
}

/* Read the next tag where it is the field's; where it is another's, or there is none, leave it. */
bool read_next(struct wire *wire, const struct field *field, int *type, bool *goes_on)
{
    struct wire ahead = *wire;
    uint32_t number;
    *goes_on = false;
    if (ahead.at == ahead.end)
        return true;
    if (!read_tag(&ahead, &number, type))
        return false;
    if (number == field->number) {
        *goes_on = true;
        *wire = ahead;
    }
    return true;
}

static bool encode_single(struct encoder *encoder, const struct field *field, struct wire *wire, int type, int depth,
                          bool *is_first)
{
    struct scalar scalar;
    if (type != type_of(field->kind))
        return false;
    if (field->kind > ENUM)
        return put_key(encoder, field, is_first) && encode_one(encoder, field, wire, depth);
    if (!read_wire_scalar(wire, field->kind, &scalar))
        return false;
    /* For strings and bytes, the bits are the size. */
    if (!scalar.bits && !(field->flags & PRESENCE))
        return true;
    return put_key(encoder, field, is_first) && put_json_scalar(encoder->json, encoder->plans, field, &scalar);
}

static bool encode_elements(struct encoder *encoder, const struct field *field, struct wire *wire, int type, int depth,
                            bool *is_empty)
{
    struct wire packed = *wire;
    int wanted = type_of(field->kind);
    bool is_packed = type == LENGTH && wanted != LENGTH;
    if (is_packed ? !read_span(wire, &packed) : type != wanted)
        return false;
    struct wire *from = is_packed ? &packed : wire;
    while (!is_packed || packed.at < packed.end) {
        if ((!*is_empty && !put_byte(encoder->json, ',')) || !encode_one(encoder, field, from, depth))
            return false;
        *is_empty = false;
        if (!is_packed)
            break;
    }
    return true;
}

static bool encode_repeated(struct encoder *encoder, const struct field *field, struct wire *wire, int type, int depth,
                            bool *is_first)
{
    size_t before = encoder->json->size;
    bool was_first = *is_first, is_empty = true, goes_on = true;
    if (!put_key(encoder, field, is_first) || !put_byte(encoder->json, '['))
        return false;
    while (goes_on)
        if (!encode_elements(encoder, field, wire, type, depth, &is_empty) || !read_next(wire, field, &type, &goes_on))
            return false;
    if (is_empty) {
        encoder->json->size = before;
        *is_first = was_first;
        return true;
    }
    return put_byte(encoder->json, ']');
}

bool encode_field(struct encoder *encoder, const struct field *field, struct wire *wire, int type, int depth,
                         bool *is_first)
{
    if (field->kind == UNSURE)
        return false;
    if (field->flags & MAP)
        return encode_map(encoder, field, wire, type, depth, is_first);
    if (field->flags & REPEATED)
        return encode_repeated(encoder, field, wire, type, depth, is_first);
    return encode_single(encoder, field, wire, type, depth, is_first);
}
