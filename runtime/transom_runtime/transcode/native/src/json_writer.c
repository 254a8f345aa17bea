/* Scalars as JSON. */
#include "json_writer.h"

#include "texts.h"
#include "utf8.h"

/* What may not stand in a string as it is: a quote, a backslash, a control character. */
static bool put_escaped(struct buffer *json, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    switch (byte) {
    case '"': return put(json, "\\\"", 2);
    case '\\': return put(json, "\\\\", 2);
    case '\b': return put(json, "\\b", 2);
    case '\t': return put(json, "\\t", 2);
    case '\n': return put(json, "\\n", 2);
    case '\f': return put(json, "\\f", 2);
    case '\r': return put(json, "\\r", 2);
    default: return put(json, "\\u00", 4) && put_byte(json, (uint8_t)hex[byte >> 4]) && put_byte(json, (uint8_t)hex[byte & 15]);
    }
}

/* How far a string goes on in what stands as it is: ASCII, and UTF-8 that is well formed. */
static const uint8_t *skip_plain(const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        if (*at < 0x20 || *at == '"' || *at == '\\')
            return at;
        size_t width = *at < 0x80 ? 1 : utf8_size(at, end);
        if (!width)
            return at;
        at += width;
    }
    return at;
}

bool put_string(struct buffer *json, const uint8_t *at, size_t size)
{
    const uint8_t *end = at + size;
    if (!put_byte(json, '"'))
        return false;
    for (;;) {
        const uint8_t *plain = at;
        at = skip_plain(at, end);
        if (!put(json, plain, (size_t)(at - plain)))
            return false;
        if (at == end)
            return put_byte(json, '"');
        if (*at >= 0x80 || !put_escaped(json, *at++))
            return false;
    }
}

bool put_quoted(struct buffer *json, uint64_t bits, bool is_signed)
{
    return put_byte(json, '"') && (is_signed ? put_signed(json, (int64_t)bits) : put_unsigned(json, bits)) &&
           put_byte(json, '"');
}

bool put_bool(struct buffer *json, bool value)
{
    return value ? put(json, "true", 4) : put(json, "false", 5);
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

double as_double(uint64_t bits)
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

bool put_json_scalar(struct buffer *json, const struct plans *plans, const struct field *field, const struct scalar *scalar)
{
    switch (field->kind) {
    case INT32: case SINT32: case SFIXED32: return put_signed(json, (int64_t)scalar->bits);
    case UINT32: case FIXED32: return put_unsigned(json, scalar->bits);
    case INT64: case SINT64: case SFIXED64: return put_quoted(json, scalar->bits, true);
    case UINT64: case FIXED64: return put_quoted(json, scalar->bits, false);
    case FLOAT: return put_float(json, as_float(scalar->bits));
    case DOUBLE: return put_double(json, as_double(scalar->bits));
    case BOOL: return put_bool(json, scalar->bits);
    case STRING: return put_string(json, scalar->at, scalar->size);
    case BYTES: return put_base64(json, scalar->at, scalar->size);
    case ENUM: return put_enum(json, &plans->enums[field->sub], (int32_t)(int64_t)scalar->bits);
    default: return false;
    }
}
