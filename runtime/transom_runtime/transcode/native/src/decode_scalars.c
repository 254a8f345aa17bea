/* Scalars, and the messages whose JSON is one. */
#include "decoder.h"

#include "looks.h"
#include "texts.h"

#include <float.h>
#include <math.h>

/* Texts that are not usual are judged outside, once all of the body is known to be well. */
bool note_text(struct decoder *decoder, int32_t check, const struct scalar *scalar)
{
    if (check < 0)
        return true;
    struct texts *texts = decoder->texts;
    const struct look *look = decoder->plans->checks[check];
    if (look && is_usual(look, scalar->at, scalar->size)) {
        texts->usual++;
        return true;
    }
    if (!texts->checks)
        texts->checks = PyList_New(0);
    if (!texts->texts)
        texts->texts = PyList_New(0);
    PyObject *number = PyLong_FromLong(check);
    PyObject *text = PyUnicode_DecodeUTF8((const char *)scalar->at, (Py_ssize_t)scalar->size, NULL);
    bool noted = texts->checks && texts->texts && number && text && PyList_Append(texts->checks, number) == 0 &&
                 PyList_Append(texts->texts, text) == 0;
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
    if (peek(&decoder->json) == '"') {
        if (!read_plain(&decoder->json, &raw) || !names_find(&names->names, raw.at, raw.size, &number))
            return false;
        *bits = (uint64_t)(int64_t)number;
        return true;
    }
    return !names->closed && read_integer(&decoder->json, INT32, bits);
}

static bool read_bytes(struct decoder *decoder, struct scalar *scalar)
{
    struct span raw;
    decoder->json.text.size = 0;
    if (!read_plain(&decoder->json, &raw) || !reserve(&decoder->json.text, raw.size + 1))
        return false;
    scalar->at = decoder->json.text.at;
    return read_base64(raw.at, raw.size, decoder->json.text.at, &scalar->size);
}

static bool read_float(struct decoder *decoder, struct scalar *scalar)
{
    if (!read_real(&decoder->json, &scalar->real) || fabs(scalar->real) > FLT_MAX)
        return false;
    float number = (float)scalar->real;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    scalar->bits = bits;
    return true;
}

bool read_json_scalar(struct decoder *decoder, const struct field *field, int32_t check, struct scalar *scalar)
{
    switch (field->kind) {
    case STRING:
        if (!read_string(&decoder->json, scalar) || !note_text(decoder, check, scalar))
            return false;
        scalar->bits = scalar->size;
        return true;
    case BYTES:
        if (!read_bytes(decoder, scalar))
            return false;
        scalar->bits = scalar->size;
        return true;
    case BOOL: return read_bool(&decoder->json, &scalar->bits);
    case ENUM: return read_enum(decoder, &decoder->plans->enums[field->sub], &scalar->bits);
    case FLOAT: return read_float(decoder, scalar);
    case DOUBLE:
        if (!read_real(&decoder->json, &scalar->real))
            return false;
        memcpy(&scalar->bits, &scalar->real, sizeof scalar->bits);
        return true;
    default: return field->kind < FLOAT && read_integer(&decoder->json, field->kind, &scalar->bits);
    }
}

bool decode_wrapper(struct decoder *decoder, const struct field *field)
{
    const struct field *value = &decoder->plans->messages[field->sub].fields[0];
    struct scalar scalar;
    if (!read_json_scalar(decoder, value, field->check, &scalar))
        return false;
    return !scalar.bits || (put_tag(decoder->wire, 1, type_of(value->kind)) &&
                            put_wire_scalar(decoder->wire, value->kind, &scalar));
}

bool decode_instant(struct decoder *decoder, int kind)
{
    struct span raw;
    int64_t seconds, nanos;
    struct buffer *wire = decoder->wire;
    if (!read_plain(&decoder->json, &raw))
        return false;
    if (!(kind == TIMESTAMP ? read_timestamp(raw, &seconds, &nanos) : read_duration(raw, &seconds, &nanos)))
        return false;
    if (seconds && !(put_tag(wire, 1, VARINT) && put_varint(wire, (uint64_t)seconds)))
        return false;
    return !nanos || (put_tag(wire, 2, VARINT) && put_varint(wire, (uint64_t)nanos));
}
