/* Wire bytes to JSON.
 *
 * Sure of canonical wire bytes only, as serializers write them: fields by ascending number, each single field once, no
 * member of a oneof beside another, numbers in their shortest form. Fields that are not known are skipped.
 */
#include "codec.h"

#include <math.h>

enum { DEEPEST = 64 }; /* messages in each other; the parser of protobuf takes 100 */
enum { VARINT, FIXED_64, LENGTH, FIXED_32 = 5 };

struct encoder { const struct plans *plans; struct buffer *json; struct keys keys; };
struct wire { const uint8_t *at, *end; };

static bool encode_message(struct encoder *encoder, const struct message *message, struct wire wire, int depth);
static bool encode_struct(struct encoder *encoder, struct wire wire, int depth);
static bool encode_list(struct encoder *encoder, struct wire wire, int depth);

static bool read_varint(struct wire *wire, uint64_t *number)
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

static bool read_tag(struct wire *wire, uint32_t *number, int *type)
{
    uint64_t tag;
    if (!read_varint(wire, &tag) || tag > UINT32_MAX || tag < 8)
        return false;
    *number = (uint32_t)tag >> 3;
    *type = tag & 7;
    return true;
}

static bool read_span(struct wire *wire, struct wire *inner)
{
    uint64_t size;
    if (!read_varint(wire, &size) || size > (uint64_t)(wire->end - wire->at))
        return false;
    inner->at = wire->at;
    inner->end = wire->at += size;
    return true;
}

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

static bool skip(struct wire *wire, int type)
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

static int type_of(int kind)
{
    switch (kind) {
    case FIXED64: case SFIXED64: case DOUBLE: return FIXED_64;
    case FIXED32: case SFIXED32: case FLOAT: return FIXED_32;
    case INT32: case INT64: case UINT32: case UINT64: case SINT32: case SINT64: case BOOL: case ENUM: return VARINT;
    default: return LENGTH;
    }
}

static uint64_t unzigzag(uint64_t bits)
{
    return bits >> 1 ^ (0 - (bits & 1));
}

static bool fits_signed(uint64_t bits)
{
    return bits <= INT32_MAX || bits >= (uint64_t)(int64_t)INT32_MIN;
}

static bool read_scalar(struct wire *wire, int kind, struct scalar *scalar)
{
    uint64_t bits = 0;
    struct wire inner;
    switch (type_of(kind)) {
    case VARINT:
        if (!read_varint(wire, &bits))
            return false;
        break;
    case FIXED_64:
        if (!read_fixed(wire, 8, &bits))
            return false;
        break;
    case FIXED_32:
        if (!read_fixed(wire, 4, &bits))
            return false;
        break;
    default:
        if (!read_span(wire, &inner))
            return false;
        scalar->at = inner.at;
        scalar->size = (size_t)(inner.end - inner.at);
        bits = scalar->size;
    }
    switch (kind) {
    case SINT32: case UINT32:
        if (bits > UINT32_MAX)
            return false;
        break;
    case INT32: case ENUM:
        if (!fits_signed(bits))
            return false;
        break;
    case BOOL:
        if (bits > 1)
            return false;
        break;
    case SFIXED32:
        bits = (uint64_t)(int64_t)(int32_t)(uint32_t)bits;
        break;
    }
    scalar->bits = kind == SINT32 || kind == SINT64 ? unzigzag(bits) : bits;
    return true;
}

/* A JSON string, its quotes included. */
static bool put_string(struct buffer *json, const uint8_t *at, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *end = at + size;
    if (size > SIZE_MAX / 8 || !reserve(json, size + 2))
        return false;
    json->at[json->size++] = '"';
    while (at < end) {
        const uint8_t *plain = at;
        while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
            at++;
        if (!put(json, plain, (size_t)(at - plain)))
            return false;
        if (at == end)
            break;
        if (*at >= 0x80) {
            size_t width = utf8_size(at, end);
            if (!width || !put(json, at, width))
                return false;
            at += width;
            continue;
        }
        uint8_t escape[6] = {'\\', 'u', '0', '0', 0, 0};
        size_t width = 2;
        switch (*at) {
        case '"': case '\\': escape[1] = *at; break;
        case '\b': escape[1] = 'b'; break;
        case '\t': escape[1] = 't'; break;
        case '\n': escape[1] = 'n'; break;
        case '\f': escape[1] = 'f'; break;
        case '\r': escape[1] = 'r'; break;
        default:
            escape[4] = (uint8_t)hex[*at >> 4];
            escape[5] = (uint8_t)hex[*at & 15];
            width = 6;
        }
        if (!put(json, escape, width))
            return false;
        at++;
    }
    return put_byte(json, '"');
}

