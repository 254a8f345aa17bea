/* JSON to wire bytes.
 *
 * Sure of plain spellings only: every name known and given once, no member of a oneof beside another, integers as
 * digits, base64 with its padding, instants in UTC. Fields go out by ascending number, as serializers write them.
 */
#include "codec.h"

#include <float.h>
#include <math.h>

enum { VARINT, FIXED_64, LENGTH, FIXED_32 = 5 };

/* Where a field's bytes stand among those of its message. */
struct part { uint32_t number; size_t first, end; };

struct decoder {
    const struct plans *plans;
    const uint8_t *at, *end;
    struct buffer *wire;
    struct buffer text, sorted; /* a string without its escapes; a message whose fields were out of order */
    struct keys keys;
    struct part *parts;
    size_t part_count, part_room;
    uint32_t depth, members;
    struct caps caps;
    PyObject *checks, *texts;
};

static bool decode_message(struct decoder *decoder, const struct message *message);
static bool decode_struct(struct decoder *decoder, int32_t check);
static bool decode_list(struct decoder *decoder, int32_t check);

/* --- JSON --- */

static void skip_blanks(struct decoder *decoder)
{
    while (decoder->at < decoder->end &&
           (*decoder->at == ' ' || *decoder->at == '\n' || *decoder->at == '\t' || *decoder->at == '\r'))
        decoder->at++;
}

/* The next byte that is no blank; 0, which no JSON holds, at the end. */
static uint8_t peek(struct decoder *decoder)
{
    skip_blanks(decoder);
    return decoder->at < decoder->end ? *decoder->at : 0;
}

static bool take(struct decoder *decoder, uint8_t byte)
{
    if (peek(decoder) != byte)
        return false;
    decoder->at++;
    return true;
}

static bool take_word(struct decoder *decoder, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(decoder->end - decoder->at) < size || memcmp(decoder->at, word, size) != 0)
        return false;
    decoder->at += size;
    return true;
}

static bool count_member(struct decoder *decoder)
{
    return ++decoder->members <= decoder->caps.members;
}

static bool open_level(struct decoder *decoder, uint8_t bracket)
{
    return take(decoder, bracket) && ++decoder->depth <= decoder->caps.depth;
}

/* Go on to the next member or element of what was opened; `goes_on` tells whether there is one. */
static bool next_member(struct decoder *decoder, uint8_t bracket, bool is_first, bool *goes_on)
{
    *goes_on = false;
    if (peek(decoder) == bracket) {
        decoder->at++;
        decoder->depth--;
        return true;
    }
    *goes_on = true;
    return (is_first || take(decoder, ',')) && count_member(decoder);
}

/* A string as it stands between its quotes: `is_plain` where it has no escapes. */
static bool scan_string(struct decoder *decoder, struct span *raw, bool *is_plain)
{
    if (!take(decoder, '"'))
        return false;
    const uint8_t *at = decoder->at, *end = decoder->end;
    raw->at = at;
    *is_plain = true;
    for (;;) {
        while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
            at++;
        if (at == end || *at < 0x20)
            return false;
        if (*at == '"')
            break;
        size_t width = *at == '\\' ? 2 : utf8_size(at, end);
        if (*at == '\\')
            *is_plain = false;
        if (!width || (size_t)(end - at) < width || (*at == '\\' && (at[1] < 0x20 || at[1] >= 0x80)))
            return false;
        at += width;
    }
    if (at - raw->at > INT32_MAX)
        return false;
    raw->size = (uint32_t)(at - raw->at);
    decoder->at = at + 1;
    return true;
}

static bool read_hex(const uint8_t *at, const uint8_t *end, uint32_t *unit)
{
    if (end - at < 4)
        return false;
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t byte = at[i];
        if (byte >= '0' && byte <= '9')
            *unit = *unit << 4 | (uint32_t)(byte - '0');
        else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
            *unit = *unit << 4 | (uint32_t)((byte | 0x20) - 'a' + 10);
        else
            return false;
    }
    return true;
}

