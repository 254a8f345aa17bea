/* Strings: scanned first, and copied only where there is an escape to undo. */
#include "json_reader.h"

#include "utf8.h"

/* A string as it stands between its quotes: `is_plain` where it has no escapes. */
static bool scan_string(struct json *json, struct span *raw, bool *is_plain)
{
    if (!take(json, '"'))
        return false;
    const uint8_t *at = json->at, *end = json->end;
    raw->at = at;
    *is_plain = true;
    for (;;) {
        while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
            at++;
        if (at == end || *at < 0x20)
            return false;
        if (*at == '"')
            break;
        size_t width = *at == '\\' ? 2 : utf8_size(at, end);
        if (*at == '\\')
            *is_plain = false;
        if (!width || (size_t)(end - at) < width || (*at == '\\' && (at[1] < 0x20 || at[1] >= 0x80)))
            return false;
        at += width;
    }
    if (at - raw->at > INT32_MAX)
        return false;
    raw->size = (uint32_t)(at - raw->at);
    json->at = at + 1;
    return true;
}

static bool read_hex(const uint8_t *at, const uint8_t *end, uint32_t *unit)
{
    if (end - at < 4)
        return false;
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t byte = at[i];
        if (byte >= '0' && byte <= '9')
            *unit = *unit << 4 | (uint32_t)(byte - '0');
        else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
            *unit = *unit << 4 | (uint32_t)((byte | 0x20) - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* The escape whose `u` was read. */
static bool put_unicode(struct buffer *text, const uint8_t **at, const uint8_t *end)
{
    uint32_t unit, low;
    if (!read_hex(*at, end, &unit))
        return false;
    *at += 4;
    if (unit < 0xd800 || unit > 0xdfff)
        return put_character(text, unit);
    if (unit > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' || !read_hex(*at + 2, end, &low))
        return false;
    *at += 6;
    return low >= 0xdc00 && low <= 0xdfff && put_character(text, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
}

static bool put_escape(struct buffer *text, const uint8_t **at, const uint8_t *end)
{
    switch (*(*at)++) {
    case '"': return put_byte(text, '"');
    case '\\': return put_byte(text, '\\');
    case '/': return put_byte(text, '/');
    case 'b': return put_byte(text, '\b');
    case 'f': return put_byte(text, '\f');
    case 'n': return put_byte(text, '\n');
    case 'r': return put_byte(text, '\r');
    case 't': return put_byte(text, '\t');
    case 'u': return put_unicode(text, at, end);
    default: return false;
    }
}

bool read_string(struct json *json, struct scalar *scalar)
{
    struct span raw;
    bool is_plain;
    if (!scan_string(json, &raw, &is_plain))
        return false;
    scalar->at = raw.at;
    scalar->size = raw.size;
    if (is_plain)
        return true;
    const uint8_t *at = raw.at, *end = raw.at + raw.size;
    json->text.size = 0;
    if (!reserve(&json->text, raw.size))
        return false;
    while (at < end) {
        const uint8_t *plain = at;
        while (at < end && *at != '\\')
            at++;
        if (!put(&json->text, plain, (size_t)(at - plain)))
            return false;
        if (at == end)
            break;
        at++; /* one more byte is sure to follow: the scan saw it */
        if (!put_escape(&json->text, &at, end))
            return false;
    }
    scalar->at = json->text.at;
    scalar->size = json->text.size;
    return true;
}

bool read_plain(struct json *json, struct span *raw)
{
    bool is_plain;
    return scan_string(json, raw, &is_plain) && is_plain;
}
