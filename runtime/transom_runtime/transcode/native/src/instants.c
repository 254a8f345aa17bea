/* Timestamps and durations. Days of the proleptic Gregorian calendar are counted in eras of 400 years from 0000-03-01. */
#include "texts.h"

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

/* `Z`, or how far ahead of UTC, in seconds. */
static bool read_offset(const uint8_t **at, const uint8_t *end, int64_t *ahead)
{
    int64_t hours, minutes;
    *ahead = 0;
    if (*at == end)
        return false;
    uint8_t sign = *(*at)++;
    if (sign == 'Z')
        return true;
    if ((sign != '+' && sign != '-') || !read_digits(at, end, 2, &hours) || !read_mark(at, end, ':') ||
        !read_digits(at, end, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ahead = (sign == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
    return true;
}

bool read_timestamp(struct span text, int64_t *seconds, int64_t *nanos)
{
    const uint8_t *at = text.at, *end = at + text.size;
    int64_t year, month, day, hour, minute, second, ahead;
    if (!read_digits(&at, end, 4, &year) || !read_mark(&at, end, '-') || !read_digits(&at, end, 2, &month) ||
        !read_mark(&at, end, '-') || !read_digits(&at, end, 2, &day) || !read_mark(&at, end, 'T') ||
        !read_digits(&at, end, 2, &hour) || !read_mark(&at, end, ':') || !read_digits(&at, end, 2, &minute) ||
        !read_mark(&at, end, ':') || !read_digits(&at, end, 2, &second) || !read_fraction(&at, end, nanos) ||
        !read_offset(&at, end, &ahead) || at != end)
        return false;
    if (!is_date(year, month, day) || hour > 23 || minute > 59 || second > 59)
        return false;
    int64_t from_march = month > 2 ? year : year - 1, era = from_march / 400, of_era = from_march % 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t days = era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS;
    *seconds = days * DAY_S + hour * 3600 + minute * 60 + second - ahead;
    return *seconds >= FIRST_S && *seconds <= LAST_S;
}

bool read_duration(struct span text, int64_t *seconds, int64_t *nanos)
{
    const uint8_t *at = text.at, *end = at + text.size, *first;
    bool is_negative = text.size && at[0] == '-';
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