static bool put_character(struct buffer *text, uint32_t character)
{
    uint8_t bytes[4];
    if (character < 0x80)
        return put_byte(text, (uint8_t)character);
    if (character < 0x800) {
        bytes[0] = (uint8_t)(0xc0 | character >> 6);
        bytes[1] = (uint8_t)(0x80 | (character & 63));
        return put(text, bytes, 2);
    }
    if (character < 0x10000) {
        bytes[0] = (uint8_t)(0xe0 | character >> 12);
        bytes[1] = (uint8_t)(0x80 | (character >> 6 & 63));
        bytes[2] = (uint8_t)(0x80 | (character & 63));
        return put(text, bytes, 3);
    }
    bytes[0] = (uint8_t)(0xf0 | character >> 18);
    bytes[1] = (uint8_t)(0x80 | (character >> 12 & 63));
    bytes[2] = (uint8_t)(0x80 | (character >> 6 & 63));
    bytes[3] = (uint8_t)(0x80 | (character & 63));
    return put(text, bytes, 4);
}

/* The escape whose `u` was read. */
static bool put_unicode(struct buffer *text, const uint8_t **at, const uint8_t *end)
{
    uint32_t unit, low;
    if (!read_hex(*at, end, &unit))
        return false;
    *at += 4;
    if (unit < 0xd800 || unit > 0xdfff)
        return put_character(text, unit);
    if (unit > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' || !read_hex(*at + 2, end, &low))
        return false;
    *at += 6;
    return low >= 0xdc00 && low <= 0xdfff && put_character(text, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
}

static bool put_escape(struct buffer *text, const uint8_t **at, const uint8_t *end)
{
    switch (*(*at)++) {
    case '"': return put_byte(text, '"');
    case '\\': return put_byte(text, '\\');
    case '/': return put_byte(text, '/');
    case 'b': return put_byte(text, '\b');
    case 'f': return put_byte(text, '\f');
    case 'n': return put_byte(text, '\n');
    case 'r': return put_byte(text, '\r');
    case 't': return put_byte(text, '\t');
    case 'u': return put_unicode(text, at, end);
    default: return false;
    }
}

/* A string; where it has escapes, it stands in `decoder->text` until the next one is read. */
static bool read_string(struct decoder *decoder, struct scalar *scalar)
{
    struct span raw;
    bool is_plain;
    if (!scan_string(decoder, &raw, &is_plain))
        return false;
    scalar->at = raw.at;
    scalar->size = raw.size;
    if (is_plain)
        return true;
    const uint8_t *at = raw.at, *end = raw.at + raw.size;
    decoder->text.size = 0;
    if (!reserve(&decoder->text, raw.size))
        return false;
    while (at < end) {
        const uint8_t *plain = at;
        while (at < end && *at != '\\')
            at++;
        if (!put(&decoder->text, plain, (size_t)(at - plain)))
            return false;
        if (at == end)
            break;
        at++; /* one more byte is sure to follow: the scan saw it */
        if (!put_escape(&decoder->text, &at, end))
            return false;
    }
    scalar->at = decoder->text.at;
    scalar->size = decoder->text.size;
    return true;
}

static bool read_plain(struct decoder *decoder, struct span *raw)
{
    bool is_plain;
    return scan_string(decoder, raw, &is_plain) && is_plain;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* `-0` is left to the other codec, which knows what was meant. */
static bool parse_integer(const uint8_t *at, const uint8_t *end, bool *is_negative, uint64_t *number)
{
    *is_negative = at < end && *at == '-';
    at += *is_negative;
    if (at == end || end - at > 20 || (*at == '0' && (end - at > 1 || *is_negative)))
        return false;
    *number = 0;
    for (; at < end; at++) {
        if (!is_digit(*at))
            return false;
        unsigned digit = (unsigned)(*at - '0');
        if (*number > (UINT64_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return true;
}

/* The extent of a number, by the grammar of RFC 8259. */
static bool scan_number(struct decoder *decoder, struct span *raw, bool *is_integer)
{
    skip_blanks(decoder);
    const uint8_t *at = decoder->at, *end = decoder->end, *digits;
    raw->at = at;
    *is_integer = true;
    at += at < end && *at == '-';
    if (at == end || !is_digit(*at))
        return false;
    if (*at == '0')
        at++;
    else
        while (at < end && is_digit(*at))
            at++;
    if (at < end && *at == '.') {
        *is_integer = false;
        for (digits = ++at; at < end && is_digit(*at); at++)
            ;
        if (at == digits)
            return false;
    }
    if (at < end && (*at | 0x20) == 'e') {
        *is_integer = false;
        at++;
        at += at < end && (*at == '+' || *at == '-');
        for (digits = at; at < end && is_digit(*at); at++)
            ;
        if (at == digits)
            return false;
    }
    if (at - raw->at > 64)
        return false;
    raw->size = (uint32_t)(at - raw->at);
    decoder->at = at;
    return true;
}

static bool read_real(struct decoder *decoder, double *real)
{
    struct span raw;
    bool is_integer;
    if (!scan_number(decoder, &raw, &is_integer))
        return false;
    if (is_integer && raw.size == 2 && memcmp(raw.at, "-0", 2) == 0)
        return false;
    return read_double(raw.at, raw.size, real);
}

/* An integer, as number or as text, that the kind can hold. */
static bool read_integer(struct decoder *decoder, int kind, uint64_t *bits)
{
    struct span raw;
    bool is_negative, is_integer = true;
    uint64_t number;
    if (!(peek(decoder) == '"' ? read_plain(decoder, &raw) : scan_number(decoder, &raw, &is_integer)))
        return false;
    if (!is_integer || !parse_integer(raw.at, raw.at + raw.size, &is_negative, &number))
        return false;
    uint64_t highest, lowest = 0;
    switch (kind) {
    case UINT32: case FIXED32: highest = UINT32_MAX; break;
    case UINT64: case FIXED64: highest = UINT64_MAX; break;
    case INT64: case SINT64: case SFIXED64: highest = INT64_MAX; lowest = (uint64_t)1 << 63; break;
    default: highest = INT32_MAX; lowest = (uint64_t)1 << 31;
    }
    if (number > (is_negative ? lowest : highest))
        return false;
    *bits = is_negative ? 0 - number : number;
    return true;
}

/* --- wire bytes --- */

static bool put_varint(struct buffer *wire, uint64_t number)
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

static bool put_fixed(struct buffer *wire, uint64_t bits, int size)
{
    if (!reserve(wire, 8))
        return false;
    for (int i = 0; i < size; i++)
        wire->at[wire->size++] = (uint8_t)(bits >> (8 * i));
    return true;
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

static bool put_tag(struct buffer *wire, uint32_t number, int type)
{
    return put_varint(wire, (uint64_t)number << 3 | (uint64_t)type);
}

/* A length goes where its content begins, which moves where the length takes more than a byte. */
static bool open_length(struct buffer *wire, size_t *first)
{
    *first = wire->size + 1;
    return put_byte(wire, 0);
}

static bool close_length(struct buffer *wire, size_t first)
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

static bool put_scalar(struct buffer *wire, int kind, const struct scalar *scalar)
{
    switch (type_of(kind)) {
    case VARINT: return put_varint(wire, kind == SINT32 || kind == SINT64 ? zigzag(scalar->bits) : scalar->bits);
    case FIXED_64: return put_fixed(wire, scalar->bits, 8);
    case FIXED_32: return put_fixed(wire, scalar->bits, 4);
    default: return put_varint(wire, scalar->size) && put(wire, scalar->at, scalar->size);
    }
}

/* --- values --- */

/* Texts are judged outside, once all of the body is known to be well. */
static bool note_text(struct decoder *decoder, int32_t check, const struct scalar *scalar)
{
    if (check < 0)
        return true;
    PyObject *number = PyLong_FromLong(check);
    PyObject *text = PyUnicode_DecodeUTF8((const char *)scalar->at, (Py_ssize_t)scalar->size, NULL);
    bool noted = number && text && PyList_Append(decoder->checks, number) == 0 &&
                 PyList_Append(decoder->texts, text) == 0;
    Py_XDECREF(number);
    Py_XDECREF(text);
    if (!noted)
        PyErr_Clear();
    return noted;
}

static bool read_enum(struct decoder *decoder, const struct enumeration *names, uint64_t *bits)
{
    struct span raw;
    int32_t number;
    if (peek(decoder) == '"') {
        if (!read_plain(decoder, &raw) || !names_find(&names->names, raw.at, raw.size, &number))
            return false;
        *bits = (uint64_t)(int64_t)number;
        return true;
    }
    return !names->closed && read_integer(decoder, INT32, bits);
}

static bool read_bytes(struct decoder *decoder, struct scalar *scalar)
{
    struct span raw;
    decoder->text.size = 0;
    if (!read_plain(decoder, &raw) || !reserve(&decoder->text, raw.size + 1))
        return false;
    scalar->at = decoder->text.at;
    return read_base64(raw.at, raw.size, decoder->text.at, &scalar->size);
}

static bool read_float(struct decoder *decoder, struct scalar *scalar)
{
    if (!read_real(decoder, &scalar->real) || fabs(scalar->real) > FLT_MAX)
        return false;
    float number = (float)scalar->real;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    scalar->bits = bits;
    return true;
}

static bool read_bool(struct decoder *decoder, uint64_t *bits)
{
    *bits = peek(decoder) == 't';
    return take_word(decoder, *bits ? "true" : "false");
}

/* `bits` is 0 where the value is the default of a field without presence. */
static bool read_scalar(struct decoder *decoder, const struct field *field, int32_t check, struct scalar *scalar)
{
    switch (field->kind) {
    case STRING:
        if (!read_string(decoder, scalar) || !note_text(decoder, check, scalar))
            return false;
        scalar->bits = scalar->size;
        return true;
    case BYTES:
        if (!read_bytes(decoder, scalar))
            return false;
        scalar->bits = scalar->size;
        return true;
    case BOOL: return read_bool(decoder, &scalar->bits);
    case ENUM: return read_enum(decoder, &decoder->plans->enums[field->sub], &scalar->bits);
    case FLOAT: return read_float(decoder, scalar);
    case DOUBLE:
        if (!read_real(decoder, &scalar->real))
            return false;
        memcpy(&scalar->bits, &scalar->real, sizeof scalar->bits);
        return true;
    default: return field->kind < FLOAT && read_integer(decoder, field->kind, &scalar->bits);
    }
}

static bool decode_wrapper(struct decoder *decoder, const struct field *field)
{
    const struct field *value = &decoder->plans->messages[field->sub].fields[0];
    struct scalar scalar;
    if (!read_scalar(decoder, value, field->check, &scalar))
        return false;
    return !scalar.bits || (put_tag(decoder->wire, 1, type_of(value->kind)) &&
                            put_scalar(decoder->wire, value->kind, &scalar));
}

static bool decode_instant(struct decoder *decoder, int kind)
{
    struct span raw;
    int64_t seconds, nanos;
    struct buffer *wire = decoder->wire;
    if (!read_plain(decoder, &raw))
        return false;
    if (!(kind == TIMESTAMP ? read_timestamp : read_duration)(raw.at, raw.size, &seconds, &nanos))
        return false;
    if (seconds && !(put_tag(wire, 1, VARINT) && put_varint(wire, (uint64_t)seconds)))
        return false;
    return !nanos || (put_tag(wire, 2, VARINT) && put_varint(wire, (uint64_t)nanos));
}

static bool decode_value(struct decoder *decoder, int32_t check)
{
    struct buffer *wire = decoder->wire;
    struct scalar scalar;
    size_t first;
    switch (peek(decoder)) {
    case 'n': return take_word(decoder, "null") && put_tag(wire, 1, VARINT) && put_byte(wire, 0);
    case '"':
        return read_string(decoder, &scalar) && note_text(decoder, check, &scalar) && put_tag(wire, 3, LENGTH) &&
               put_scalar(wire, STRING, &scalar);
    case 't': case 'f':
        return read_bool(decoder, &scalar.bits) && put_tag(wire, 4, VARINT) && put_scalar(wire, BOOL, &scalar);
    case '{':
        return put_tag(wire, 5, LENGTH) && open_length(wire, &first) && decode_struct(decoder, check) &&
               close_length(wire, first);
    case '[':
        return put_tag(wire, 6, LENGTH) && open_length(wire, &first) && decode_list(decoder, check) &&
               close_length(wire, first);
    default:
        if (!read_real(decoder, &scalar.real))
            return false;
        memcpy(&scalar.bits, &scalar.real, sizeof scalar.bits);
        return put_tag(wire, 2, FIXED_64) && put_scalar(wire, DOUBLE, &scalar);
    }
}

static bool decode_list(struct decoder *decoder, int32_t check)
{
    struct buffer *wire = decoder->wire;
    bool goes_on;
    size_t first;
    if (!open_level(decoder, '['))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(decoder, ']', is_first, &goes_on))
            return false;
        if (!goes_on)
            return true;
        if (!put_tag(wire, 1, LENGTH) || !open_length(wire, &first) || !decode_value(decoder, check) ||
            !close_length(wire, first))
            return false;
    }
}

static bool decode_struct(struct decoder *decoder, int32_t check)
{
    struct buffer *wire = decoder->wire;
    size_t outer, inner, keys = decoder->keys.count;
    struct span name;
    bool goes_on;
    if (!open_level(decoder, '{'))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(decoder, '}', is_first, &goes_on))
            return false;
        if (!goes_on)
            return keys_close(&decoder->keys, keys);
        if (!read_plain(decoder, &name) || !keys_add(&decoder->keys, name.at, name.size) || !take(decoder, ':'))
            return false;
        if (!put_tag(wire, 1, LENGTH) || !open_length(wire, &outer) || !put_tag(wire, 1, LENGTH) ||
            !put_varint(wire, name.size) || !put(wire, name.at, name.size) || !put_tag(wire, 2, LENGTH) ||
            !open_length(wire, &inner) || !decode_value(decoder, check) || !close_length(wire, inner) ||
            !close_length(wire, outer))
            return false;
    }
}

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
        return read_scalar(decoder, field, field->check, &scalar) &&
               put_tag(decoder->wire, field->number, type_of(field->kind)) &&
               put_scalar(decoder->wire, field->kind, &scalar);
    return put_tag(decoder->wire, field->number, LENGTH) && open_length(decoder->wire, &first) &&
           decode_content(decoder, field) && close_length(decoder->wire, first);
}

static bool decode_single(struct decoder *decoder, const struct field *field)
{
    struct scalar scalar;
    if (field->kind > ENUM)
        return decode_one(decoder, field);
    if (!read_scalar(decoder, field, field->check, &scalar))
        return false;
    if (!scalar.bits && !(field->flags & PRESENCE))
        return true;
    return put_tag(decoder->wire, field->number, type_of(field->kind)) &&
           put_scalar(decoder->wire, field->kind, &scalar);
}

static bool decode_packed(struct decoder *decoder, const struct field *field)
{
    struct buffer *wire = decoder->wire;
    struct scalar scalar;
    size_t before = wire->size, first;
    bool goes_on;
    if (!open_level(decoder, '[') || !put_tag(wire, field->number, LENGTH) || !open_length(wire, &first))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(decoder, ']', is_first, &goes_on))
            return false;
        if (!goes_on)
            break;
        if (!read_scalar(decoder, field, -1, &scalar) || !put_scalar(wire, field->kind, &scalar))
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
    if (!open_level(decoder, '['))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(decoder, ']', is_first, &goes_on))
            return false;
        if (!goes_on)
            return true;
        if (peek(decoder) == 'n' && field->kind != VALUE)
            return false;
        if (!decode_one(decoder, field))
            return false;
    }
}

