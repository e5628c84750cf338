/* Dead products: a record each, with what SALESmanago (or our rules) said, until a newer version is accepted. */
#include "salesmanago/state.h"

#include "core/catalog_record.h"
#include "core/ids.h"
#include "platform/json/json.h"
#include "registry/each.h"

#include <stdio.h>
#include <stdlib.h>

#define VALUE_MAX 8192

_Static_assert(HB_SM_RECORD_KEY_MAX == HB_CONNECTOR_KEY_MAX, "the api knows by this limit who stands under a hash");

struct hb_sm_dead {
    int64_t offset;
    char product[HB_SUBJECT_MAX + 1];
};

/* On its way to Kafka. */
struct dying {
    struct hb_sm_lane *lane;
    struct hb_sm_change *change;
};

static struct hb_str product_of(const struct hb_sm_change *change)
{
    struct hb_str store, product = {NULL, 0};
    (void)hb_catalog_key_read(change->key, &store, &product);
    return product;
}

/* A product whose id is too long for a key of the registry stands under its hash; the value has it whole. */
static struct hb_str key_of(const struct hb_sm_lane *lane, struct hb_str product, char key[HB_SM_RECORD_KEY_MAX])
{
    int len = snprintf(key, HB_SM_RECORD_KEY_MAX, "%s/%s/%s/%.*s", HB_CONNECTOR_DEAD, lane->store, HB_CONNECTOR_ID,
                       HB_ARG(product));
    if (len >= HB_SM_RECORD_KEY_MAX) {
        unsigned char digest[HB_SHA256_BYTES];
        char hash[27];
        hb_sha256(product, digest);
        hb_base32_16(digest, hash);
        len = snprintf(key, HB_SM_RECORD_KEY_MAX, "%s/%s/%s/#%s", HB_CONNECTOR_DEAD, lane->store, HB_CONNECTOR_ID,
                       hash);
    }
    return hb_str_n(key, (size_t)len);
}

/* ---- in memory ---- */

static bool remember(struct hb_sm_lane *lane, struct hb_str product, int64_t offset)
{
    struct hb_sm_dead *dead = hb_map_get(&lane->dead, product);
    if (dead) {
        dead->offset = offset;
        return true;
    }
    dead = product.len <= HB_SUBJECT_MAX ? calloc(1, sizeof *dead) : NULL;
    if (!dead)
        return false;
    dead->offset = offset;
    memcpy(dead->product, product.ptr, product.len);
    dead->product[product.len] = '\0';
    if (hb_map_put(&lane->dead, hb_str_c(dead->product), dead)) {
        free(dead);
        return false;
    }
    return true;
}

static void see(void *user, struct hb_str key, struct hb_str value)
{
    struct hb_sm_worker *worker = user;
    struct hb_json *json = NULL;
    struct hb_str store, connector, rest, product;
    int64_t offset = 0;
    if (!hb_connector_key_read(HB_CONNECTOR_DEAD, key, &store, &connector, &rest))
        return;
    struct hb_sm_lane *lane = hb_sm_lane_of(worker, store);
    if (!lane || lane->has_dead || hb_json_parse(value, &json, NULL))
        return;
    if (hb_json_str(hb_json_get(json, "product"), &product) && product.len > 0) {
        (void)hb_json_int(hb_json_get(json, "offset"), &offset);
        (void)remember(lane, product, offset);
    }
    hb_json_free(&json);
}

void hb_sm_dead_load(struct hb_sm_worker *worker)
{
    struct hb_sm_lane *lane;
    size_t state = 0;
    bool is_wanted = false;
    while ((lane = hb_map_next(&worker->lanes, &state)) != NULL)
        is_wanted |= !lane->has_dead && lane->hold != HB_SM_HOLD_DELETED;
    if (!is_wanted)
        return;
    hb_registry_each_record(worker->options.registry, HB_STR(HB_CONNECTOR_DEAD "/"), see, worker);
    for (state = 0; (lane = hb_map_next(&worker->lanes, &state)) != NULL;)
        lane->has_dead = true;
}

void hb_sm_dead_free(struct hb_sm_lane *lane)
{
    struct hb_sm_dead *dead;
    size_t state = 0;
    while ((dead = hb_map_next(&lane->dead, &state)) != NULL)
        free(dead);
    hb_map_deinit(&lane->dead);
    lane->dead = HB_MAP_EMPTY;
    lane->has_dead = false;
}

void hb_sm_dead_remove(struct hb_sm_lane *lane)
{
    char key[HB_SM_RECORD_KEY_MAX];
    struct hb_sm_dead *dead;
    size_t state = 0;
    while ((dead = hb_map_next(&lane->dead, &state)) != NULL)
        (void)!hb_sm_record_write(lane->worker, key_of(lane, hb_str_c(dead->product), key), NULL, NULL, NULL);
    hb_sm_dead_free(lane);
}

