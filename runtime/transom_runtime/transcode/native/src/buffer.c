/* Growing is the only place that asks for memory; sizes are checked there, not by those who put. */
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
