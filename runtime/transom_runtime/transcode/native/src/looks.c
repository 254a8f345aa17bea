/* Looking at texts, and building what is looked by. */
#include "looks.h"

#include "tuples.h"
#include "utf8.h"

#include <string.h>

static bool is_within(const struct look *look, uint32_t character)
{
    uint32_t low = 0, high = look->bound_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (look->bounds[middle] <= character)
            low = middle + 1;
        else
            high = middle;
    }
    return low & 1;
}

/* The column of the character at `at`, which moves behind it; 0: it is not usual. */
static uint8_t beyond_ascii(const struct look *look, const uint8_t **at, const uint8_t *end)
{
    size_t width = utf8_size(*at, end);
    if (!width)
        return 0;
    uint32_t character = get_character(*at, width);
    *at += width;
    return is_within(look, character) ? look->beyond : 0;
}

bool is_usual(const struct look *look, const uint8_t *at, size_t size)
{
    if (size > look->most)
        return false;
    size_t row = look->width;
    for (const uint8_t *end = at + size; at < end && row;)
        row = look->rows[row + (*at < ASCII ? look->classes[*at++] : beyond_ascii(look, &at, end))];
    return row;
}

static bool build_bounds(PyObject *told, struct look *look)
{
    long bound;
    Py_ssize_t count = count_of(told);
    if (count < 0 || !(look->bounds = make((size_t)count, sizeof *look->bounds)))
        return false;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!as_int(PyTuple_GetItem(told, i), i ? (long)look->bounds[i - 1] + 1 : ASCII, 0x110000, &bound))
            return false;
        look->bounds[i] = (uint32_t)bound;
    }
    look->bound_count = (uint32_t)count;
    return true;
}

/* Whether nothing leads out of the table, nor out of row 0, where column 0 of every row leads. */
static bool is_closed(const struct look *look, size_t cells)
{
    for (size_t i = 0; i < ASCII; i++)
        if (look->classes[i] >= look->width)
            return false;
    for (size_t i = 0; i < cells; i++) {
        bool is_end = i < look->width || i % look->width == 0;
        size_t next = look->rows[i];
        if (next >= cells || next % look->width || (is_end && next))
            return false;
    }
    return look->beyond < look->width;
}

/* From (most, classes, beyond, bounds, width, rows). */
static bool build_look(PyObject *told, struct look *look)
{
    long most, beyond, width;
    struct span classes, rows;
    if (count_of(told) != 6 || !as_int(PyTuple_GetItem(told, 0), 0, INT32_MAX, &most) ||
        !as_span(PyTuple_GetItem(told, 1), &classes) || classes.size != ASCII ||
        !as_int(PyTuple_GetItem(told, 2), 1, UINT8_MAX, &beyond) || !build_bounds(PyTuple_GetItem(told, 3), look) ||
        !as_int(PyTuple_GetItem(told, 4), 2, UINT8_MAX, &width) || !as_span(PyTuple_GetItem(told, 5), &rows))
        return wrong();
    size_t cells = rows.size / sizeof *look->rows;
    if (cells < 2 * (size_t)width || cells % (size_t)width || cells > UINT16_MAX || rows.size % sizeof *look->rows)
        return wrong();
    look->most = (size_t)most;
    look->beyond = (uint8_t)beyond;
    look->width = (uint32_t)width;
    memcpy(look->classes, classes.at, ASCII);
    if (!(look->rows = make(cells, sizeof *look->rows)))
        return false;
    memcpy(look->rows, rows.at, rows.size);
    return is_closed(look, cells) ? true : wrong();
}

/* From looks, and for each check the place of its look; -1: it has none. */
bool looks_build(struct plans *plans, PyObject *looks, PyObject *checks)
{
    long place;
    Py_ssize_t look_count = count_of(looks), check_count = count_of(checks);
    if (look_count < 0 || check_count < 0 || !(plans->looks = make((size_t)look_count, sizeof *plans->looks)) ||
        !(plans->checks = make((size_t)check_count, sizeof *plans->checks)))
        return false;
    plans->look_count = (uint32_t)look_count;
    for (Py_ssize_t i = 0; i < look_count; i++)
        if (!build_look(PyTuple_GetItem(looks, i), &plans->looks[i]))
            return false;
    for (Py_ssize_t i = 0; i < check_count; i++) {
        if (!as_int(PyTuple_GetItem(checks, i), -1, (long)look_count - 1, &place))
            return false;
        plans->checks[i] = place < 0 ? NULL : &plans->looks[place];
    }
    plans->check_count = (uint32_t)check_count;
    return true;
}

void looks_free(struct plans *plans)
{
    for (uint32_t i = 0; i < plans->look_count; i++) {
        PyMem_Free(plans->looks[i].bounds);
        PyMem_Free(plans->looks[i].rows);
    }
    PyMem_Free(plans->looks);
    PyMem_Free(plans->checks);
}