void hb_sm_dead_each(const struct hb_sm_lane *lane, void (*fn)(void *user, struct hb_str product, int64_t offset),
                     void *user)
{
    struct hb_sm_dead *dead;
    size_t state = 0;
    while ((dead = hb_map_next(&lane->dead, &state)) != NULL)
        fn(user, hb_str_c(dead->product), dead->offset);
}

/* ---- records ---- */

static void written(void *user, const struct hb_kafka_ack *ack)
{
    struct dying *dying = user;
    if (ack->err == HB_OK)
        hb_sm_settle(dying->lane, dying->change);
    else
        hb_sm_settle_back(dying->lane, dying->change); /* it is refused once more, and told then */
    if (ack->err == HB_ERR_DENIED)
        hb_sm_trouble_set(dying->lane->worker, "Kafka refuses records of dead products: %s",
                          ack->text ? ack->text : "");
    if (dying->lane->walk)
        hb_sm_pump_soon(dying->lane->worker);
    free(dying);
}

static enum hb_err write_value(const struct hb_sm_lane *lane, const struct hb_sm_work *work, struct hb_buf *value)
{
    struct hb_json_writer json = hb_json_write(value);
    hb_json_object(&json, NULL);
    hb_json_add_int(&json, "v", 1);
    hb_json_add_str(&json, "product", product_of(work->change));
    hb_json_add_str(&json, "item", hb_str_c(work->dead_item));
    hb_json_add_int(&json, "code", work->dead_code);
    hb_json_add_str(&json, "reason", hb_str_c(hb_sm_death_text(work->death)));
    hb_json_add_str(&json, "field", hb_str_c(work->dead_field));
    hb_json_add_str(&json, "words", hb_str_c(work->dead_words));
    hb_json_add_int(&json, "partition", work->change->partition);
    hb_json_add_int(&json, "offset", work->change->offset);
    hb_json_add_wall(&json, "at", hb_loop_wall(lane->worker->options.loop));
    hb_json_add_str(&json, "worker", hb_str_c(lane->worker->options.worker));
    hb_json_close_object(&json);
    return hb_json_end(&json);
}

static enum hb_err write_record(struct hb_sm_lane *lane, const struct hb_sm_work *work, struct dying *dying)
{
    char key[HB_SM_RECORD_KEY_MAX];
    struct hb_buf value = hb_buf_make(VALUE_MAX);
    enum hb_err err = write_value(lane, work, &value);
    if (!err)
        err = hb_sm_record_write(lane->worker, key_of(lane, product_of(work->change), key), &value, written, dying);
    hb_buf_deinit(&value);
    return err;
}

static void count(struct hb_sm_lane *lane, const struct hb_sm_work *work)
{
    lane->refused++;
    hb_metric_add(lane->worker->options.metrics, HB_METRIC_SM_DEAD, 1);
    hb_log(&lane->worker->log, HB_LOG_PRODUCT_DEAD, HB_LOG_C("store", lane->store),
           HB_LOG_STR("product", product_of(work->change)), HB_LOG_C("item", work->dead_item),
           HB_LOG_C("reason", hb_sm_death_text(work->death)), HB_LOG_INT("code", work->dead_code),
           HB_LOG_C("field", work->dead_field), HB_LOG_C("words", work->dead_words));
}

void hb_sm_dead_put(struct hb_sm_lane *lane, struct hb_sm_work *work)
{
    struct hb_sm_change *change = work->change;
    struct hb_str product = product_of(change);
    bool is_known = hb_map_get(&lane->dead, product) != NULL;
    if (change->is_let_go) { /* whoever reads it again meets it again */
        hb_sm_change_free(change);
        return;
    }
    if (!is_known && lane->dead.count >= (size_t)lane->worker->options.config->salesmanago_dead_max) {
        hb_sm_settle_back(lane, change);
        hb_sm_pause(lane, HB_CONNECTOR_PAUSE_TOO_MANY_DEAD, NULL);
        return;
    }
    struct dying *dying = malloc(sizeof *dying);
    if (dying)
        *dying = (struct dying){lane, change};
    if (!dying || !remember(lane, product, change->offset) || write_record(lane, work, dying)) {
        free(dying);
        hb_sm_settle_back(lane, change);
        return;
    }
    count(lane, work);
}

void hb_sm_dead_clear(struct hb_sm_lane *lane, const struct hb_sm_change *change)
{
    char key[HB_SM_RECORD_KEY_MAX];
    struct hb_str product = product_of(change);
    struct hb_sm_dead *dead = hb_map_get(&lane->dead, product);
    if (!dead || change->is_let_go ||
        hb_sm_record_write(lane->worker, key_of(lane, product, key), NULL, NULL, NULL))
        return; /* not written: it is cleared by the version after this one */
    hb_map_remove(&lane->dead, product);
    free(dead);
}
