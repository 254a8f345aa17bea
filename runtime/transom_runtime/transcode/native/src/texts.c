/* Numbers, bytes and instants as text, and back. */
#include "codec.h"

#include <float.h>
#include <math.h>

#if FLT_EVAL_METHOD != 0 || defined(__FAST_MATH__)
#error "doubles have to be doubles"
#endif

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

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

bool put_base64(struct buffer *json, const uint8_t *at, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (size > SIZE_MAX / 8 || !reserve(json, size / 3 * 4 + 8))
        return false;
    uint8_t *out = json->at + json->size;
    *out++ = '"';
    for (; size >= 3; at += 3, size -= 3) {
        *out++ = (uint8_t)digits[at[0] >> 2];
        *out++ = (uint8_t)digits[(at[0] & 3) << 4 | at[1] >> 4];
        *out++ = (uint8_t)digits[(at[1] & 15) << 2 | at[2] >> 6];
        *out++ = (uint8_t)digits[at[2] & 63];
    }
    if (size) {
        uint8_t second = size == 2 ? at[1] : 0;
        *out++ = (uint8_t)digits[at[0] >> 2];
        *out++ = (uint8_t)digits[(at[0] & 3) << 4 | second >> 4];
        *out++ = size == 2 ? (uint8_t)digits[(second & 15) << 2] : '=';
        *out++ = '=';
    }
    *out++ = '"';
    json->size = (size_t)(out - json->at);
    return true;
}

static int value_of(uint8_t digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (is_digit(digit))
        return digit - '0' + 52;
    if (digit == '+' || digit == '-')
        return 62;
    return digit == '/' || digit == '_' ? 63 : -1;
}

/* Whole groups of four, padded, with no bits left over. */
bool read_base64(const uint8_t *at, size_t size, uint8_t *bytes, size_t *count)
{
    *count = 0;
    if (size % 4)
        return false;
    for (size_t i = 0; i < size; i += 4) {
        bool is_last = i + 4 == size;
        int pads = is_last && at[i + 3] == '=' ? (at[i + 2] == '=' ? 2 : 1) : 0;
        int one = value_of(at[i]), two = value_of(at[i + 1]);
        int three = pads > 1 ? 0 : value_of(at[i + 2]), four = pads ? 0 : value_of(at[i + 3]);
        if (one < 0 || two < 0 || three < 0 || four < 0 || (pads == 1 && three & 3) || (pads == 2 && two & 15))
            return false;
        bytes[(*count)++] = (uint8_t)(one << 2 | two >> 4);
        if (pads < 2)
            bytes[(*count)++] = (uint8_t)((two & 15) << 4 | three >> 2);
        if (pads < 1)
            bytes[(*count)++] = (uint8_t)((three & 3) << 6 | four);
    }
    return true;
}

/* The number of a JSON text, which is known to be one. */
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

/* --- instants: the days of the proleptic Gregorian calendar, counted in eras of 400 years from 0000-03-01 --- */

enum { ERA_DAYS = 146097, EPOCH_DAYS = 719468, DAY_S = 86400, BILLION = 1000000000 };
static const int64_t FIRST_S = -62135596800, LAST_S = 253402300799, MAX_DURATION_S = 315576000000;

static bool put_padded(struct buffer *json, int64_t number, int width)
{
    uint8_t digits[12];
    for (int i = width; i-- > 0; number /= 10)
        digits[i] = (uint8_t)('0' + number % 10);
    return put(json, digits, (size_t)width);
}

static bool put_fraction(struct buffer *json, int64_t nanos)
{
    if (!nanos)
        return true;
    if (!put_byte(json, '.'))
        return false;
    if (nanos % 1000000 == 0)
        return put_padded(json, nanos / 1000000, 3);
    return nanos % 1000 == 0 ? put_padded(json, nanos / 1000, 6) : put_padded(json, nanos, 9);
}