/* A map's key; it has one spelling only, so equal keys are equal texts. */
static bool put_map_key(struct decoder *decoder, const struct field *key)
{
    struct span raw;
    struct scalar scalar;
    const uint8_t *start = decoder->at;
    if (!read_plain(decoder, &raw) || !keys_add(&decoder->keys, raw.at, raw.size))
        return false;
    scalar.at = raw.at;
    scalar.size = raw.size;
    if (key->kind == BOOL) {
        bool is_true = raw.size == 4 && memcmp(raw.at, "true", 4) == 0;
        if (!is_true && !(raw.size == 5 && memcmp(raw.at, "false", 5) == 0))
            return false;
        scalar.bits = is_true;
    } else if (key->kind < FLOAT) {
        decoder->at = start;
        if (!read_integer(decoder, key->kind, &scalar.bits))
            return false;
    } else if (key->kind != STRING) {
        return false;
    }
    return put_tag(decoder->wire, 1, type_of(key->kind)) && put_scalar(decoder->wire, key->kind, &scalar);
}

static bool decode_map(struct decoder *decoder, const struct field *field)
{
    const struct message *entry = &decoder->plans->messages[field->sub];
    size_t outer, keys = decoder->keys.count;
    bool goes_on;
    if (!open_level(decoder, '{'))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(decoder, '}', is_first, &goes_on))
            return false;
        if (!goes_on)
            return keys_close(&decoder->keys, keys);
        if (!put_tag(decoder->wire, field->number, LENGTH) || !open_length(decoder->wire, &outer) ||
            !put_map_key(decoder, &entry->fields[0]) || !take(decoder, ':'))
            return false;
        if (peek(decoder) == 'n' && entry->fields[1].kind != VALUE)
            return false;
        if (!decode_one(decoder, &entry->fields[1]) || !close_length(decoder->wire, outer))
            return false;
    }
}

