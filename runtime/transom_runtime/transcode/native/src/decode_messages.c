/* Messages: their members as they come, their fields by ascending number in the end. */
#include "decoder.h"

static bool add_part(struct decoder *decoder, uint32_t number, size_t first)
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
    decoder->sorted.size = 0;
    for (size_t i = 0; i < count; i++)
        if (!put(&decoder->sorted, decoder->wire->at + parts[i].first, parts[i].end - parts[i].first))
            return false;
    if (decoder->sorted.size != decoder->wire->size - start)
        return false;
    memcpy(decoder->wire->at + start, decoder->sorted.at, decoder->sorted.size);
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

bool decode_message(struct decoder *decoder, const struct message *message)
{
    size_t begin = decoder->part_count, start = decoder->wire->size;
    struct seen seen = {{0}, 0};
    bool goes_on;
    if (!message->sure || !open_level(&decoder->json, '{'))
        return false;
    for (bool is_first = true;; is_first = false) {
        if (!next_member(&decoder->json, '}', is_first, &goes_on))
            return false;
        if (!goes_on)
            return sort_parts(decoder, begin, start);
        if (!decode_member(decoder, message, &seen))
            return false;
    }
}

static bool decode_body(struct decoder *decoder, uint32_t message, int32_t field)
{
    const struct message *plan = &decoder->plans->messages[message];
    if (field < 0)
        return decode_message(decoder, plan);
    struct seen seen = {{0}, 0};
    /* Of the message around it, nothing may be required. */
    return plan->sure && peek(&decoder->json) != 'n' && decode_field(decoder, &plan->fields[field], &seen);
}

bool decode(const struct plans *plans, uint32_t message, int32_t field, struct caps caps, const uint8_t *at, size_t size,
            struct buffer *wire, PyObject *checks, PyObject *texts)
{
    struct decoder decoder = {.plans = plans, .json = {.at = at, .end = at + size, .caps = caps}, .wire = wire,
                              .checks = checks, .texts = texts};
    bool is_sure = decode_body(&decoder, message, field) && peek(&decoder.json) == 0 && decoder.json.at == decoder.json.end;
    PyMem_Free(decoder.json.text.at);
    PyMem_Free(decoder.sorted.at);
    PyMem_Free(decoder.keys.at);
    PyMem_Free(decoder.parts);
    return is_sure;
}
