/* Numbers, by the grammar of RFC 8259. */
#include "json_reader.h"

#include "texts.h"

/* `-0` is left to the other codec, which knows what was meant. */
static bool parse_integer(const uint8_t *at, const uint8_t *end, bool *is_negative, uint64_t *number)
{
    *is_negative = at < end && *at == '-';
    at += *is_negative;
    if (at == end || end - at > 20 || (*at == '0' && (end - at > 1 || *is_negative)))
        return false;
    *number = 0;
    for (; at < end; at++) {
        if (!is_digit(*at))
            return false;
        unsigned digit = (unsigned)(*at - '0');
        if (*number > (UINT64_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return true;
}

/* The extent of a number, by the grammar of RFC 8259. */
static bool scan_number(struct json *json, struct span *raw, bool *is_integer)
{
    skip_blanks(json);
    const uint8_t *at = json->at, *end = json->end, *digits;
    raw->at = at;
    *is_integer = true;
    at += at < end && *at == '-';
    if (at == end || !is_digit(*at))
        return false;
    if (*at == '0')
        at++;
    else
        while (at < end && is_digit(*at))
            at++;
    if (at < end && *at == '.') {
        *is_integer = false;
        for (digits = ++at; at < end && is_digit(*at); at++)
            ;
        if (at == digits)
            return false;
    }
    if (at < end && (*at | 0x20) == 'e') {
        *is_integer = false;
        at++;
        at += at < end && (*at == '+' || *at == '-');
        for (digits = at; at < end && is_digit(*at); at++)
            ;
        if (at == digits)
            return false;
    }
    if (at - raw->at > 64)
        return false;
    raw->size = (uint32_t)(at - raw->at);
    json->at = at;
    return true;
}

bool read_real(struct json *json, double *real)
{
    struct span raw;
    bool is_integer;
    if (!scan_number(json, &raw, &is_integer))
        return false;
    if (is_integer && raw.size == 2 && memcmp(raw.at, "-0", 2) == 0)
        return false;
    return read_double(raw.at, raw.size, real);
}

bool read_integer(struct json *json, int kind, uint64_t *bits)
{
    struct span raw;
    bool is_negative, is_integer = true;
    uint64_t number;
    if (!(peek(json) == '"' ? read_plain(json, &raw) : scan_number(json, &raw, &is_integer)))
        return false;
    if (!is_integer || !parse_integer(raw.at, raw.at + raw.size, &is_negative, &number))
        return false;
    uint64_t highest, lowest = 0;
    switch (kind) {
    case UINT32: case FIXED32: highest = UINT32_MAX; break;
    case UINT64: case FIXED64: highest = UINT64_MAX; break;
    case INT64: case SINT64: case SFIXED64: highest = INT64_MAX; lowest = (uint64_t)1 << 63; break;
    default: highest = INT32_MAX; lowest = (uint64_t)1 << 31;
    }
    if (number > (is_negative ? lowest : highest))
        return false;
    *bits = is_negative ? 0 - number : number;
    return true;
}
