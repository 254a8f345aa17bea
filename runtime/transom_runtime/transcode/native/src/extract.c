/* Single scalars of a message as texts. The message was written as JSON, so its bytes are known to be in order. */
#include "encoder.h"

/* Go to a field's value; where the field is not there, say no. */
static bool find(struct wire *wire, uint32_t wanted)
{
    uint32_t number;
    int type;
    while (wire->at < wire->end && read_tag(wire, &number, &type) && number <= wanted) {
        if (number == wanted)
            return true;
        if (!skip_field(wire, type))
            return false;
    }
    return false;
}

static const struct field *find_wanted(const struct plans *plans, const struct message *message,
                                       const struct wanted *wanted, struct wire *wire)
{
    for (uint32_t i = 0;; i++) {
        const struct field *field = &message->fields[wanted->path[i]];
        if (!find(wire, field->number))
            return NULL;
        if (i + 1 == wanted->count)
            return field;
        struct wire inner;
        if (!read_span(wire, &inner))
            return NULL;
        *wire = inner;
        message = &plans->messages[field->sub];
    }
}

/* As in JSON, without quotes. */
static PyObject *text_of(const struct plans *plans, const struct field *field, struct wire *wire)
{
    struct buffer json = {0};
    struct scalar scalar;
    PyObject *text = NULL;
    bool is_read = read_wire_scalar(wire, field->kind, &scalar);
    if (is_read && field->kind == STRING)
        return PyUnicode_DecodeUTF8((const char *)scalar.at, (Py_ssize_t)scalar.size, NULL);
    if (is_read && put_json_scalar(&json, plans, field, &scalar)) {
        size_t quotes = json.size && json.at[0] == '"';
        text = PyUnicode_DecodeUTF8((const char *)json.at + quotes, (Py_ssize_t)(json.size - 2 * quotes), NULL);
    }
    PyMem_Free(json.at);
    return text || PyErr_Occurred() ? text : PyErr_NoMemory();
}

PyObject *extract(const struct plans *plans, const struct response *response, const uint8_t *at, size_t size)
{
    PyObject *texts = PyTuple_New(response->wanted_count);
    for (uint32_t i = 0; texts && i < response->wanted_count; i++) {
        const struct wanted *wanted = &response->wanted[i];
        struct wire wire = {at, at + size};
        const struct field *field = find_wanted(plans, &plans->messages[response->message], wanted, &wire);
        PyObject *text = field ? text_of(plans, field, &wire) : Py_NewRef(wanted->otherwise);
        if (!text || PyTuple_SetItem(texts, i, text) < 0)
            Py_CLEAR(texts);
    }
    return texts;
}
