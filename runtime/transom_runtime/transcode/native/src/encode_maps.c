/* Maps, whose entries are messages of two fields. */
#include "encoder.h"

static bool put_json_key(struct encoder *encoder, const struct field *key, struct wire *entry)
{
    struct scalar scalar;
    const uint8_t *from = entry->at;
    if (!read_wire_scalar(entry, key->kind, &scalar) || !keys_add(&encoder->keys, from, (size_t)(entry->at - from)))
        return false;
    switch (key->kind) {
    case STRING: return put_string(encoder->json, scalar.at, scalar.size);
    case BOOL: return scalar.bits ? put(encoder->json, "\"true\"", 6) : put(encoder->json, "\"false\"", 7);
    case UINT32: case UINT64: case FIXED32: case FIXED64: return put_quoted(encoder->json, scalar.bits, false);
    case INT32: case INT64: case SINT32: case SINT64: case SFIXED32: case SFIXED64:
        return put_quoted(encoder->json, scalar.bits, true);
    default: return false;
    }
}

static bool encode_entry(struct encoder *encoder, const struct message *type_of_entry, struct wire *wire, int depth)
{
    const struct field *key = &type_of_entry->fields[0], *value = &type_of_entry->fields[1];
    struct wire entry;
    uint32_t number;
    int type;
    if (depth >= DEEPEST || !read_span(wire, &entry) || !read_tag(&entry, &number, &type))
        return false;
    if (number != 1 || type != type_of(key->kind) || !put_json_key(encoder, key, &entry))
        return false;
    if (!read_tag(&entry, &number, &type) || number != 2 || type != type_of(value->kind))
        return false;
    return put_byte(encoder->json, ':') && encode_one(encoder, value, &entry, depth) && entry.at == entry.end;
}

bool encode_map(struct encoder *encoder, const struct field *field, struct wire *wire, int type, int depth,
                       bool *is_first)
{
    const struct message *entry = &encoder->plans->messages[field->sub];
    size_t first = encoder->keys.count;
    bool goes_on = true;
    if (!put_key(encoder, field, is_first) || !put_byte(encoder->json, '{'))
        return false;
    for (bool is_start = true; goes_on; is_start = false)
        if (type != LENGTH || (!is_start && !put_byte(encoder->json, ',')) ||
            !encode_entry(encoder, entry, wire, depth + 1) || !read_next(wire, field, &type, &goes_on))
            return false;
    return keys_close(&encoder->keys, first) && put_byte(encoder->json, '}');
}
