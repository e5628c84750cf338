/* Puts a fault into words: where it is, as a JSON Pointer, and what would be right. */
#include "core/schema_internal.h"

#include <stdio.h>

#define ELLIPSIS "\xE2\x80\xA6"
#define REPLACEMENT 0xFFFD

/* Text that is cut at its limit, between characters, with a sign that it was. */
struct words {
    char *text;
    size_t room; /* with the NUL */
    size_t len;
    bool is_cut;
};

static void add_bytes(struct words *w, const char *bytes, size_t count)
{
    if (w->is_cut || w->len + count + sizeof(ELLIPSIS) > w->room) {
        const char *sign = w->is_cut ? "" : ELLIPSIS;
        memcpy(w->text + w->len, sign, strlen(sign) + 1);
        w->len += strlen(sign);
        w->is_cut = true;
        return;
    }
    memcpy(w->text + w->len, bytes, count);
    w->len += count;
    w->text[w->len] = '\0';
}

static void add(struct words *w, const char *text)
{
    add_bytes(w, text, strlen(text));
}

static void add_number(struct words *w, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    add(w, text);
}

static void add_point(struct words *w, unsigned point)
{
    char bytes[4];
    /* Control characters (C0, DEL, C1) say nothing to who reads this. */
    if (point < 0x20 || (point >= 0x7F && point < 0xA0))
        point = REPLACEMENT;
    size_t count = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char LEADS[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = count; i > 1; i--, point >>= 6)
        bytes[i - 1] = (char)(0x80 | (point & 0x3F));
    bytes[0] = (char)(LEADS[count] | point);
    add_bytes(w, bytes, count);
}

/* ---- where ---- */

/* One step of a JSON Pointer (RFC 6901): ~ and / are written ~0 and ~1. */
static void add_step(struct words *w, struct hb_str name)
{
    for (size_t at = 0; at < name.len && !w->is_cut;) {
        unsigned point = hb_cursor_text_point(name, &at);
        if (point == '~' || point == '/')
            add(w, point == '~' ? "~0" : "~1");
        else
            add_point(w, point);
    }
}

/* As deep as the schema, which its depth bounds. */
static void add_place(struct words *w, const struct hb_schema_place *place)
{
    if (!place)
        return;
    add_place(w, place->up);
    add(w, "/");
    if (place->name.ptr)
        add_step(w, place->name);
    else
        add_number(w, place->index);
}

/* ---- what would be right ---- */

unsigned hb_schema_types_of(const struct hb_schema *schema, const struct hb_schema_node *node)
{
    unsigned types = node->types;
    if (!types && node->words_count)
        types = HB_SCHEMA_STRING;
    if (!types && node->ref)
        types = hb_schema_types_of(schema, &schema->nodes[node->ref]);
    for (size_t i = 0; !node->types && i < node->one_of_count; i++) {
        unsigned more = hb_schema_types_of(schema, &schema->nodes[node->one_of[i]]);
        if (!more)
            return 0;
        types |= more;
    }
    return types;
}

static void add_types(struct words *w, unsigned types)
{
    static const char *const NAMES[] = {"null",     "true or false", "an integer", "a number",
                                        "a string", "an array",      "an object"};
    bool is_first = true;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (types & (1u << i)) {
            add(w, is_first ? "" : " or ");
            add(w, NAMES[i]);
            is_first = false;
        }
}

static void add_choice(struct words *w, const struct hb_schema_node *node)
{
    add(w, "one of ");
    for (size_t i = 0; i < node->words_count; i++) {
        add(w, i > 0 ? ", " : "");
        add_bytes(w, node->words[i].ptr, node->words[i].len);
    }
}

static void add_pattern(struct words *w, const struct hb_schema_node *node, const char *what)
{
    add(w, what);
    add_bytes(w, node->pattern_text.ptr, node->pattern_text.len);
}

static void add_length(struct words *w, const struct hb_schema_node *node)
{
    add(w, "a string of at least ");
    add_number(w, node->length_min);
    if (node->length_max != UINT64_MAX) {
        add(w, " and at most ");
        add_number(w, node->length_max);
    }
    add(w, node->length_min == 1 && node->length_max == UINT64_MAX ? " character" : " characters");
}

/* What a value that is missing would be, as far as one sentence can say. */
static void add_kind(struct words *w, const struct hb_schema *schema, const struct hb_schema_node *node)
{
    while (node->ref)
        node = &schema->nodes[node->ref];
    if (node->words_count)
        add_choice(w, node);
    else if (node->pattern)
        add_pattern(w, node, "a string that matches ");
    else if (node->format)
        add(w, node->format->should);
    else if (hb_schema_types_of(schema, node))
        add_types(w, hb_schema_types_of(schema, node));
    else
        add(w, "any value");
}

static void add_right(struct words *w, const struct hb_schema *schema, const struct hb_schema_node *node,
                      enum hb_schema_rule rule)
{
    switch (rule) {
    case HB_SCHEMA_RULE_TYPE:
    case HB_SCHEMA_RULE_ENUM:
    case HB_SCHEMA_RULE_PATTERN:
    case HB_SCHEMA_RULE_FORMAT:
    case HB_SCHEMA_RULE_NONE_OF:
        add_kind(w, schema, node);
        break;
    case HB_SCHEMA_RULE_LENGTH:
        add_length(w, node);
        break;
    case HB_SCHEMA_RULE_MINIMUM:
        add(w, "at least ");
        add_bytes(w, node->minimum.ptr, node->minimum.len);
        break;
    case HB_SCHEMA_RULE_ITEMS:
        add(w, "an array of at least ");
        add_number(w, node->items_min);
        add(w, node->items_min == 1 ? " item" : " items");
        break;
    case HB_SCHEMA_RULE_REQUIRED:
        add(w, "present");
        if (node) {
            add(w, ": ");
            add_kind(w, schema, node);
        }
        break;
    case HB_SCHEMA_RULE_NAME:
        if (node->pattern)
            add_pattern(w, node, "a member whose name matches ");
        else
            add(w, "a member of another name");
        break;
    case HB_SCHEMA_RULE_MANY_OF:
        add(w, "what only one of its alternatives allows");
        break;
    }
}

void hb_schema_say(const struct hb_schema *schema, const struct hb_schema_node *node, enum hb_schema_rule rule,
                   const struct hb_schema_place *place, struct hb_schema_fault *ret_fault)
{
    struct words path = {.text = ret_fault->path, .room = sizeof(ret_fault->path)};
    struct words should = {.text = ret_fault->should, .room = sizeof(ret_fault->should)};
    ret_fault->path[0] = '\0';
    ret_fault->should[0] = '\0';
    add_place(&path, place);
    add_right(&should, schema, node, rule);
}
