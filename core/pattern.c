#include "core/pattern.h"

#include "core/json_cursor.h"

#define GROUPS_MAX 8
#define REPEATS_MAX HB_PATTERN_PLACES_MAX

/* A part of the pattern: where it may begin and end, and whether it may be left out. */
struct part {
    uint64_t first, last;
    bool is_optional;
};

struct parser {
    struct hb_str text;
    size_t at;
    unsigned places;
    unsigned groups; /* open ones */
    struct hb_pattern *pattern;
};

static bool take(struct parser *p, char c)
{
    if (p->at == p->text.len || p->text.ptr[p->at] != c)
        return false;
    p->at++;
    return true;
}

static bool is_between(char c, char low, char high)
{
    return c >= low && c <= high;
}

static bool is_plain(char c)
{
    return is_between(c, 'a', 'z') || is_between(c, 'A', 'Z') || is_between(c, '0', '9') || c == '_' || c == '-';
}

/* A sign that stands for itself behind a backslash. */
static bool is_sign(char c)
{
    return is_between(c, '!', '/') || is_between(c, ':', '@') || is_between(c, '[', '`') || is_between(c, '{', '~');
}

static bool take_literal(struct parser *p, char *ret)
{
    if (take(p, '\\')) {
        if (p->at == p->text.len || !is_sign(p->text.ptr[p->at]))
            return false;
    } else if (p->at == p->text.len || !is_plain(p->text.ptr[p->at])) {
        return false;
    }
    *ret = p->text.ptr[p->at++];
    return true;
}

/* Every later step of p->follow begins here: what follows each of these places. */
static void link_places(struct parser *p, uint64_t from, uint64_t to)
{
    for (; from; from &= from - 1)
        p->pattern->follow[__builtin_ctzll(from)] |= to;
}

static bool add_place(struct parser *p, struct part *ret)
{
    if (p->places == HB_PATTERN_PLACES_MAX)
        return false;
    uint64_t bit = UINT64_C(1) << p->places++;
    *ret = (struct part){bit, bit, false};
    return true;
}

static bool read_class(struct parser *p, struct part *ret)
{
    char low, high;
    if (!add_place(p, ret))
        return false;
    do {
        if (!take_literal(p, &low))
            return false;
        high = low;
        if (take(p, '-') && (!take_literal(p, &high) || high < low))
            return false;
        for (int c = low; c <= high; c++)
            p->pattern->accepts[c] |= ret->first;
    } while (!take(p, ']'));
    return true;
}

static bool read_choice(struct parser *p, struct part *ret);

static bool read_atom(struct parser *p, struct part *ret)
{
    char c;
    if (take(p, '['))
        return read_class(p, ret);
    if (take(p, '(')) {
        if (p->groups == GROUPS_MAX)
            return false;
        p->groups++;
        bool is_read = read_choice(p, ret) && take(p, ')');
        p->groups--;
        return is_read;
    }
    if (!take_literal(p, &c) || !add_place(p, ret))
        return false;
    p->pattern->accepts[(unsigned char)c] |= ret->first;
    return true;
}

static struct part join(struct parser *p, struct part a, struct part b)
{
    link_places(p, a.last, b.first);
    return (struct part){a.first | (a.is_optional ? b.first : 0), b.last | (b.is_optional ? a.last : 0),
                         a.is_optional && b.is_optional};
}

static bool read_number(struct parser *p, unsigned *ret)
{
    unsigned value = 0;
    size_t start = p->at;
    while (p->at < p->text.len && is_between(p->text.ptr[p->at], '0', '9') && value <= REPEATS_MAX)
        value = value * 10 + (unsigned)(p->text.ptr[p->at++] - '0');
    *ret = value;
    return p->at > start && value <= REPEATS_MAX;
}

/* {m} or {m,n}: the atom is read again for each time it may stand. */
static bool read_repeat(struct parser *p, size_t atom_at, struct part *part)
{
    unsigned least, most;
    if (!read_number(p, &least))
        return false;
    most = least;
    if ((take(p, ',') && !read_number(p, &most)) || !take(p, '}') || most < least || most == 0)
        return false;
    size_t end = p->at;
    part->is_optional = part->is_optional || least == 0;
    for (unsigned i = 1; i < most; i++) {
        struct part again;
        p->at = atom_at;
        if (!read_atom(p, &again))
            return false;
        again.is_optional = again.is_optional || i >= least;
        *part = join(p, *part, again);
    }
    p->at = end;
    return true;
}

static bool read_piece(struct parser *p, struct part *ret)
{
    size_t start = p->at;
    if (!read_atom(p, ret))
        return false;
    if (take(p, '{'))
        return read_repeat(p, start, ret);
    if (take(p, '?')) {
        ret->is_optional = true;
    } else if (take(p, '*')) {
        link_places(p, ret->last, ret->first);
        ret->is_optional = true;
    }
    return true;
}

static bool is_end_of_choice(const struct parser *p)
{
    return p->at == p->text.len || p->text.ptr[p->at] == '|' || p->text.ptr[p->at] == ')';
}

static bool read_choice(struct parser *p, struct part *ret)
{
    struct part all = {0, 0, false};
    do {
        struct part sequence, piece;
        if (!read_piece(p, &sequence))
            return false;
        while (!is_end_of_choice(p)) {
            if (!read_piece(p, &piece))
                return false;
            sequence = join(p, sequence, piece);
        }
        all.first |= sequence.first;
        all.last |= sequence.last;
        all.is_optional = all.is_optional || sequence.is_optional;
    } while (take(p, '|'));
    *ret = all;
    return true;
}

/* ^a|b$ is (^a)|(b$), which nobody means: a choice stands in a group. */
enum hb_err hb_pattern_make(struct hb_str text, struct hb_pattern *ret_pattern)
{
    struct hb_pattern made = {0};
    struct part all = {0, 0, true}, piece;
    if (text.len < 2 || text.ptr[0] != '^' || text.ptr[text.len - 1] != '$')
        return HB_ERR_INVALID;
    struct parser parser = {.text = hb_str_n(text.ptr + 1, text.len - 2), .pattern = &made};
    while (parser.at < parser.text.len) {
        if (!read_piece(&parser, &piece))
            return HB_ERR_INVALID;
        all = join(&parser, all, piece);
    }
    made.first = all.first;
    made.last = all.last;
    made.may_be_empty = all.is_optional;
    *ret_pattern = made;
    return HB_OK;
}

bool hb_pattern_matches(const struct hb_pattern *pattern, struct hb_str raw)
{
    if (raw.len == 0)
        return pattern->may_be_empty;
    uint64_t next = pattern->first, now = 0;
    size_t at = 0;
    while (at < raw.len) {
        unsigned point = hb_cursor_text_point(raw, &at);
        now = point < 128 ? next & pattern->accepts[point] : 0;
        if (!now)
            return false;
        next = 0;
        for (uint64_t left = now; left; left &= left - 1)
            next |= pattern->follow[__builtin_ctzll(left)];
    }
    return (now & pattern->last) != 0;
}
