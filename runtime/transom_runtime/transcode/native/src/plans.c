/* Building plans from the tuples of tables.py. Everything is checked here, so that the codec need not. */
#include "tuples.h"

#include <string.h>

bool wrong(void)
{
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "the plans are malformed");
    return false;
}

void *make(size_t count, size_t size)
{
    void *made = PyMem_Calloc(count ? count : 1, size);
    if (!made)
        PyErr_NoMemory();
    return made;
}

bool as_span(PyObject *bytes, struct span *span)
{
    char *at;
    Py_ssize_t size;
    if (!bytes || PyBytes_AsStringAndSize(bytes, &at, &size) < 0 || size > 1 << 20)
        return wrong();
    span->at = (const uint8_t *)at;
    span->size = (uint32_t)size;
    return true;
}

bool as_int(PyObject *number, long low, long high, long *value)
{
    if (!number)
        return wrong();
    *value = PyLong_AsLong(number);
    return (*value != -1 || !PyErr_Occurred()) && low <= *value && *value <= high ? true : wrong();
}

Py_ssize_t count_of(PyObject *tuple)
{
    Py_ssize_t count = tuple && PyTuple_Check(tuple) ? PyTuple_Size(tuple) : -1;
    if (count < 0 || count > 1 << 20)
        return wrong(), -1;
    return count;
}

bool build_names(PyObject *pairs, long high, struct names *names)
{
    Py_ssize_t count = count_of(pairs);
    if (count < 0)
        return false;
    uint32_t size = 2;
    while (size < 2 * (uint32_t)count)
        size *= 2;
    names->mask = size - 1;
    names->slots = make(size, sizeof *names->slots);
    names->keys = make((size_t)count, sizeof *names->keys);
    names->values = make((size_t)count, sizeof *names->values);
    if (!names->slots || !names->keys || !names->values)
        return false;
    memset(names->slots, 0xff, size * sizeof *names->slots);
    for (Py_ssize_t i = 0; i < count; i++) {
        long value;
        PyObject *pair = PyTuple_GetItem(pairs, i);
        if (count_of(pair) != 2 || !as_span(PyTuple_GetItem(pair, 0), &names->keys[i]) ||
            !as_int(PyTuple_GetItem(pair, 1), high ? 0 : INT32_MIN, high ? high - 1 : INT32_MAX, &value))
            return wrong();
        names->values[i] = (int32_t)value;
        uint32_t slot = (uint32_t)hash_bytes(names->keys[i].at, names->keys[i].size) & names->mask;
        while (names->slots[slot] >= 0)
            slot = (slot + 1) & names->mask;
        names->slots[slot] = (int32_t)i;
    }
    names->count = (uint32_t)count;
    return true;
}

static bool has_sub(struct plans *plans, struct field *field)
{
    uint32_t sub = (uint32_t)field->sub;
    if (field->kind == ENUM && !(field->flags & MAP))
        return sub < plans->enum_count;
    if (field->kind == MESSAGE || field->kind == WRAPPER || field->flags & MAP)
        return sub < plans->message_count;
    return true;
}

/* From (number, kind, flags, oneof, sub, check, key). */
static bool build_field(struct plans *plans, PyObject *told, struct field *field)
{
    long number, kind, flags, oneof, sub, check;
    if (count_of(told) != 7 || !as_int(PyTuple_GetItem(told, 0), 1, 536870911, &number) ||
        !as_int(PyTuple_GetItem(told, 1), 0, UNSURE, &kind) || !as_int(PyTuple_GetItem(told, 2), 0, 15, &flags) ||
        !as_int(PyTuple_GetItem(told, 3), -1, MAX_ONEOFS - 1, &oneof) ||
        !as_int(PyTuple_GetItem(told, 4), -1, 1 << 20, &sub) ||
        !as_int(PyTuple_GetItem(told, 5), -1, 1 << 20, &check) || !as_span(PyTuple_GetItem(told, 6), &field->key))
        return wrong();
    field->number = (uint32_t)number;
    field->kind = (uint8_t)kind;
    field->flags = (uint8_t)flags;
    field->oneof = (int16_t)oneof;
    field->sub = (int32_t)sub;
    field->check = (int32_t)check;
    return has_sub(plans, field) && check < (long)plans->check_count ? true : wrong();
}

/* From (sure, skips_unknown, fields by ascending number, names). */
static bool build_message(struct plans *plans, PyObject *told, struct message *message)
{
    if (count_of(told) != 4)
        return wrong();
    PyObject *fields = PyTuple_GetItem(told, 2);
    Py_ssize_t count = count_of(fields);
    if (count < 0 || count > MAX_FIELDS)
        return wrong();
    message->sure = PyTuple_GetItem(told, 0) == Py_True;
    message->skips_unknown = PyTuple_GetItem(told, 1) == Py_True;
    message->fields = make((size_t)count, sizeof *message->fields);
    if (!message->fields)
        return false;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!build_field(plans, PyTuple_GetItem(fields, i), &message->fields[i]))
            return false;
        if (i && message->fields[i].number <= message->fields[i - 1].number)
            return wrong();
    }
    message->count = (uint32_t)count;
    return build_names(PyTuple_GetItem(told, 3), count ? (long)count : 1, &message->names);
}

