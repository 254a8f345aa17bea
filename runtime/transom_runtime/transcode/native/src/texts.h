/* Scalars as text, and back. What is not beyond doubt is left to the pure codec. */
#ifndef TRANSOM_TEXTS_H
#define TRANSOM_TEXTS_H

#include "buffer.h"

static inline bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

bool put_double(struct buffer *json, double number);
bool put_float(struct buffer *json, float number);
/* The number of a JSON text, which is known to be one. */
bool read_double(const uint8_t *at, size_t size, double *number);

bool put_base64(struct buffer *json, const uint8_t *at, size_t size);
/* `bytes` has room for three quarters of `size`. */
bool read_base64(const uint8_t *at, size_t size, uint8_t *bytes, size_t *count);

bool put_timestamp(struct buffer *json, int64_t seconds, int64_t nanos);
bool put_duration(struct buffer *json, int64_t seconds, int64_t nanos);
bool read_timestamp(struct span text, int64_t *seconds, int64_t *nanos);
bool read_duration(struct span text, int64_t *seconds, int64_t *nanos);
#endif
