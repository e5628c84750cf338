#include "platform/yaml/yaml.h"

#include "platform/yaml/yaml_node.h"

#include <yaml.h>

#include <stdlib.h>

/* Items of one map are compared each with each for duplicates; this keeps that from becoming a way to burn time. */
#define MAP_ITEMS_MAX 2000

struct builder {
    yaml_parser_t parser;
    const char *name;
    struct hb_error *reterr;
    int nodes;
};

static int line_of(yaml_mark_t mark)
{
    return (int)mark.line + 1;
}

static enum hb_err parser_error(const struct builder *b)
{
    const yaml_parser_t *parser = &b->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return hb_fail(b->reterr, HB_ERR_MEMORY, "out of memory");
    /* The reader's errors (bytes that are no UTF-8) come without a mark. */
    int line = line_of(parser->error == YAML_READER_ERROR ? parser->mark : parser->problem_mark);
    return hb_fail(b->reterr, HB_ERR_INVALID, "%s:%d: %s", b->name, line,
                   parser->problem ? parser->problem : "not YAML");
}

static enum hb_err refuse(const struct builder *b, int line, const char *what)
{
    return hb_fail(b->reterr, HB_ERR_INVALID, "%s:%d: %s", b->name, line, what);
}

/* The next event. The caller deletes it, on HB_OK only. */
static enum hb_err next_event(struct builder *b, yaml_event_t *ret_event)
{
    if (!yaml_parser_parse(&b->parser, ret_event))
        return parser_error(b);
    return HB_OK;
}

static const char *property_refused(const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        return "anchors are not supported";
    return tag ? "tags are not supported" : NULL;
}

/* Why an event cannot be a node of ours, or NULL. */
static const char *why_refused(const yaml_event_t *event)
{
    if (event->type == YAML_ALIAS_EVENT)
        return "aliases are not supported";
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return property_refused(event->data.sequence_start.anchor, event->data.sequence_start.tag);
    if (event->type == YAML_MAPPING_START_EVENT)
        return property_refused(event->data.mapping_start.anchor, event->data.mapping_start.tag);
    if (event->type != YAML_SCALAR_EVENT)
        return "expected a value";
    if (memchr(event->data.scalar.value, '\0', event->data.scalar.length))
        return "a text with a NUL character";
    return property_refused(event->data.scalar.anchor, event->data.scalar.tag);
}

static struct hb_str scalar_of(const yaml_event_t *event)
{
    return hb_str_n((const char *)event->data.scalar.value, event->data.scalar.length);
}

static enum hb_err new_node(struct builder *b, const yaml_event_t *event, struct hb_yaml **ret_node)
{
    if (++b->nodes > HB_YAML_NODES_MAX)
        return hb_fail(b->reterr, HB_ERR_TOO_LARGE, "%s: more than %d values", b->name, HB_YAML_NODES_MAX);
    struct hb_yaml *node = calloc(1, sizeof *node);
    if (!node)
        return hb_fail(b->reterr, HB_ERR_MEMORY, "out of memory");
    node->line = line_of(event->start_mark);
    node->kind = event->type == YAML_MAPPING_START_EVENT ? HB_YAML_MAP : HB_YAML_LIST;
    if (event->type == YAML_SCALAR_EVENT) {
        node->kind = HB_YAML_SCALAR;
        node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        node->text = hb_str_dup(scalar_of(event));
        if (!node->text) {
            free(node);
            return hb_fail(b->reterr, HB_ERR_MEMORY, "out of memory");
        }
    }
    *ret_node = node;
    return HB_OK;
}

static void append(struct hb_yaml *parent, struct hb_yaml *item)
{
    if (parent->last)
        parent->last->next = item;
    else
        parent->first = item;
    parent->last = item;
}

static enum hb_err build_items(struct builder *b, struct hb_yaml *parent, int depth);

/* Builds the node that begins with this event, its items included. */
static enum hb_err build_node(struct builder *b, const yaml_event_t *event, int depth, struct hb_yaml **ret_node)
{
    const char *why = why_refused(event);
    if (why)
        return refuse(b, line_of(event->start_mark), why);
    if (depth > HB_YAML_DEPTH_MAX)
        return refuse(b, line_of(event->start_mark), "nested too deep");
    enum hb_err err = new_node(b, event, ret_node);
    if (!err && (*ret_node)->kind != HB_YAML_SCALAR)
        err = build_items(b, *ret_node, depth);
    if (err)
        hb_yaml_free(ret_node);
    return err;
}

