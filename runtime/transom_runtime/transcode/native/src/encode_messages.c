/* Messages: one pass over the wire bytes, in step with the fields of the type. */
#include "encoder.h"

/* Nobody writes a field before one of a lower number: where a known one comes late, there may be two of it. */
static bool skip_unknown(const struct message *message, struct wire *wire, uint32_t number, int type, uint32_t next)
{
    for (uint32_t i = 0; i < next; i++)
        if (message->fields[i].number == number)
            return false;
    return message->skips_unknown && skip_field(wire, type);
}

/* Whether no other member of the field's oneof was there. */
static bool take_oneof(const struct field *field, uint64_t *oneofs)
{
    uint64_t bit = field->oneof < 0 ? 0 : (uint64_t)1 << field->oneof;
    if (*oneofs & bit)
        return false;
    *oneofs |= bit;
    return true;
}

bool encode_message(struct encoder *encoder, const struct message *message, struct wire wire, int depth)
{
    uint32_t number, next = 0;
    uint64_t oneofs = 0;
    bool is_first = true;
    int type;
    if (!message->sure || depth >= DEEPEST || !put_byte(encoder->json, '{'))
        return false;
    while (wire.at < wire.end) {
        if (!read_tag(&wire, &number, &type))
            return false;
        while (next < message->count && message->fields[next].number < number)
            next++;
        if (next == message->count || message->fields[next].number != number) {
            if (!skip_unknown(message, &wire, number, type, next))
                return false;
            continue;
        }
        const struct field *field = &message->fields[next++];
        if (!take_oneof(field, &oneofs) || !encode_field(encoder, field, &wire, type, depth, &is_first))
            return false;
    }
    return put_byte(encoder->json, '}');
}

bool encode(const struct plans *plans, uint32_t message, const uint8_t *at, size_t size, struct buffer *json)
{
    struct encoder encoder = {plans, json, {0}};
    bool is_sure = encode_message(&encoder, &plans->messages[message], (struct wire){at, at + size}, 0);
    PyMem_Free(encoder.keys.at);
    return is_sure;
}
