/* The table of RFC 3629, section 4. */
#include "utf8.h"

static bool continues(const uint8_t *at)
{
    return (*at & 0xc0) == 0x80;
}

size_t utf8_size(const uint8_t *at, const uint8_t *end)
{
    size_t left = (size_t)(end - at);
    if (at[0] >= 0xc2 && at[0] <= 0xdf)
        return left >= 2 && continues(at + 1) ? 2 : 0;
    if (at[0] >= 0xe0 && at[0] <= 0xef) {
        if (left < 3 || !continues(at + 1) || !continues(at + 2))
            return 0;
        if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f))
            return 0;
        return 3;
    }
    if (at[0] >= 0xf0 && at[0] <= 0xf4) {
        if (left < 4 || !continues(at + 1) || !continues(at + 2) || !continues(at + 3))
            return 0;
        if ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
            return 0;
        return 4;
    }
    return 0;
}

uint32_t get_character(const uint8_t *at, size_t size)
{
    uint32_t character = *at & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (at[i] & 0x3f);
    return character;
}

bool put_character(struct buffer *text, uint32_t character)
{
    uint8_t bytes[4];
    if (character < 0x80)
        return put_byte(text, (uint8_t)character);
    if (character < 0x800) {
        bytes[0] = (uint8_t)(0xc0 | character >> 6);
        bytes[1] = (uint8_t)(0x80 | (character & 63));
        return put(text, bytes, 2);
    }
    if (character < 0x10000) {
        bytes[0] = (uint8_t)(0xe0 | character >> 12);
        bytes[1] = (uint8_t)(0x80 | (character >> 6 & 63));
        bytes[2] = (uint8_t)(0x80 | (character & 63));
        return put(text, bytes, 3);
    }
    bytes[0] = (uint8_t)(0xf0 | character >> 18);
    bytes[1] = (uint8_t)(0x80 | (character >> 12 & 63));
    bytes[2] = (uint8_t)(0x80 | (character >> 6 & 63));
    bytes[3] = (uint8_t)(0x80 | (character & 63));
    return put(text, bytes, 4);
}
