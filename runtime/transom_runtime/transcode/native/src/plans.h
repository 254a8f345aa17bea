/* Plans: flat tables of message types, compiled once from descriptors by plans.py, immutable afterwards. */
#ifndef TRANSOM_PLANS_H
#define TRANSOM_PLANS_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

/* The numbers are those of plans.py. The first 16 are scalars. */
enum kind {
    INT32, INT64, UINT32, UINT64, SINT32, SINT64, FIXED32, FIXED64, SFIXED32, SFIXED64,
    FLOAT, DOUBLE, BOOL, STRING, BYTES, ENUM,
    MESSAGE, WRAPPER, TIMESTAMP, DURATION, STRUCT, VALUE, LIST_VALUE, UNSURE,
};
enum { REPEATED = 1, MAP = 2, PRESENCE = 4, PACKED = 8 };
enum { MAX_FIELDS = 256, MAX_ONEOFS = 64 };

struct span { const uint8_t *at; uint32_t size; };

/* Names to values, by open addressing in a table at most half full. */
struct names { uint32_t mask; int32_t *slots; uint32_t count; struct span *keys; int32_t *values; };

struct field {
    uint32_t number;
    uint8_t kind, flags;
    int16_t oneof;     /* -1: none */
    int32_t sub;       /* of an enum, a message, a wrapper or a map's entry: its place in its table */
    int32_t check;     /* which check its texts pass: its place in its table; -1: none */
    struct span key;   /* `"name":`, as JSON is written */
};
struct message { bool sure, skips_unknown; uint32_t count; struct field *fields; struct names names; };
struct enumeration { bool closed; uint32_t count; int32_t *numbers; struct span *texts; struct names names; };

/* How the requests of a binding are read: their body, the variables of their path, their query. */
struct request {
    uint32_t message;
    int32_t field;           /* the place of the field that the body is; -1: the body is the message; -2: there is none */
    int32_t resume;          /* the place of the field that the Last-Event-ID goes to; -1: none */
    uint32_t depth, members, elements; /* caps */
    size_t most;             /* bytes of the body */
    uint32_t variable_count;
    int32_t *variables;      /* the places of their fields */
    struct names query;      /* the places of the fields that it may name; -1: what is no field and yet no mistake */
    bool plus_is_space;
};
/* A scalar wanted as text: the places of the fields on the way to it, and the text where it is not there. */
struct wanted { uint32_t count; int32_t *path; PyObject *otherwise; };
struct response { uint32_t message, wanted_count; struct wanted *wanted; };

struct look;

struct plans {
    PyObject *source;  /* keeps all texts alive */
    uint32_t message_count, enum_count, request_count, response_count, look_count, check_count;
    struct message *messages;
    struct enumeration *enums;
    struct request *requests;
    struct response *responses;
    struct look *looks;
    const struct look **checks; /* the look of each; null: there is none */
};

/* From (messages, enums, requests, responses, looks, checks). */
struct plans *plans_build(PyObject *tables);
bool requests_build(struct plans *plans, PyObject *requests);
bool responses_build(struct plans *plans, PyObject *responses);
bool looks_build(struct plans *plans, PyObject *looks, PyObject *checks);
void looks_free(struct plans *plans);
void plans_free(struct plans *plans);
bool names_find(const struct names *names, const uint8_t *at, size_t size, int32_t *value);
uint64_t hash_bytes(const uint8_t *at, size_t size);
#endif
