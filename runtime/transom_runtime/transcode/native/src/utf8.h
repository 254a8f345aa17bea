/* UTF-8, as RFC 3629 has it: no surrogates, nothing overlong, nothing over U+10FFFF. */
#ifndef TRANSOM_UTF8_H
#define TRANSOM_UTF8_H

#include "buffer.h"

/* How many bytes the character at `at`, which is not ASCII, has; 0: it is no UTF-8. */
size_t utf8_size(const uint8_t *at, const uint8_t *end);
/* The character of so many bytes, which were found to be one. */
uint32_t get_character(const uint8_t *at, size_t size);
bool put_character(struct buffer *text, uint32_t character);
#endif
