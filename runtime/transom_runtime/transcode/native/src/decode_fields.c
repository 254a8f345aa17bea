/* Fields: single, repeated, packed or maps. */
#include "decoder.h"

/* The content of what is no scalar. */
static bool decode_content(struct decoder *decoder, const struct field *field)
{
    switch (field->kind) {
    case MESSAGE: return decode_message(decoder, &decoder->plans->messages[field->sub]);
    case WRAPPER: return decode_wrapper(decoder, field);
    case TIMESTAMP: case DURATION: return decode_instant(decoder, field->kind);
    case STRUCT: return decode_struct(decoder, field->check);
    case VALUE: return decode_value(decoder, field->check);
    case LIST_VALUE: return decode_list(decoder, field->check);
    default: return false;
    }
}

/* One element, its tag included, whatever its value. */
static bool decode_one(struct decoder *decoder, const struct field *field)
{
    struct scalar scalar;
    size_t first;
    if (field->kind <= ENUM)
        return read_json_scalar(decoder, field, field->check, &scalar) &&
               put_tag(decoder->wire, field->number, type_of(field->kind)) &&
               put_wire_scalar(decoder->wire, field->kind, &scalar);
    return put_tag(decoder->wire, field->number, LENGTH) && open_length(decoder->wire, &first) &&
           decode_content(decoder, field) && close_length(decoder->wire, first);
}

static bool decode_single(struct decoder *decoder, const struct field *field)
{
    struct scalar scalar;
    if (field->kind > ENUM)
        return decode_one(decoder, field);
    if (!read_json_scalar(decoder, field, field->check, &scalar))
        return false;
    if (!scalar.bits && !(field->flags & PRESENCE))
        return true;
    return put_tag(decoder->wire, field->number, type_of(field->kind)) &&
           put_wire_scalar(decoder->wire, field->kind, &scalar);
}

static bool decode_packed(struct decoder *decoder, const struct field *field)
{
    struct buffer *wire = decoder->wire;
    struct scalar scalar;
    size_t before = wire->size, first;
    bool goes_on;
    if (!open_level(&decoder->json, '[') || !put_tag(wire, field->number, LENGTH) || !open_length(wire, &first))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(&decoder->json, ']', is_first, &goes_on))
            return false;
        if (!goes_on)
            break;
        if (!read_json_scalar(decoder, field, -1, &scalar) || !put_wire_scalar(wire, field->kind, &scalar))
            return false;
    }
    if (wire->size > first)
        return close_length(wire, first);
    wire->size = before;
    return true;
}

static bool decode_repeated(struct decoder *decoder, const struct field *field)
{
    bool goes_on;
    if (field->flags & PACKED && field->kind <= ENUM && type_of(field->kind) != LENGTH)
        return decode_packed(decoder, field);
    if (!open_level(&decoder->json, '['))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(&decoder->json, ']', is_first, &goes_on))
            return false;
        if (!goes_on)
            return true;
        if (peek(&decoder->json) == 'n' && field->kind != VALUE)
            return false;
        if (!decode_one(decoder, field))
            return false;
    }
}

/* A map's key; it has one spelling only, so equal keys are equal texts. */
static bool put_wire_key(struct decoder *decoder, const struct field *key)
{
    struct span raw;
    struct scalar scalar;
    const uint8_t *start = decoder->json.at;
    if (!read_plain(&decoder->json, &raw) || !keys_add(&decoder->keys, raw.at, raw.size))
        return false;
    scalar.at = raw.at;
    scalar.size = raw.size;
    if (key->kind == BOOL) {
        bool is_true = raw.size == 4 && memcmp(raw.at, "true", 4) == 0;
        if (!is_true && !(raw.size == 5 && memcmp(raw.at, "false", 5) == 0))
            return false;
        scalar.bits = is_true;
    } else if (key->kind < FLOAT) {
        decoder->json.at = start;
        if (!read_integer(&decoder->json, key->kind, &scalar.bits))
            return false;
    } else if (key->kind != STRING) {
        return false;
    }
    return put_tag(decoder->wire, 1, type_of(key->kind)) && put_wire_scalar(decoder->wire, key->kind, &scalar);
}

static bool decode_map(struct decoder *decoder, const struct field *field)
{
    const struct message *entry = &decoder->plans->messages[field->sub];
    size_t outer, keys = decoder->keys.count;
    bool goes_on;
    if (!open_level(&decoder->json, '{'))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(&decoder->json, '}', is_first, &goes_on))
            return false;
        if (!goes_on)
            return keys_close(&decoder->keys, keys);
        if (!put_tag(decoder->wire, field->number, LENGTH) || !open_length(decoder->wire, &outer) ||
            !put_wire_key(decoder, &entry->fields[0]) || !take(&decoder->json, ':'))
            return false;
        if (peek(&decoder->json) == 'n' && entry->fields[1].kind != VALUE)
            return false;
        if (!decode_one(decoder, &entry->fields[1]) || !close_length(decoder->wire, outer))
            return false;
    }
}

bool decode_field(struct decoder *decoder, const struct field *field, struct seen *seen)
{
    if (field->kind == UNSURE)
        return false;
    /* Null leaves a field alone; only a Value holds it. */
    if (peek(&decoder->json) == 'n' && (field->kind != VALUE || field->flags & (REPEATED | MAP)))
        return take_word(&decoder->json, "null");
    if (field->oneof >= 0) {
        if (seen->oneofs >> field->oneof & 1)
            return false;
        seen->oneofs |= (uint64_t)1 << field->oneof;
    }
    if (field->flags & MAP)
        return decode_map(decoder, field);
    return field->flags & REPEATED ? decode_repeated(decoder, field) : decode_single(decoder, field);
}
