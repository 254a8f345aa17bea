/* A buffer that grows. */
#ifndef TRANSOM_BUFFER_H
#define TRANSOM_BUFFER_H

#include "plans.h"

#include <string.h>

struct buffer { uint8_t *at; size_t size, room; };

bool buffer_grow(struct buffer *buffer, size_t more);

/* Room for `more` bytes behind what is there. */
static inline bool reserve(struct buffer *buffer, size_t more)
{
    return buffer->room - buffer->size >= more || buffer_grow(buffer, more);
}

static inline bool put(struct buffer *buffer, const void *at, size_t size)
{
    if (!reserve(buffer, size))
        return false;
    if (size)
        memcpy(buffer->at + buffer->size, at, size);
    buffer->size += size;
    return true;
}

static inline bool put_byte(struct buffer *buffer, uint8_t byte)
{
    if (!reserve(buffer, 1))
        return false;
    buffer->at[buffer->size++] = byte;
    return true;
}

bool put_unsigned(struct buffer *buffer, uint64_t number);
bool put_signed(struct buffer *buffer, int64_t number);
#endif
