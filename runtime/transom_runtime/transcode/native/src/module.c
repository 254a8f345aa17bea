/* The extension: `Plans(messages, enums, requests, responses, looks, checks)` with `encode` and `decode`, both None where they are not sure. */
#include "decoder.h"
#include "encoder.h"

typedef struct { PyObject_HEAD struct plans *plans; } Plans;

static PyObject *plans_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    if (kwargs && PyDict_Size(kwargs))
        return PyErr_SetString(PyExc_TypeError, "Plans takes no names"), NULL;
    if (PyTuple_Size(args) != 6)
        return PyErr_SetString(PyExc_TypeError, "Plans takes six tuples"), NULL;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Plans *self = (Plans *)alloc(type, 0);
    if (!self)
        return NULL;
    self->plans = plans_build(args);
    if (!self->plans) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void plans_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    if (((Plans *)object)->plans)
        plans_free(((Plans *)object)->plans);
    release(object);
    Py_DECREF(type);
}

/* The first argument: a place in one of the tables. */
static bool take_place(PyObject *const *args, Py_ssize_t given, Py_ssize_t wanted, uint32_t count, Py_ssize_t *place)
{
    if (given != wanted)
        return PyErr_SetString(PyExc_TypeError, "wrong number of arguments"), false;
    *place = PyLong_AsSsize_t(args[0]);
    if (*place >= 0 && *place < (Py_ssize_t)count)
        return true;
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_IndexError, "no such place");
    return false;
}

static PyObject *finish_json(const struct plans *plans, const struct response *response, const uint8_t *at, size_t size,
                             const struct buffer *json)
{
    PyObject *written = PyBytes_FromStringAndSize((const char *)json->at, (Py_ssize_t)json->size);
    if (!response->wanted_count || !written)
        return written;
    PyObject *texts = extract(plans, response, at, size);
    PyObject *both = texts ? PyTuple_Pack(2, written, texts) : NULL;
    Py_XDECREF(texts);
    Py_DECREF(written);
    return both;
}

static PyObject *plans_encode(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    const struct plans *plans = ((Plans *)object)->plans;
    Py_ssize_t place, size;
    char *at;
    if (!take_place(args, count, 2, plans->response_count, &place) || PyBytes_AsStringAndSize(args[1], &at, &size) < 0)
        return NULL;
    const struct response *response = &plans->responses[place];
    const uint8_t *wire = (const uint8_t *)at;
    struct buffer json = {0};
    PyObject *written = NULL;
    bool is_sure = reserve(&json, (size_t)size + 64) && encode(plans, response->message, wire, (size_t)size, &json);
    if (is_sure)
        written = finish_json(plans, response, wire, (size_t)size, &json);
    PyMem_Free(json.at);
    if (is_sure)
        return written;
    Py_RETURN_NONE;
}

static PyObject *finish_wire(const struct buffer *wire, const struct texts *texts)
{
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)wire->at, (Py_ssize_t)wire->size);
    if (!bytes || (!texts->usual && !texts->checks))
        return bytes;
    PyObject *usual = PyLong_FromSize_t(texts->usual), *read = NULL;
    if (usual && texts->checks)
        read = PyTuple_Pack(4, bytes, usual, texts->checks, texts->texts);
    else if (usual)
        read = PyTuple_Pack(2, bytes, usual);
    Py_XDECREF(usual);
    Py_DECREF(bytes);
    return read;
}

static PyObject *plans_decode(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    const struct plans *plans = ((Plans *)object)->plans;
    Py_ssize_t place, size;
    char *at;
    if (!take_place(args, count, 5, plans->request_count, &place) || PyBytes_AsStringAndSize(args[1], &at, &size) < 0)
        return NULL;
    if (!PyUnicode_Check(args[2]) || !PyTuple_Check(args[3]) || !PyUnicode_Check(args[4]))
        return PyErr_SetString(PyExc_TypeError, "a text, a tuple of texts and a text are wanted"), NULL;
    const struct request *request = &plans->requests[place];
    struct sent sent = {(const uint8_t *)at, (size_t)size, args[2], args[3], args[4]};
    PyObject *read = NULL;
    struct texts texts = {0};
    struct buffer wire = {0};
    bool is_sure = (size_t)size <= request->most && reserve(&wire, (size_t)size + 64) &&
                   decode(plans, request, &sent, &wire, &texts);
    if (is_sure)
        read = finish_wire(&wire, &texts);
    PyMem_Free(wire.at);
    Py_XDECREF(texts.checks);
    Py_XDECREF(texts.texts);
    if (is_sure)
        return read;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"encode", (PyCFunction)(void (*)(void))plans_encode, METH_FASTCALL, "encode(response, wire): JSON, or (JSON, texts)"},
    {"decode", (PyCFunction)(void (*)(void))plans_decode, METH_FASTCALL,
     "decode(request, body, query, variables, resume): wire, or (wire, usual[, checks, texts])"},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot slots[] = {
    {Py_tp_new, plans_new}, {Py_tp_dealloc, plans_dealloc}, {Py_tp_methods, methods}, {0, NULL},
};
static PyType_Spec spec = {"transom_runtime.transcode.native._codec.Plans", sizeof(Plans), 0, Py_TPFLAGS_DEFAULT, slots};

static int fill_module(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&spec);
    if (!type)
        return -1;
    int added = PyModule_AddObjectRef(module, "Plans", type);
    Py_DECREF(type);
    return added;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, fill_module}, {0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_codec", NULL, 0, NULL, module_slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__codec(void)
{
    return PyModuleDef_Init(&module);
}
