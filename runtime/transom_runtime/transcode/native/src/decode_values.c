/* Struct, Value and ListValue: JSON of any kind inside a message. */
#include "decoder.h"

bool decode_value(struct decoder *decoder, int32_t check)
{
    struct buffer *wire = decoder->wire;
    struct scalar scalar;
    size_t first;
    switch (peek(&decoder->json)) {
    case 'n': return take_word(&decoder->json, "null") && put_tag(wire, 1, VARINT) && put_byte(wire, 0);
    case '"':
        return read_string(&decoder->json, &scalar) && note_text(decoder, check, &scalar) && put_tag(wire, 3, LENGTH) &&
               put_wire_scalar(wire, STRING, &scalar);
    case 't': case 'f':
        return read_bool(&decoder->json, &scalar.bits) && put_tag(wire, 4, VARINT) && put_wire_scalar(wire, BOOL, &scalar);
    case '{':
        return put_tag(wire, 5, LENGTH) && open_length(wire, &first) && decode_struct(decoder, check) &&
               close_length(wire, first);
    case '[':
        return put_tag(wire, 6, LENGTH) && open_length(wire, &first) && decode_list(decoder, check) &&
               close_length(wire, first);
    default:
        if (!read_real(&decoder->json, &scalar.real))
            return false;
        memcpy(&scalar.bits, &scalar.real, sizeof scalar.bits);
        return put_tag(wire, 2, FIXED_64) && put_wire_scalar(wire, DOUBLE, &scalar);
    }
}

bool decode_list(struct decoder *decoder, int32_t check)
{
    struct buffer *wire = decoder->wire;
    bool goes_on;
    size_t first;
    if (!open_level(&decoder->json, '['))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(&decoder->json, ']', is_first, &goes_on))
            return false;
        if (!goes_on)
            return true;
        if (!put_tag(wire, 1, LENGTH) || !open_length(wire, &first) || !decode_value(decoder, check) ||
            !close_length(wire, first))
            return false;
    }
}

bool decode_struct(struct decoder *decoder, int32_t check)
{
    struct buffer *wire = decoder->wire;
    size_t outer, inner, keys = decoder->keys.count;
    struct span name;
    bool goes_on;
    if (!open_level(&decoder->json, '{'))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(&decoder->json, '}', is_first, &goes_on))
            return false;
        if (!goes_on)
            return keys_close(&decoder->keys, keys);
        if (!read_plain(&decoder->json, &name) || !keys_add(&decoder->keys, name.at, name.size) || !take(&decoder->json, ':'))
            return false;
        if (!put_tag(wire, 1, LENGTH) || !open_length(wire, &outer) || !put_tag(wire, 1, LENGTH) ||
            !put_varint(wire, name.size) || !put(wire, name.at, name.size) || !put_tag(wire, 2, LENGTH) ||
            !open_length(wire, &inner) || !decode_value(decoder, check) || !close_length(wire, inner) ||
            !close_length(wire, outer))
            return false;
    }
}
