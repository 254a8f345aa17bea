/* Few keys are compared each with each, many by hash. */
#include "keys.h"

#include <string.h>

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
