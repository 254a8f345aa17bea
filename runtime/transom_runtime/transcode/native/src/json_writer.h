/* JSON as it is written. */
#ifndef TRANSOM_JSON_WRITER_H
#define TRANSOM_JSON_WRITER_H

#include "wire.h"

/* A JSON string, its quotes included. */
bool put_string(struct buffer *json, const uint8_t *at, size_t size);
bool put_quoted(struct buffer *json, uint64_t bits, bool is_signed);
bool put_bool(struct buffer *json, bool value);
bool put_json_scalar(struct buffer *json, const struct plans *plans, const struct field *field, const struct scalar *scalar);

double as_double(uint64_t bits);
#endif
