/* Building what is made of the types: how requests are read and what is wanted of responses. */
#include "tuples.h"

/* Whether one text can be put into a field. */
static bool takes_text(const struct field *field)
{
    return field->kind <= ENUM && !(field->flags & (REPEATED | MAP));
}

static bool has_text(const struct message *message, long place)
{
    return place >= 0 && place < (long)message->count && takes_text(&message->fields[place]);
}

static bool build_places(PyObject *told, int32_t **places, uint32_t *count)
{
    long place;
    Py_ssize_t size = count_of(told);
    if (size < 0)
        return false;
    *places = make((size_t)size, sizeof **places);
    if (!*places)
        return false;
    for (Py_ssize_t i = 0; i < size; i++) {
        if (!as_int(PyTuple_GetItem(told, i), 0, MAX_FIELDS - 1, &place))
            return false;
        (*places)[i] = (int32_t)place;
    }
    *count = (uint32_t)size;
    return true;
}

static bool build_head(const struct message *message, PyObject *variables, PyObject *query, struct request *request)
{
    if (!build_places(variables, &request->variables, &request->variable_count) ||
        !build_names(query, 0, &request->query))
        return false;
    for (uint32_t i = 0; i < request->variable_count; i++)
        if (!has_text(message, request->variables[i]))
            return wrong();
    for (uint32_t i = 0; i < request->query.count; i++)
        if (request->query.values[i] != -1 && !has_text(message, request->query.values[i]))
            return wrong();
    return request->resume == -1 || has_text(message, request->resume) ? true : wrong();
}

/* From (message, field, depth, members, elements, most, variables, query, resume, plus_is_space). */
static bool build_request(struct plans *plans, PyObject *told, struct request *request)
{
    long message, field, depth, members, elements, most, resume;
    if (count_of(told) != 10 || !as_int(PyTuple_GetItem(told, 0), 0, (long)plans->message_count - 1, &message) ||
        !as_int(PyTuple_GetItem(told, 1), -2, (long)plans->messages[message].count - 1, &field) ||
        !as_int(PyTuple_GetItem(told, 2), 0, INT32_MAX, &depth) ||
        !as_int(PyTuple_GetItem(told, 3), 0, INT32_MAX, &members) ||
        !as_int(PyTuple_GetItem(told, 4), 0, INT32_MAX, &elements) ||
        !as_int(PyTuple_GetItem(told, 5), 0, INT32_MAX, &most) ||
        !as_int(PyTuple_GetItem(told, 8), -1, MAX_FIELDS - 1, &resume))
        return wrong();
    request->message = (uint32_t)message;
    request->field = (int32_t)field;
    request->depth = (uint32_t)depth;
    request->members = (uint32_t)members;
    request->elements = (uint32_t)elements;
    request->most = (size_t)most;
    request->resume = (int32_t)resume;
    request->plus_is_space = PyTuple_GetItem(told, 9) == Py_True;
    return build_head(&plans->messages[message], PyTuple_GetItem(told, 6), PyTuple_GetItem(told, 7), request);
}

bool requests_build(struct plans *plans, PyObject *requests)
{
    Py_ssize_t count = count_of(requests);
    if (count < 0 || !(plans->requests = make((size_t)count, sizeof *plans->requests)))
        return false;
    plans->request_count = (uint32_t)count;
    for (uint32_t i = 0; i < plans->request_count; i++)
        if (!build_request(plans, PyTuple_GetItem(requests, i), &plans->requests[i]))
            return false;
    return true;
}

/* Through messages, to a scalar. */
static bool is_way(const struct plans *plans, const struct message *message, const struct wanted *wanted)
{
    for (uint32_t i = 0; i < wanted->count; i++) {
        if (wanted->path[i] >= (int32_t)message->count)
            return false;
        const struct field *field = &message->fields[wanted->path[i]];
        if (i + 1 == wanted->count)
            return takes_text(field);
        if (field->kind != MESSAGE || field->flags & (REPEATED | MAP))
            return false;
        message = &plans->messages[field->sub];
    }
    return false;
}

/* From (message, ((path, otherwise), ...)). */
static bool build_response(struct plans *plans, PyObject *told, struct response *response)
{
    long message;
    if (count_of(told) != 2 || !as_int(PyTuple_GetItem(told, 0), 0, (long)plans->message_count - 1, &message))
        return wrong();
    response->message = (uint32_t)message;
    PyObject *all = PyTuple_GetItem(told, 1);
    Py_ssize_t count = count_of(all);
    if (count < 0 || !(response->wanted = make((size_t)count, sizeof *response->wanted)))
        return false;
    response->wanted_count = (uint32_t)count;
    for (Py_ssize_t i = 0; i < count; i++) {
        struct wanted *wanted = &response->wanted[i];
        PyObject *pair = PyTuple_GetItem(all, i);
        if (count_of(pair) != 2 || !build_places(PyTuple_GetItem(pair, 0), &wanted->path, &wanted->count))
            return wrong();
        wanted->otherwise = PyTuple_GetItem(pair, 1);
        if (!PyUnicode_Check(wanted->otherwise) || !is_way(plans, &plans->messages[message], wanted))
            return wrong();
    }
    return true;
}

bool responses_build(struct plans *plans, PyObject *responses)
{
    Py_ssize_t count = count_of(responses);
    if (count < 0 || !(plans->responses = make((size_t)count, sizeof *plans->responses)))
        return false;
    plans->response_count = (uint32_t)count;
    for (uint32_t i = 0; i < plans->response_count; i++)
        if (!build_response(plans, PyTuple_GetItem(responses, i), &plans->responses[i]))
            return false;
    return true;
}