/* --- messages --- */

static bool add_part(struct decoder *decoder, uint32_t number, size_t first)
{
    if (decoder->part_count == decoder->part_room) {
        size_t room = decoder->part_room ? decoder->part_room * 2 : 64;
        struct part *parts = PyMem_Realloc(decoder->parts, room * sizeof *parts);
        if (!parts)
            return false;
        decoder->parts = parts;
        decoder->part_room = room;
    }
    decoder->parts[decoder->part_count++] = (struct part){number, first, decoder->wire->size};
    return true;
}

/* Put the fields of a message, at most 256, in order. */
static bool sort_parts(struct decoder *decoder, size_t begin, size_t start)
{
    struct part *parts = decoder->parts + begin;
    size_t count = decoder->part_count - begin;
    decoder->part_count = begin;
    bool in_order = true;
    for (size_t i = 1; i < count; i++) {
        struct part part = parts[i];
        size_t j = i;
        for (; j && parts[j - 1].number > part.number; j--)
            parts[j] = parts[j - 1];
        in_order &= j == i;
        parts[j] = part;
    }
    if (in_order)
        return true;
    decoder->sorted.size = 0;
    for (size_t i = 0; i < count; i++)
        if (!put(&decoder->sorted, decoder->wire->at + parts[i].first, parts[i].end - parts[i].first))
            return false;
    if (decoder->sorted.size != decoder->wire->size - start)
        return false;
    memcpy(decoder->wire->at + start, decoder->sorted.at, decoder->sorted.size);
    return true;
}

