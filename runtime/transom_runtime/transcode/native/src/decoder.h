/* JSON to wire bytes.
 *
 * Sure of plain spellings only: every name known and given once, no member of a oneof beside another, integers as
 * digits. Fields go out by ascending number, as serializers write them.
 * Every function answers whether it is sure: no means that the pure codec has to judge, never that it refuses.
 */
#ifndef TRANSOM_DECODER_H
#define TRANSOM_DECODER_H

#include "json_reader.h"
#include "keys.h"

/* Where a field's bytes stand among those of its message. */
struct part { uint32_t number; size_t first, end; };
/* The fields and oneofs of a message that were there already, by their places. */
struct seen { uint64_t fields[MAX_FIELDS / 64], oneofs; };

/* The texts that have checks: how many are usual, and the others, each with the number of its check. */
struct texts { size_t usual; PyObject *checks, *texts; };

struct decoder {
    const struct plans *plans;
    struct json json;
    struct buffer *wire;
    struct buffer spare;  /* a message whose fields were out of order; a text of a query without its escapes */
    struct keys keys;
    struct part *parts;   /* of all messages that are open */
    size_t part_count, part_room;
    struct texts *texts;
};

/* A request as it came; without a body, `size` is 0. */
struct sent { const uint8_t *at; size_t size; PyObject *query, *variables, *resume; };

/* The lists of `texts` are made when there are some for them. */
bool decode(const struct plans *plans, const struct request *request, const struct sent *sent, struct buffer *wire,
            struct texts *texts);

bool decode_head(struct decoder *decoder, const struct request *request, const struct sent *sent, struct seen *seen);
bool add_part(struct decoder *decoder, uint32_t number, size_t first);
bool decode_message(struct decoder *decoder, const struct message *message);
bool decode_field(struct decoder *decoder, const struct field *field, struct seen *seen);
bool decode_struct(struct decoder *decoder, int32_t check);
bool decode_list(struct decoder *decoder, int32_t check);
bool decode_value(struct decoder *decoder, int32_t check);
bool decode_wrapper(struct decoder *decoder, const struct field *field);
bool decode_instant(struct decoder *decoder, int kind);
/* `bits` is 0 where the value is the default of a field without presence. */
bool read_json_scalar(struct decoder *decoder, const struct field *field, int32_t check, struct scalar *scalar);
bool note_text(struct decoder *decoder, int32_t check, const struct scalar *scalar);
#endif
