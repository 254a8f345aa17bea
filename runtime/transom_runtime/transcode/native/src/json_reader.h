/* JSON as it is read: a place in a body, and what was opened before it. */
#ifndef TRANSOM_JSON_READER_H
#define TRANSOM_JSON_READER_H

#include "wire.h"

struct caps { uint32_t depth, members, elements; };
struct json {
    const uint8_t *at, *end;
    uint32_t depth, members, elements; /* what is open; what was read of objects and of arrays */
    struct caps caps;
    struct buffer text;      /* the last string that had escapes, without them */
};

static inline void skip_blanks(struct json *json)
{
    while (json->at < json->end &&
           (*json->at == ' ' || *json->at == '\n' || *json->at == '\t' || *json->at == '\r'))
        json->at++;
}

/* The next byte that is no blank; 0, which no JSON holds, at the end. */
static inline uint8_t peek(struct json *json)
{
    skip_blanks(json);
    return json->at < json->end ? *json->at : 0;
}

static inline bool take(struct json *json, uint8_t byte)
{
    if (peek(json) != byte)
        return false;
    json->at++;
    return true;
}

bool take_word(struct json *json, const char *word);
bool open_level(struct json *json, uint8_t bracket);
/* Go on to the next member or element of what was opened; `goes_on` tells whether there is one. */
bool next_member(struct json *json, uint8_t bracket, bool is_first, bool *goes_on);

/* A string; where it has escapes, it stands in `json->text` until the next one is read. */
bool read_string(struct json *json, struct scalar *scalar);
/* A string without escapes. */
bool read_plain(struct json *json, struct span *raw);

bool read_bool(struct json *json, uint64_t *bits);
bool read_real(struct json *json, double *real);
/* An integer, as number or as text, that the kind can hold. */
bool read_integer(struct json *json, int kind, uint64_t *bits);
#endif
