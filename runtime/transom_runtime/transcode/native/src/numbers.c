/* Doubles and floats: the shortest digits that give the number back, as Python's repr and orjson write them. */
#include "texts.h"

#include <float.h>
#include <math.h>

#if FLT_EVAL_METHOD != 0 || defined(__FAST_MATH__)
#error "doubles have to be doubles"
#endif

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Any two decimals of up to 15 digits are different doubles (of 6: floats), so one that is the number is its shortest
   text. Only decimals of up to four places are tried, which is what people write. */
static bool put_few_digits(struct buffer *json, double number, double limit, bool is_float, bool *done)
{
    *done = false;
    if (!(fabs(number) < limit) || (number == 0 && signbit(number)))
        return true;
    for (int places = 0; places <= 4; places++) {
        double whole = rint(number * POWERS[places]), back = whole / POWERS[places];
        if (!(fabs(whole) < limit))
            return true;
        if (is_float ? (float)back != (float)number : back != number)
            continue;
        if (number != 0 && fabs(number) < 1e-3)
            return true;
        *done = true;
        uint64_t all = (uint64_t)fabs(whole), scale = (uint64_t)POWERS[places];
        if (number < 0 && !put_byte(json, '-'))
            return false;
        if (!put_unsigned(json, all / scale) || !put_byte(json, '.'))
            return false;
        if (!places)
            return put_byte(json, '0');
        uint64_t rest = all % scale;
        for (uint64_t unit = scale / 10; unit; unit /= 10)
            if (!put_byte(json, (uint8_t)('0' + rest / unit % 10)))
                return false;
        return true;
    }
    return true;
}

static bool put_shortest(struct buffer *json, double number)
{
    char *text = PyOS_double_to_string(number, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (!text) {
        PyErr_Clear();
        return false;
    }
    /* How an exponent is written is the writer's business. */
    bool is_sure = !strchr(text, 'e') && put(json, text, strlen(text));
    PyMem_Free(text);
    return is_sure;
}

bool put_double(struct buffer *json, double number)
{
    bool done;
    if (!isfinite(number))
        return false;
    return put_few_digits(json, number, 1e15, false, &done) && (done || put_shortest(json, number));
}

bool put_float(struct buffer *json, float number)
{
    bool done;
    if (!isfinite(number))
        return false;
    if (!put_few_digits(json, number, 1e6, true, &done) || done)
        return done;
    for (int digits = 6; digits <= 9; digits++) {
        char *text = PyOS_double_to_string(number, 'g', digits, 0, NULL);
        double back = text ? PyOS_string_to_double(text, NULL, NULL) : -1;
        PyMem_Free(text);
        if (!text || (back == -1 && PyErr_Occurred())) {
            PyErr_Clear();
            return false;
        }
        if (digits == 9 || (float)back == number)
            return put_shortest(json, back);
    }
    return false;
}

bool read_double(const uint8_t *at, size_t size, double *number)
{
    char text[64];
    uint64_t digits = 0;
    size_t i = at[0] == '-', places = 0, read = 0;
    bool is_after = false;
    for (; i < size && read <= 15 && (is_digit(at[i]) || at[i] == '.'); i++) {
        if (at[i] == '.') {
            is_after = true;
            continue;
        }
        digits = digits * 10 + (uint64_t)(at[i] - '0');
        places += is_after;
        read++;
    }
    if (i == size && read <= 15) {
        /* Both are exact, so the quotient is the nearest double. */
        *number = (double)digits / POWERS[places];
        if (at[0] == '-')
            *number = -*number;
        return true;
    }
    if (size >= sizeof text)
        return false;
    memcpy(text, at, size);
    text[size] = 0;
    *number = PyOS_string_to_double(text, NULL, NULL);
    if (*number == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return false;
    }
    return isfinite(*number);
}