/* From (closed, ((number, text), ...) by ascending number, names). */
static bool build_enum(PyObject *told, struct enumeration *made)
{
    if (count_of(told) != 3)
        return wrong();
    PyObject *texts = PyTuple_GetItem(told, 1);
    Py_ssize_t count = count_of(texts);
    if (count < 0)
        return false;
    made->closed = PyTuple_GetItem(told, 0) == Py_True;
    made->numbers = make((size_t)count, sizeof *made->numbers);
    made->texts = make((size_t)count, sizeof *made->texts);
    if (!made->numbers || !made->texts)
        return false;
    for (Py_ssize_t i = 0; i < count; i++) {
        long number;
        PyObject *pair = PyTuple_GetItem(texts, i);
        if (count_of(pair) != 2 || !as_int(PyTuple_GetItem(pair, 0), INT32_MIN, INT32_MAX, &number) ||
            !as_span(PyTuple_GetItem(pair, 1), &made->texts[i]) || (i && number <= made->numbers[i - 1]))
            return wrong();
        made->numbers[i] = (int32_t)number;
    }
    made->count = (uint32_t)count;
    return build_names(PyTuple_GetItem(told, 2), 0, &made->names);
}

/* A wrapper and a map's entry are used by the places of their fields. */
static bool is_shaped(struct plans *plans, struct field *field)
{
    if (!(field->flags & MAP) && field->kind != WRAPPER)
        return true;
    struct message *sub = &plans->messages[field->sub];
    uint32_t wanted = field->flags & MAP ? 2 : 1;
    if (sub->count != wanted || sub->fields[0].number != 1 || sub->fields[0].kind >= ENUM)
        return wrong();
    if (wanted == 2 && (sub->fields[1].number != 2 || sub->fields[1].flags & (MAP | REPEATED)))
        return wrong();
    return sub->fields[0].flags & (MAP | REPEATED) ? wrong() : true;
}

static bool build(struct plans *plans, PyObject *messages, PyObject *enums)
{
    for (uint32_t i = 0; i < plans->enum_count; i++)
        if (!build_enum(PyTuple_GetItem(enums, i), &plans->enums[i]))
            return false;
    for (uint32_t i = 0; i < plans->message_count; i++)
        if (!build_message(plans, PyTuple_GetItem(messages, i), &plans->messages[i]))
            return false;
    for (uint32_t i = 0; i < plans->message_count; i++)
        for (uint32_t j = 0; j < plans->messages[i].count; j++)
            if (!is_shaped(plans, &plans->messages[i].fields[j]))
                return false;
    return true;
}

struct plans *plans_build(PyObject *tables)
{
    PyObject *messages = PyTuple_GetItem(tables, 0), *enums = PyTuple_GetItem(tables, 1);
    Py_ssize_t message_count = count_of(messages), enum_count = count_of(enums);
    if (message_count < 0 || enum_count < 0)
        return NULL;
    struct plans *plans = make(1, sizeof *plans);
    if (!plans)
        return NULL;
    plans->source = Py_NewRef(tables);
    plans->messages = make((size_t)message_count, sizeof *plans->messages);
    plans->enums = make((size_t)enum_count, sizeof *plans->enums);
    if (plans->messages && plans->enums) {
        plans->message_count = (uint32_t)message_count;
        plans->enum_count = (uint32_t)enum_count;
        if (looks_build(plans, PyTuple_GetItem(tables, 4), PyTuple_GetItem(tables, 5)) &&
            build(plans, messages, enums) && requests_build(plans, PyTuple_GetItem(tables, 2)) &&
            responses_build(plans, PyTuple_GetItem(tables, 3)))
            return plans;
    }
    plans_free(plans);
    return NULL;
}

static void free_names(struct names *names)
{
    PyMem_Free(names->slots);
    PyMem_Free(names->keys);
    PyMem_Free(names->values);
}

static void free_response(struct response *response)
{
    for (uint32_t i = 0; i < response->wanted_count; i++)
        PyMem_Free(response->wanted[i].path);
    PyMem_Free(response->wanted);
}

void plans_free(struct plans *plans)
{
    for (uint32_t i = 0; i < plans->message_count; i++) {
        PyMem_Free(plans->messages[i].fields);
        free_names(&plans->messages[i].names);
    }
    for (uint32_t i = 0; i < plans->enum_count; i++) {
        PyMem_Free(plans->enums[i].numbers);
        PyMem_Free(plans->enums[i].texts);
        free_names(&plans->enums[i].names);
    }
    for (uint32_t i = 0; i < plans->request_count; i++) {
        PyMem_Free(plans->requests[i].variables);
        free_names(&plans->requests[i].query);
    }
    for (uint32_t i = 0; i < plans->response_count; i++)
        free_response(&plans->responses[i]);
    looks_free(plans);
    PyMem_Free(plans->requests);
    PyMem_Free(plans->responses);
    PyMem_Free(plans->messages);
    PyMem_Free(plans->enums);
    Py_XDECREF(plans->source);
    PyMem_Free(plans);
}