static bool put_quoted(struct buffer *json, uint64_t bits, bool is_signed)
{
    return put_byte(json, '"') && (is_signed ? put_signed(json, (int64_t)bits) : put_unsigned(json, bits)) &&
           put_byte(json, '"');
}

static bool put_enum(struct buffer *json, const struct enumeration *names, int32_t number)
{
    uint32_t low = 0, high = names->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (names->numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < names->count && names->numbers[low] == number)
        return put(json, names->texts[low].at, names->texts[low].size);
    return !names->closed && put_signed(json, number);
}

static double as_double(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static float as_float(uint64_t bits)
{
    uint32_t half = (uint32_t)bits;
    float number;
    memcpy(&number, &half, sizeof number);
    return number;
}

static bool put_scalar(struct encoder *encoder, const struct field *field, const struct scalar *scalar)
{
    struct buffer *json = encoder->json;
    switch (field->kind) {
    case INT32: case SINT32: case SFIXED32: return put_signed(json, (int64_t)scalar->bits);
    case UINT32: case FIXED32: return put_unsigned(json, scalar->bits);
    case INT64: case SINT64: case SFIXED64: return put_quoted(json, scalar->bits, true);
    case UINT64: case FIXED64: return put_quoted(json, scalar->bits, false);
    case FLOAT: return put_float(json, as_float(scalar->bits));
    case DOUBLE: return put_double(json, as_double(scalar->bits));
    case BOOL: return scalar->bits ? put(json, "true", 4) : put(json, "false", 5);
    case STRING: return put_string(json, scalar->at, scalar->size);
    case BYTES: return put_base64(json, scalar->at, scalar->size);
    case ENUM: return put_enum(json, &encoder->plans->enums[field->sub], (int32_t)(int64_t)scalar->bits);
    default: return false;
    }
}

/* Two integers, each at most once and in order. */
static bool read_instant(struct wire wire, int64_t *seconds, int64_t *nanos)
{
    struct scalar scalar;
    uint32_t number, last = 0;
    int type;
    *seconds = *nanos = 0;
    while (wire.at < wire.end) {
        if (!read_tag(&wire, &number, &type) || type != VARINT || number <= last || number > 2)
            return false;
        if (!read_scalar(&wire, number == 1 ? INT64 : INT32, &scalar))
            return false;
        *(number == 1 ? seconds : nanos) = (int64_t)scalar.bits;
        last = number;
    }
    return true;
}

static bool encode_wrapper(struct encoder *encoder, const struct message *message, struct wire wire)
{
    const struct field *field = &message->fields[0];
    struct scalar scalar = {0, 0, (const uint8_t *)"", 0};
    uint32_t number;
    int type;
    if (wire.at < wire.end && (!read_tag(&wire, &number, &type) || number != 1 || type != type_of(field->kind) ||
                               !read_scalar(&wire, field->kind, &scalar)))
        return false;
    return wire.at == wire.end && put_scalar(encoder, field, &scalar);
}

static bool put_value_number(struct buffer *json, double number)
{
    if (!isfinite(number))
        return false;
    if (number == floor(number) && fabs(number) <= 9007199254740992.0 && !(number == 0 && signbit(number)))
        return put_signed(json, (int64_t)number);
    return put_double(json, number);
}

static bool encode_value(struct encoder *encoder, struct wire wire, int depth)
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
    case 1 << 3 | VARINT: is_sure = read_scalar(&wire, ENUM, &scalar) && put(json, "null", 4); break;
    case 2 << 3 | FIXED_64:
        is_sure = read_scalar(&wire, DOUBLE, &scalar) && put_value_number(json, as_double(scalar.bits));
        break;
    case 3 << 3 | LENGTH: is_sure = read_span(&wire, &inner) && put_string(json, inner.at, (size_t)(inner.end - inner.at)); break;
    case 4 << 3 | VARINT:
        is_sure = read_scalar(&wire, BOOL, &scalar) && (scalar.bits ? put(json, "true", 4) : put(json, "false", 5));
        break;
    case 5 << 3 | LENGTH: is_sure = read_span(&wire, &inner) && encode_struct(encoder, inner, depth + 1); break;
    case 6 << 3 | LENGTH: is_sure = read_span(&wire, &inner) && encode_list(encoder, inner, depth + 1); break;
    }
    return is_sure && wire.at == wire.end;
}

