/* The two ways. Both answer whether they are sure: no means that the pure codec has to judge, never that it refuses. */
#ifndef TRANSOM_CODEC_H
#define TRANSOM_CODEC_H

#include "buffer.h"

/* A scalar's value, of whichever kind. */
struct scalar { uint64_t bits; double real; const uint8_t *at; size_t size; };

bool encode(const struct plans *plans, uint32_t message, const uint8_t *at, size_t size, struct buffer *json);

struct caps { uint32_t depth, members; };
/* `field` is the place of the field that the body is; -1: the body is the message. `checks` and `texts` are lists. */
bool decode(const struct plans *plans, uint32_t message, int32_t field, struct caps caps, const uint8_t *at, size_t size,
            struct buffer *wire, PyObject *checks, PyObject *texts);

/* Text of instants. */
bool put_timestamp(struct buffer *json, int64_t seconds, int64_t nanos);
bool put_duration(struct buffer *json, int64_t seconds, int64_t nanos);
bool read_timestamp(const uint8_t *at, size_t size, int64_t *seconds, int64_t *nanos);
bool read_duration(const uint8_t *at, size_t size, int64_t *seconds, int64_t *nanos);

/* Text of numbers and bytes. */
bool put_double(struct buffer *json, double number);
bool put_float(struct buffer *json, float number);
bool put_base64(struct buffer *json, const uint8_t *at, size_t size);
bool read_double(const uint8_t *at, size_t size, double *number);
/* `bytes` has room for three quarters of `size`. */
bool read_base64(const uint8_t *at, size_t size, uint8_t *bytes, size_t *count);
#endif
