/* The extension: `Plans(messages, enums)` with `encode` and `decode`, both None where they are not sure. */
#include "decoder.h"
#include "encoder.h"

typedef struct { PyObject_HEAD struct plans *plans; } Plans;

static PyObject *plans_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *messages, *enums;
    if (kwargs && PyDict_Size(kwargs))
        return PyErr_SetString(PyExc_TypeError, "Plans takes no names"), NULL;
    if (!PyArg_ParseTuple(args, "O!O!", &PyTuple_Type, &messages, &PyTuple_Type, &enums))
        return NULL;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Plans *self = (Plans *)alloc(type, 0);
    if (!self)
        return NULL;
    self->plans = plans_build(messages, enums);
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

static bool is_message(struct plans *plans, Py_ssize_t message)
{
    if (message >= 0 && message < (Py_ssize_t)plans->message_count)
        return true;
    PyErr_SetString(PyExc_IndexError, "no such message");
    return false;
}

static PyObject *plans_encode(PyObject *object, PyObject *args)
{
    struct plans *plans = ((Plans *)object)->plans;
    Py_ssize_t message;
    PyObject *bytes;
    char *at;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "nS", &message, &bytes) || PyBytes_AsStringAndSize(bytes, &at, &size) < 0)
        return NULL;
    if (!is_message(plans, message))
        return NULL;
    struct buffer json = {0};
    PyObject *written = NULL;
    bool is_sure = reserve(&json, (size_t)size + 64) &&
                   encode(plans, (uint32_t)message, (const uint8_t *)at, (size_t)size, &json);
    if (is_sure)
        written = PyBytes_FromStringAndSize((const char *)json.at, (Py_ssize_t)json.size);
    PyMem_Free(json.at);
    if (is_sure)
        return written;
    Py_RETURN_NONE;
}

static PyObject *finish(struct buffer *wire, PyObject *checks, PyObject *texts)
{
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)wire->at, (Py_ssize_t)wire->size);
    PyObject *read = bytes ? PyTuple_Pack(3, bytes, checks, texts) : NULL;
    Py_XDECREF(bytes);
    return read;
}

static PyObject *plans_decode(PyObject *object, PyObject *args)
{
    struct plans *plans = ((Plans *)object)->plans;
    Py_ssize_t message, field, size;
    unsigned depth, members;
    PyObject *bytes;
    char *at;
    if (!PyArg_ParseTuple(args, "nnIIS", &message, &field, &depth, &members, &bytes) ||
        PyBytes_AsStringAndSize(bytes, &at, &size) < 0 || !is_message(plans, message))
        return NULL;
    if (field < -1 || field >= (Py_ssize_t)plans->messages[message].count)
        return PyErr_SetString(PyExc_IndexError, "no such field"), NULL;
    PyObject *checks = PyList_New(0), *texts = PyList_New(0), *read = NULL;
    struct buffer wire = {0};
    bool is_sure = false;
    if (checks && texts) {
        struct caps caps = {depth, members};
        is_sure = reserve(&wire, (size_t)size + 64) &&
                  decode(plans, (uint32_t)message, (int32_t)field, caps, (const uint8_t *)at, (size_t)size, &wire,
                         checks, texts);
        if (is_sure)
            read = finish(&wire, checks, texts);
    }
    bool has_failed = !checks || !texts || (is_sure && !read);
    PyMem_Free(wire.at);
    Py_XDECREF(checks);
    Py_XDECREF(texts);
    if (has_failed || read)
        return read;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"encode", plans_encode, METH_VARARGS, "encode(message, wire): JSON"},
    {"decode", plans_decode, METH_VARARGS, "decode(message, field, depth, members, json): (wire, checks, texts)"},
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
