/* Looks: which texts are usual, so that their check need not be asked. An automaton, made by automaton.py. */
#ifndef TRANSOM_LOOKS_H
#define TRANSOM_LOOKS_H

#include "plans.h"

enum { ASCII = 128 };

struct look {
    size_t most;            /* bytes of a text */
    uint8_t classes[ASCII]; /* the column of each character; 0: it is not usual */
    uint8_t beyond;         /* the column of all that are usual beyond ASCII */
    uint32_t bound_count;
    uint32_t *bounds;       /* where these begin and end, in turn */
    uint32_t width;
    uint16_t *rows;         /* places of rows; that of row 0, where nothing goes on, is 0 */
};

/* Whether a text, which is UTF-8, is usual. */
bool is_usual(const struct look *look, const uint8_t *at, size_t size);
#endif