bool put_timestamp(struct buffer *json, int64_t seconds, int64_t nanos)
{
    if (seconds < FIRST_S || seconds > LAST_S || nanos < 0 || nanos >= BILLION)
        return false;
    int64_t since = seconds - FIRST_S, second = since % DAY_S, days = since / DAY_S + 306; /* 0001-01-01 is day 306 */
    int64_t era = days / ERA_DAYS, of_era = days % ERA_DAYS;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100), shifted = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * shifted + 2) / 5 + 1, month = shifted < 10 ? shifted + 3 : shifted - 9;
    int64_t year = years + era * 400 + (month <= 2);
    return put_byte(json, '"') && put_padded(json, year, 4) && put_byte(json, '-') && put_padded(json, month, 2) &&
           put_byte(json, '-') && put_padded(json, day, 2) && put_byte(json, 'T') &&
           put_padded(json, second / 3600, 2) && put_byte(json, ':') && put_padded(json, second / 60 % 60, 2) &&
           put_byte(json, ':') && put_padded(json, second % 60, 2) && put_fraction(json, nanos) && put(json, "Z\"", 2);
}

bool put_duration(struct buffer *json, int64_t seconds, int64_t nanos)
{
    if (seconds < -MAX_DURATION_S || seconds > MAX_DURATION_S || nanos <= -BILLION || nanos >= BILLION)
        return false;
    if ((seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0))
        return false;
    bool is_negative = seconds < 0 || nanos < 0;
    return put(json, "\"-", is_negative ? 2 : 1) && put_signed(json, is_negative ? -seconds : seconds) &&
           put_fraction(json, is_negative ? -nanos : nanos) && put(json, "s\"", 2);
}

static bool read_digits(const uint8_t **at, const uint8_t *end, int width, int64_t *number)
{
    if (end - *at < width)
        return false;
    *number = 0;
    for (int i = 0; i < width; i++, ++*at) {
        if (!is_digit(**at))
            return false;
        *number = *number * 10 + (**at - '0');
    }
    return true;
}

static bool read_mark(const uint8_t **at, const uint8_t *end, uint8_t mark)
{
    return *at < end && *(*at)++ == mark;
}

/* A point and up to nine digits, or nothing. */
static bool read_fraction(const uint8_t **at, const uint8_t *end, int64_t *nanos)
{
    *nanos = 0;
    if (*at == end || **at != '.')
        return true;
    int count = 0;
    for (++*at; *at < end && is_digit(**at) && count < 9; ++*at, count++)
        *nanos = *nanos * 10 + (**at - '0');
    if (!count)
        return false;
    for (; count < 9; count++)
        *nanos *= 10;
    return true;
}

static bool is_date(int64_t year, int64_t month, int64_t day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    bool leaps = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[month - 1] + leaps;
}

/* In UTC: what has an offset is left to the other codec. */
bool read_timestamp(const uint8_t *at, size_t size, int64_t *seconds, int64_t *nanos)
{
    const uint8_t *end = at + size;
    int64_t year, month, day, hour, minute, second;
    if (!read_digits(&at, end, 4, &year) || !read_mark(&at, end, '-') || !read_digits(&at, end, 2, &month) ||
        !read_mark(&at, end, '-') || !read_digits(&at, end, 2, &day) || !read_mark(&at, end, 'T') ||
        !read_digits(&at, end, 2, &hour) || !read_mark(&at, end, ':') || !read_digits(&at, end, 2, &minute) ||
        !read_mark(&at, end, ':') || !read_digits(&at, end, 2, &second) || !read_fraction(&at, end, nanos) ||
        !read_mark(&at, end, 'Z') || at != end)
        return false;
    if (!is_date(year, month, day) || hour > 23 || minute > 59 || second > 59)
        return false;
    int64_t from_march = month > 2 ? year : year - 1, era = from_march / 400, of_era = from_march % 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t days = era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS;
    *seconds = days * DAY_S + hour * 3600 + minute * 60 + second;
    return true;
}

bool read_duration(const uint8_t *at, size_t size, int64_t *seconds, int64_t *nanos)
{
    const uint8_t *end = at + size, *first;
    bool is_negative = size && at[0] == '-';
    at += is_negative;
    first = at;
    for (*seconds = 0; at < end && is_digit(*at) && at - first < 12; at++)
        *seconds = *seconds * 10 + (*at - '0');
    if (at == first || !read_fraction(&at, end, nanos) || !read_mark(&at, end, 's') || at != end)
        return false;
    if (*seconds > MAX_DURATION_S)
        return false;
    if (is_negative) {
        *seconds = -*seconds;
        *nanos = -*nanos;
    }
    return true;
}
