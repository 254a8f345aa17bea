#include "buffer.h"

bool buffer_grow(struct buffer *buffer, size_t more)
{
    if (more > (size_t)PY_SSIZE_T_MAX / 4 || buffer->size > (size_t)PY_SSIZE_T_MAX / 4)
        return false;
    size_t room = (buffer->size + more) * 2;
    uint8_t *at = PyMem_Realloc(buffer->at, room);
    if (!at)
        return false;
    buffer->at = at;
    buffer->room = room;
    return true;
}

bool put_unsigned(struct buffer *buffer, uint64_t number)
{
    uint8_t digits[20];
    size_t first = sizeof digits;
    do
        digits[--first] = (uint8_t)('0' + number % 10);
    while (number /= 10);
    return put(buffer, digits + first, sizeof digits - first);
}

bool put_signed(struct buffer *buffer, int64_t number)
{
    if (number >= 0)
        return put_unsigned(buffer, (uint64_t)number);
    return put_byte(buffer, '-') && put_unsigned(buffer, 0 - (uint64_t)number);
}

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

bool keys_add(struct keys *keys, const uint8_t *at, size_t size)
{
    if (size > UINT32_MAX)
        return false;
    if (keys->count == keys->room) {
        size_t room = keys->room ? keys->room * 2 : 16;
        struct span *grown = room > SIZE_MAX / 2 / sizeof *grown ? NULL : PyMem_Realloc(keys->at, room * sizeof *grown);
        if (!grown)
            return false;
        keys->at = grown;
        keys->room = room;
    }
    keys->at[keys->count++] = (struct span){at, (uint32_t)size};
    return true;
}

static bool is_same(struct span one, struct span other)
{
    return one.size == other.size && (!one.size || memcmp(one.at, other.at, one.size) == 0);
}

static bool few_differ(const struct span *keys, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (is_same(keys[i], keys[j]))
                return false;
    return true;
}

/* Whoever chooses the keys may choose them to collide: then the probes are soon too many, and the answer is no. */
static bool many_differ(const struct span *keys, size_t count)
{
    size_t size = 32, probes = 0;
    while (size < 2 * count)
        size *= 2;
    uint32_t *slots = size > SIZE_MAX / sizeof *slots || count > UINT32_MAX - 1 ? NULL : PyMem_Calloc(size, sizeof *slots);
    bool differ = slots != NULL;
    for (size_t i = 0; differ && i < count; i++) {
        size_t slot = hash_bytes(keys[i].at, keys[i].size) & (size - 1);
        for (; differ && slots[slot]; slot = (slot + 1) & (size - 1))
            differ = ++probes <= 8 * count && !is_same(keys[slots[slot] - 1], keys[i]);
        slots[slot] = (uint32_t)i + 1;
    }
    PyMem_Free(slots);
    return differ;
}

bool keys_close(struct keys *keys, size_t first)
{
    size_t count = keys->count - first;
    keys->count = first;
    if (count < 2)
        return true;
    return count <= 8 ? few_differ(keys->at + first, count) : many_differ(keys->at + first, count);
}