struct seen { uint64_t fields[MAX_FIELDS / 64], oneofs; };

static bool decode_field(struct decoder *decoder, const struct field *field, struct seen *seen)
{
    if (field->kind == UNSURE)
        return false;
    /* Null leaves a field alone; only a Value holds it. */
    if (peek(decoder) == 'n' && (field->kind != VALUE || field->flags & (REPEATED | MAP)))
        return take_word(decoder, "null");
    if (field->oneof >= 0) {
        if (seen->oneofs >> field->oneof & 1)
            return false;
        seen->oneofs |= (uint64_t)1 << field->oneof;
    }
    if (field->flags & MAP)
        return decode_map(decoder, field);
    return field->flags & REPEATED ? decode_repeated(decoder, field) : decode_single(decoder, field);
}

static bool decode_member(struct decoder *decoder, const struct message *message, struct seen *seen)
{
    struct span name;
    int32_t place;
    if (!read_plain(decoder, &name) || !names_find(&message->names, name.at, name.size, &place))
        return false;
    uint64_t bit = (uint64_t)1 << (place % 64);
    if (seen->fields[place / 64] & bit || !take(decoder, ':'))
        return false;
    seen->fields[place / 64] |= bit;
    size_t first = decoder->wire->size;
    return decode_field(decoder, &message->fields[place], seen) &&
           add_part(decoder, message->fields[place].number, first);
}

