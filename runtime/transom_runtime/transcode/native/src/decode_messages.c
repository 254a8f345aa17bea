/* Messages: their members as they come, their fields by ascending number in the end. */
#include "decoder.h"

bool add_part(struct decoder *decoder, uint32_t number, size_t first)
{
    if (decoder->part_count == decoder->part_room) {
        size_t room = decoder->part_room ? decoder->part_room * 2 : 64;
        struct part *parts = PyMem_Realloc(decoder->parts, room * sizeof *parts);
        if (!parts)
            return false;
        decoder->parts = parts;
        decoder->part_room = room;
    }
    decoder->parts[decoder->part_count++] = (struct part){number, first, decoder->wire->size};
    return true;
}

/* Put the fields of a message, at most 256, in order. */
static bool sort_parts(struct decoder *decoder, size_t begin, size_t start)
{
    struct part *parts = decoder->parts + begin;
    size_t count = decoder->part_count - begin;
    decoder->part_count = begin;
    bool in_order = true;
    for (size_t i = 1; i < count; i++) {
        struct part part = parts[i];
        size_t j = i;
        for (; j && parts[j - 1].number > part.number; j--)
            parts[j] = parts[j - 1];
        in_order &= j == i;
        parts[j] = part;
    }
    if (in_order)
        return true;
    decoder->spare.size = 0;
    for (size_t i = 0; i < count; i++)
        if (!put(&decoder->spare, decoder->wire->at + parts[i].first, parts[i].end - parts[i].first))
            return false;
    if (decoder->spare.size != decoder->wire->size - start)
        return false;
    memcpy(decoder->wire->at + start, decoder->spare.at, decoder->spare.size);
    return true;
}

static bool decode_member(struct decoder *decoder, const struct message *message, struct seen *seen)
{
    struct span name;
    int32_t place;
    if (!read_plain(&decoder->json, &name) || !names_find(&message->names, name.at, name.size, &place))
        return false;
    uint64_t bit = (uint64_t)1 << (place % 64);
    if (seen->fields[place / 64] & bit || !take(&decoder->json, ':'))
        return false;
    seen->fields[place / 64] |= bit;
    size_t first = decoder->wire->size;
    return decode_field(decoder, &message->fields[place], seen) &&
           add_part(decoder, message->fields[place].number, first);
}

static bool decode_members(struct decoder *decoder, const struct message *message, struct seen *seen)
{
    bool goes_on;
    if (!message->sure || !open_level(&decoder->json, '{'))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(&decoder->json, '}', is_first, &goes_on))
            return false;
        if (!goes_on)
            return true;
        if (!decode_member(decoder, message, seen))
            return false;
    }
}

bool decode_message(struct decoder *decoder, const struct message *message)
{
    size_t begin = decoder->part_count, start = decoder->wire->size;
    struct seen seen = {{0}, 0};
    return decode_members(decoder, message, &seen) && sort_parts(decoder, begin, start);
}

static bool decode_body(struct decoder *decoder, const struct message *plan, int32_t place, struct seen *seen)
{
    if (place < -1)
        return false;
    if (place < 0) {
        if (!decode_members(decoder, plan, seen))
            return false;
    } else {
        const struct field *field = &plan->fields[place];
        seen->fields[place / 64] |= (uint64_t)1 << (place % 64);
        if (peek(&decoder->json) == 'n' || !decode_field(decoder, field, seen) || !add_part(decoder, field->number, 0))
            return false;
    }
    return peek(&decoder->json) == 0 && decoder->json.at == decoder->json.end;
}

static bool decode_all(struct decoder *decoder, const struct request *request, const struct sent *sent)
{
    const struct message *message = &decoder->plans->messages[request->message];
    struct seen seen = {{0}, 0};
    /* Whatever the body is, nothing of the message around it may be required. */
    return message->sure && (!sent->size || decode_body(decoder, message, request->field, &seen)) &&
           decode_head(decoder, request, sent, &seen) && sort_parts(decoder, 0, 0);
}

bool decode(const struct plans *plans, const struct request *request, const struct sent *sent, struct buffer *wire,
            struct texts *texts)
{
    struct json json = {.at = sent->at, .end = sent->at + sent->size, .caps = {request->depth, request->members, request->elements}};
    struct decoder decoder = {.plans = plans, .json = json, .wire = wire, .texts = texts};
    bool is_sure = decode_all(&decoder, request, sent);
    PyMem_Free(decoder.json.text.at);
    PyMem_Free(decoder.spare.at);
    PyMem_Free(decoder.keys.at);
    PyMem_Free(decoder.parts);
    return is_sure;
}