static bool encode_list(struct encoder *encoder, struct wire wire, int depth)
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

static bool encode_struct(struct encoder *encoder, struct wire wire, int depth)
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

static bool encode_one(struct encoder *encoder, const struct field *field, struct wire *wire, int depth)
{
    struct scalar scalar;
    struct wire inner;
    if (field->kind <= ENUM)
        return read_scalar(wire, field->kind, &scalar) && put_scalar(encoder, field, &scalar);
    return read_span(wire, &inner) && encode_inner(encoder, field, inner, depth + 1);
}

static bool put_key(struct encoder *encoder, const struct field *field, bool *is_first)
{
    bool needs_comma = !*is_first;
    *is_first = false;
    return (!needs_comma || put_byte(encoder->json, ',')) && put(encoder->json, field->key.at, field->key.size);
}

/* Read the next tag where it is the field's; where it is another's, or there is none, leave it. */
static bool read_next(struct wire *wire, const struct field *field, int *type, bool *goes_on)
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
    if (!read_scalar(wire, field->kind, &scalar))
        return false;
    /* For strings and bytes, the bits are the size. */
    if (!scalar.bits && !(field->flags & PRESENCE))
        return true;
    return put_key(encoder, field, is_first) && put_scalar(encoder, field, &scalar);
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

static bool put_map_key(struct encoder *encoder, const struct field *key, struct wire *entry)
{
    struct scalar scalar;
    const uint8_t *from = entry->at;
    if (!read_scalar(entry, key->kind, &scalar) || !keys_add(&encoder->keys, from, (size_t)(entry->at - from)))
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
    if (number != 1 || type != type_of(key->kind) || !put_map_key(encoder, key, &entry))
        return false;
    if (!read_tag(&entry, &number, &type) || number != 2 || type != type_of(value->kind))
        return false;
    return put_byte(encoder->json, ':') && encode_one(encoder, value, &entry, depth) && entry.at == entry.end;
}

static bool encode_map(struct encoder *encoder, const struct field *field, struct wire *wire, int type, int depth,
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

static bool encode_field(struct encoder *encoder, const struct field *field, struct wire *wire, int type, int depth,
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

static bool encode_message(struct encoder *encoder, const struct message *message, struct wire wire, int depth)
{
    uint32_t number, next = 0;
    uint64_t oneofs = 0;
    bool is_first = true;
    int type;
    if (!message->sure || depth >= DEEPEST || !put_byte(encoder->json, '{'))
        return false;
    while (wire.at < wire.end) {
        if (!read_tag(&wire, &number, &type))
            return false;
        while (next < message->count && message->fields[next].number < number)
            next++;
        if (next == message->count || message->fields[next].number != number) {
            for (uint32_t i = 0; i < next; i++)
                if (message->fields[i].number == number)
                    return false;
            if (!message->skips_unknown || !skip(&wire, type))
                return false;
            continue;
        }
        const struct field *field = &message->fields[next++];
        if (field->oneof >= 0) {
            if (oneofs >> field->oneof & 1)
                return false;
            oneofs |= (uint64_t)1 << field->oneof;
        }
        if (!encode_field(encoder, field, &wire, type, depth, &is_first))
            return false;
    }
    return put_byte(encoder->json, '}');
}

bool encode(const struct plans *plans, uint32_t message, const uint8_t *at, size_t size, struct buffer *json)
{
    struct encoder encoder = {plans, json, {0}};
    bool is_sure = encode_message(&encoder, &plans->messages[message], (struct wire){at, at + size}, 0);
    PyMem_Free(encoder.keys.at);
    return is_sure;
}