/* Takes the key an event holds for a new item of the map. */
static enum hb_err take_name(struct builder *b, const struct hb_yaml *map, const yaml_event_t *event, char **ret_name)
{
    int line = line_of(event->start_mark), items = 0;
    const char *why = event->type == YAML_SCALAR_EVENT ? why_refused(event) : "a key must be a plain text";
    if (why)
        return refuse(b, line, why);
    for (const struct hb_yaml *item = map->first; item; item = item->next) {
        if (hb_str_eq(hb_str_c(item->name), scalar_of(event)))
            return hb_fail(b->reterr, HB_ERR_INVALID, "%s:%d: the key \"%.64s\" stands there twice, first on line %d",
                           b->name, line, item->name, item->line);
        if (++items == MAP_ITEMS_MAX)
            return hb_fail(b->reterr, HB_ERR_TOO_LARGE, "%s:%d: more than %d keys in one map", b->name, line,
                           MAP_ITEMS_MAX);
    }
    *ret_name = hb_str_dup(scalar_of(event));
    return *ret_name ? HB_OK : hb_fail(b->reterr, HB_ERR_MEMORY, "out of memory");
}

/* One item: of a list what the event begins, of a map its key is the event and the value follows. */
static enum hb_err build_item(struct builder *b, struct hb_yaml *parent, const yaml_event_t *event, int depth)
{
    struct hb_yaml *item = NULL;
    if (parent->kind == HB_YAML_LIST) {
        enum hb_err err = build_node(b, event, depth, &item);
        if (!err)
            append(parent, item);
        return err;
    }
    char *name = NULL;
    yaml_event_t value;
    enum hb_err err = take_name(b, parent, event, &name);
    if (!err)
        err = next_event(b, &value);
    if (!err) {
        err = build_node(b, &value, depth, &item);
        yaml_event_delete(&value);
    }
    if (err) {
        free(name);
        return err;
    }
    item->name = name;
    item->line = line_of(event->start_mark);
    append(parent, item);
    return HB_OK;
}

static enum hb_err build_items(struct builder *b, struct hb_yaml *parent, int depth)
{
    for (;;) {
        yaml_event_t event;
        enum hb_err err = next_event(b, &event);
        if (err)
            return err;
        bool is_end = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        if (!is_end)
            err = build_item(b, parent, &event, depth + 1);
        yaml_event_delete(&event);
        if (is_end || err)
            return err;
    }
}

/* The next event that is no beginning or end of stream or document; *ret_event is the stream's end if there is none. */
static enum hb_err skip_to_content(struct builder *b, yaml_event_t *ret_event)
{
    for (;;) {
        enum hb_err err = next_event(b, ret_event);
        if (err)
            return err;
        if (ret_event->type != YAML_STREAM_START_EVENT && ret_event->type != YAML_DOCUMENT_START_EVENT &&
            ret_event->type != YAML_DOCUMENT_END_EVENT)
            return HB_OK;
        yaml_event_delete(ret_event);
    }
}

static enum hb_err expect_end(struct builder *b)
{
    yaml_event_t event;
    enum hb_err err = skip_to_content(b, &event);
    if (err)
        return err;
    if (event.type != YAML_STREAM_END_EVENT)
        err = refuse(b, line_of(event.start_mark), "a second document");
    yaml_event_delete(&event);
    return err;
}

static enum hb_err build_document(struct builder *b, struct hb_yaml **ret_root)
{
    yaml_event_t event;
    enum hb_err err = skip_to_content(b, &event);
    if (err)
        return err;
    if (event.type == YAML_STREAM_END_EVENT) {
        event.type = YAML_MAPPING_START_EVENT; /* an empty document is an empty map */
        err = new_node(b, &event, ret_root);
        return err;
    }
    err = build_node(b, &event, 1, ret_root);
    yaml_event_delete(&event);
    if (!err)
        err = expect_end(b);
    if (err)
        hb_yaml_free(ret_root);
    return err;
}

enum hb_err hb_yaml_parse(const char *name, struct hb_str text, struct hb_yaml **ret_root, struct hb_error *reterr)
{
    if (text.len > HB_YAML_BYTES_MAX)
        return hb_fail(reterr, HB_ERR_TOO_LARGE, "%s: larger than %d bytes", name, HB_YAML_BYTES_MAX);
    struct builder b = {.name = name, .reterr = reterr};
    if (!yaml_parser_initialize(&b.parser))
        return hb_fail(reterr, HB_ERR_MEMORY, "out of memory");
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)(text.len ? text.ptr : ""), text.len);
    struct hb_yaml *root = NULL;
    enum hb_err err = build_document(&b, &root);
    yaml_parser_delete(&b.parser);
    if (!err)
        *ret_root = root;
    return err;
}
