/* Base64: the standard alphabet with padding is written, either alphabet is read. */
#include "texts.h"

bool put_base64(struct buffer *json, const uint8_t *at, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (size > SIZE_MAX / 8 || !reserve(json, size / 3 * 4 + 8))
        return false;
    uint8_t *out = json->at + json->size;
    *out++ = '"';
    for (; size >= 3; at += 3, size -= 3) {
        *out++ = (uint8_t)digits[at[0] >> 2];
        *out++ = (uint8_t)digits[(at[0] & 3) << 4 | at[1] >> 4];
        *out++ = (uint8_t)digits[(at[1] & 15) << 2 | at[2] >> 6];
        *out++ = (uint8_t)digits[at[2] & 63];
    }
    if (size) {
        uint8_t second = size == 2 ? at[1] : 0;
        *out++ = (uint8_t)digits[at[0] >> 2];
        *out++ = (uint8_t)digits[(at[0] & 3) << 4 | second >> 4];
        *out++ = size == 2 ? (uint8_t)digits[(second & 15) << 2] : '=';
        *out++ = '=';
    }
    *out++ = '"';
    json->size = (size_t)(out - json->at);
    return true;
}

static int value_of(uint8_t digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (is_digit(digit))
        return digit - '0' + 52;
    if (digit == '+' || digit == '-')
        return 62;
    return digit == '/' || digit == '_' ? 63 : -1;
}

/* Groups of four, the last one padded or cut short, with no bits left over. */
bool read_base64(const uint8_t *at, size_t size, uint8_t *bytes, size_t *count)
{
    *count = 0;
    if (size % 4 == 1)
        return false;
    for (size_t i = 0; i < size; i += 4) {
        size_t left = size - i;
        int pads = left < 4 ? 4 - (int)left : left == 4 && at[i + 3] == '=' ? (at[i + 2] == '=' ? 2 : 1) : 0;
        int one = value_of(at[i]), two = value_of(at[i + 1]);
        int three = pads > 1 ? 0 : value_of(at[i + 2]), four = pads ? 0 : value_of(at[i + 3]);
        if (one < 0 || two < 0 || three < 0 || four < 0 || (pads == 1 && three & 3) || (pads == 2 && two & 15))
            return false;
        bytes[(*count)++] = (uint8_t)(one << 2 | two >> 4);
        if (pads < 2)
            bytes[(*count)++] = (uint8_t)((two & 15) << 4 | three >> 2);
        if (pads < 1)
            bytes[(*count)++] = (uint8_t)((three & 3) << 6 | four);
    }
    return true;
}
