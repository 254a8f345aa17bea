/* What opens and closes, counted against the caps. */
#include "json_reader.h"

#include "texts.h"

bool take_word(struct json *json, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(json->end - json->at) < size || memcmp(json->at, word, size) != 0)
        return false;
    json->at += size;
    return true;
}

/* Each against its own cap, as the pure codec counts them. */
static bool count(struct json *json, uint8_t bracket)
{
    return bracket == '}' ? ++json->members <= json->caps.members : ++json->elements <= json->caps.elements;
}

bool open_level(struct json *json, uint8_t bracket)
{
    return take(json, bracket) && ++json->depth <= json->caps.depth;
}

bool next_member(struct json *json, uint8_t bracket, bool is_first, bool *goes_on)
{
    *goes_on = false;
    if (peek(json) == bracket) {
        json->at++;
        json->depth--;
        return true;
    }
    *goes_on = true;
    return (is_first || take(json, ',')) && count(json, bracket);
}

bool read_bool(struct json *json, uint64_t *bits)
{
    *bits = peek(json) == 't';
    return take_word(json, *bits ? "true" : "false");
}