static bool decode_message(struct decoder *decoder, const struct message *message)
{
    size_t begin = decoder->part_count, start = decoder->wire->size;
    struct seen seen = {{0}, 0};
    bool goes_on;
    if (!message->sure || !open_level(decoder, '{'))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(decoder, '}', is_first, &goes_on))
            return false;
        if (!goes_on)
            return sort_parts(decoder, begin, start);
        if (!decode_member(decoder, message, &seen))
            return false;
    }
}

static bool decode_body(struct decoder *decoder, uint32_t message, int32_t field)
{
    const struct message *plan = &decoder->plans->messages[message];
    if (field < 0)
        return decode_message(decoder, plan);
    struct seen seen = {{0}, 0};
    /* Of the message around it, nothing may be required. */
    return plan->sure && peek(decoder) != 'n' && decode_field(decoder, &plan->fields[field], &seen);
}

bool decode(const struct plans *plans, uint32_t message, int32_t field, struct caps caps, const uint8_t *at, size_t size,
            struct buffer *wire, PyObject *checks, PyObject *texts)
{
    struct decoder decoder = {.plans = plans, .at = at, .end = at + size, .wire = wire, .caps = caps,
                              .checks = checks, .texts = texts};
    bool is_sure = decode_body(&decoder, message, field) && peek(&decoder) == 0 && decoder.at == decoder.end;
    PyMem_Free(decoder.text.at);
    PyMem_Free(decoder.sorted.at);
    PyMem_Free(decoder.keys.at);
    PyMem_Free(decoder.parts);
    return is_sure;
}
