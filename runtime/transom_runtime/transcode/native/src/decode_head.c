/* The texts of a request beside its body: variables of its path, parameters of its query, its Last-Event-ID.
 *
 * Sure of scalars of the request itself only, each given once.
 */
#include "decoder.h"

#include "texts.h"
#include "utf8.h"

static bool read_bool_text(struct span text, uint64_t *bits)
{
    *bits = text.size == 4 && memcmp(text.at, "true", 4) == 0;
    return *bits || (text.size == 5 && memcmp(text.at, "false", 5) == 0);
}

/* A number by the rules of the body, all of which was read. */
static bool read_number_text(struct decoder *decoder, const struct field *field, struct span text, struct scalar *scalar)
{
    if (!text.size || !(is_digit(*text.at) || *text.at == '-'))
        return false;
    decoder->json.at = text.at;
    decoder->json.end = text.at + text.size;
    return read_json_scalar(decoder, field, -1, scalar) && decoder->json.at == decoder->json.end;
}

static bool read_bytes_text(struct decoder *decoder, struct span text, struct scalar *scalar)
{
    decoder->json.text.size = 0;
    if (!reserve(&decoder->json.text, text.size + 1))
        return false;
    scalar->at = decoder->json.text.at;
    if (!read_base64(text.at, text.size, decoder->json.text.at, &scalar->size))
        return false;
    scalar->bits = scalar->size;
    return true;
}

static bool read_text(struct decoder *decoder, const struct field *field, struct span text, struct scalar *scalar)
{
    int32_t number;
    switch (field->kind) {
    case STRING:
        scalar->at = text.at;
        scalar->bits = scalar->size = text.size;
        return note_text(decoder, field->check, scalar);
    case BYTES: return read_bytes_text(decoder, text, scalar);
    case BOOL: return read_bool_text(text, &scalar->bits);
    case ENUM:
        if (!names_find(&decoder->plans->enums[field->sub].names, text.at, text.size, &number))
            return read_number_text(decoder, field, text, scalar);
        scalar->bits = (uint64_t)(int64_t)number;
        return true;
    default: return read_number_text(decoder, field, text, scalar);
    }
}

/* Whether the body gave a field nothing, or the very value that was put behind it now, which is taken away then. */
static bool agrees(struct decoder *decoder, uint32_t number, size_t first)
{
    struct buffer *wire = decoder->wire;
    for (size_t i = 0; i < decoder->part_count; i++) {
        struct part part = decoder->parts[i];
        if (part.number != number || part.first == part.end)
            continue;
        if (part.end - part.first != wire->size - first ||
            memcmp(wire->at + part.first, wire->at + first, wire->size - first) != 0)
            return false;
        wire->size = first;
    }
    return true;
}

static bool put_text(struct decoder *decoder, const struct message *message, int32_t place, struct span text,
                     struct seen *seen, bool may_be_there)
{
    const struct field *field = &message->fields[place];
    uint64_t bit = (uint64_t)1 << (place % 64);
    bool is_there = seen->fields[place / 64] & bit;
    size_t first = decoder->wire->size;
    struct scalar scalar;
    if (is_there && !may_be_there)
        return false;
    /* A oneof is not looked into: who else is there would have to be told. */
    if (field->oneof >= 0 && (is_there || seen->oneofs >> field->oneof & 1))
        return false;
    if (field->oneof >= 0)
        seen->oneofs |= (uint64_t)1 << field->oneof;
    seen->fields[place / 64] |= bit;
    if (!read_text(decoder, field, text, &scalar))
        return false;
    if ((scalar.bits || field->flags & PRESENCE) &&
        (!put_tag(decoder->wire, field->number, type_of(field->kind)) ||
         !put_wire_scalar(decoder->wire, field->kind, &scalar)))
        return false;
    return (!is_there || agrees(decoder, field->number, first)) && add_part(decoder, field->number, first);
}

