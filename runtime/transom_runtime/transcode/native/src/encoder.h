/* Wire bytes to JSON.
 *
 * Sure of canonical wire bytes only, as serializers write them: fields by ascending number, each single field once, no
 * member of a oneof beside another, numbers in their shortest form. Fields that are not known are skipped.
 * Every function answers whether it is sure: no means that the pure codec has to judge, never that it refuses.
 */
#ifndef TRANSOM_ENCODER_H
#define TRANSOM_ENCODER_H

#include "json_writer.h"
#include "keys.h"

enum { DEEPEST = 64 }; /* messages in each other; the parser of protobuf takes 100 */

struct encoder { const struct plans *plans; struct buffer *json; struct keys keys; };

bool encode(const struct plans *plans, uint32_t message, const uint8_t *at, size_t size, struct buffer *json);
/* The texts of what is wanted of a message that was encoded; a new tuple, or null with an exception. */
PyObject *extract(const struct plans *plans, const struct response *response, const uint8_t *at, size_t size);

bool encode_message(struct encoder *encoder, const struct message *message, struct wire wire, int depth);
bool encode_struct(struct encoder *encoder, struct wire wire, int depth);
bool encode_value(struct encoder *encoder, struct wire wire, int depth);
bool encode_list(struct encoder *encoder, struct wire wire, int depth);
/* One value without its tag. */
bool encode_one(struct encoder *encoder, const struct field *field, struct wire *wire, int depth);
/* A single field, all elements that follow each other, or all entries; its first tag is read, and had the type. */
bool encode_field(struct encoder *encoder, const struct field *field, struct wire *wire, int type, int depth,
                         bool *is_first);
bool encode_map(struct encoder *encoder, const struct field *field, struct wire *wire, int type, int depth,
                       bool *is_first);
bool put_key(struct encoder *encoder, const struct field *field, bool *is_first);
bool read_next(struct wire *wire, const struct field *field, int *type, bool *goes_on);
#endif
