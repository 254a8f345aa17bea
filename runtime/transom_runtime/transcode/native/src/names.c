/* Names, looked up by open addressing. */
#include "plans.h"

#include <string.h>

uint64_t hash_bytes(const uint8_t *at, size_t size)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 1099511628211u;
    return hash ^ (hash >> 32);
}

bool names_find(const struct names *names, const uint8_t *at, size_t size, int32_t *value)
{
    if (!names->count)
        return false;
    for (uint32_t slot = (uint32_t)hash_bytes(at, size) & names->mask;; slot = (slot + 1) & names->mask) {
        int32_t index = names->slots[slot];
        if (index < 0)
            return false;
        if (names->keys[index].size == size && memcmp(names->keys[index].at, at, size) == 0) {
            *value = names->values[index];
            return true;
        }
    }
}