static bool as_text(PyObject *object, struct span *text)
{
    Py_ssize_t size = 0;
    const char *at = object ? PyUnicode_AsUTF8AndSize(object, &size) : NULL;
    if (!at)
        PyErr_Clear();
    text->at = (const uint8_t *)at;
    text->size = (uint32_t)size;
    return at && size <= INT32_MAX;
}

static int hex_of(uint8_t byte)
{
    uint8_t lower = byte | 0x20;
    return is_digit(byte) ? byte - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool is_utf8(struct span text)
{
    for (const uint8_t *at = text.at, *end = at + text.size; at < end;) {
        size_t width = *at < 0x80 ? 1 : utf8_size(at, end);
        if (!width || (size_t)(end - at) < width)
            return false;
        at += width;
    }
    return true;
}

/* The text without its escapes, which is in `spare` where it had some. */
static bool unescape(struct decoder *decoder, bool plus_is_space, struct span *text)
{
    struct buffer *plain = &decoder->spare;
    bool is_changed = false;
    for (uint32_t i = 0; i < text->size && !is_changed; i++)
        is_changed = text->at[i] == '%' || text->at[i] == '+';
    if (!is_changed)
        return true;
    plain->size = 0;
    if (!reserve(plain, text->size))
        return false;
    for (const uint8_t *at = text->at, *end = at + text->size; at < end; at++) {
        uint8_t byte = *at == '+' && plus_is_space ? ' ' : *at;
        if (byte == '%') {
            if (end - at < 3 || hex_of(at[1]) < 0 || hex_of(at[2]) < 0)
                return false;
            byte = (uint8_t)(hex_of(at[1]) << 4 | hex_of(at[2]));
            at += 2;
        }
        plain->at[plain->size++] = byte;
    }
    *text = (struct span){plain->at, (uint32_t)plain->size};
    return is_utf8(*text);
}

/* `name=text`, or `name`. */
static bool put_pair(struct decoder *decoder, const struct request *request, const struct message *message,
                     struct span pair, struct seen *seen)
{
    const uint8_t *equals = memchr(pair.at, '=', pair.size), *end = pair.at + pair.size;
    const uint8_t *after = equals ? equals + 1 : end;
    struct span name = {pair.at, (uint32_t)((equals ? equals : end) - pair.at)}, text = {after, (uint32_t)(end - after)};
    int32_t place;
    if (!names_find(&request->query, name.at, name.size, &place) ||
        !unescape(decoder, request->plus_is_space, &text))
        return false;
    return place < 0 || put_text(decoder, message, place, text, seen, false);
}

static bool put_query(struct decoder *decoder, const struct request *request, const struct message *message,
                      struct span query, struct seen *seen)
{
    for (const uint8_t *at = query.at, *end = at + query.size; at < end; at++) {
        const uint8_t *next = memchr(at, '&', (size_t)(end - at));
        struct span pair = {at, (uint32_t)((next ? next : end) - at)};
        if (pair.size && !put_pair(decoder, request, message, pair, seen))
            return false;
        at += pair.size;
    }
    return true;
}

bool decode_head(struct decoder *decoder, const struct request *request, const struct sent *sent, struct seen *seen)
{
    const struct message *message = &decoder->plans->messages[request->message];
    struct span text;
    if (!as_text(sent->query, &text) || !put_query(decoder, request, message, text, seen))
        return false;
    if (PyTuple_Size(sent->variables) != (Py_ssize_t)request->variable_count)
        return PyErr_Clear(), false;
    for (uint32_t i = 0; i < request->variable_count; i++)
        if (!as_text(PyTuple_GetItem(sent->variables, i), &text) ||
            !put_text(decoder, message, request->variables[i], text, seen, true))
            return false;
    if (request->resume < 0)
        return true;
    return as_text(sent->resume, &text) && (!text.size || put_text(decoder, message, request->resume, text, seen, false));
}
