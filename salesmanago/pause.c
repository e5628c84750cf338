/* A connector that SALESmanago refuses as a whole: a state in the registry, which holds it in every process until the
 * connector is changed or resumed, and a notice to the store, once a revision. */
#include "salesmanago/state.h"

#include "core/notice.h"
#include "platform/json/json.h"
#include "platform/kafka/kafka_event.h"

#include <stdio.h>

#define STATE_BYTES_MAX 4096

static struct hb_str state_key(const struct hb_sm_lane *lane, char key[HB_CONNECTOR_KEY_MAX])
{
    return hb_connector_key(HB_CONNECTOR_STATE, hb_str_c(lane->store), HB_STR(HB_CONNECTOR_ID), key);
}

static void write_state(struct hb_sm_lane *lane, const struct hb_connector_state *state)
{
    char key[HB_CONNECTOR_KEY_MAX];
    struct hb_buf value = hb_buf_make(STATE_BYTES_MAX);
    enum hb_err err = hb_connector_state_write(state, &value);
    if (!err)
        err = hb_sm_record_write(lane->worker, state_key(lane, key), &value, NULL, NULL);
    if (err) /* the next process meets the same answer and writes it */
        hb_log(&lane->worker->log, HB_LOG_KAFKA_ERROR, HB_LOG_C("of", "connector state"),
               HB_LOG_C("error", hb_err_name(err)));
    hb_buf_deinit(&value);
}

static void tell(struct hb_sm_lane *lane, enum hb_notice_kind kind, const char *why)
{
    struct hb_sm_worker *worker = lane->worker;
    const struct hb_notice notice = {
        .kind = kind, .webhook = hb_str_c(lane->store), .revision = lane->connector.enabled_revision, .why = why};
    char seed[HB_NOTICE_SEED_MAX], id[HB_NOTICE_ID_BYTES + 1];
    unsigned char digest[HB_SHA256_BYTES];
    struct hb_buf data = hb_buf_make(HB_NOTICE_DATA_MAX);
    hb_sha256(hb_str_n(seed, hb_notice_seed(&notice, seed)), digest);
    hb_notice_id(digest, id);
    enum hb_err err = hb_notice_write(&notice, &data);
    if (!err) {
        const struct hb_event event = {.id = hb_str_n(id, HB_NOTICE_ID_BYTES),
                                       .store = hb_str_c(lane->store),
                                       .type = hb_notice_type(kind),
                                       .subject = HB_STR(HB_CONNECTOR_ID),
                                       .data = hb_buf_str(&data),
                                       .registry_stamp = HB_NO_STAMP,
                                       .is_json = true};
        err = worker->producer ? hb_kafka_produce_event(worker->producer,
                                                        hb_str_c(worker->options.config->kafka_topic_prefix), &event,
                                                        NULL, NULL)
                               : HB_ERR_CLOSED;
    }
    hb_buf_deinit(&data);
    hb_log(&worker->log, HB_LOG_NOTICE, HB_LOG_C("store", lane->store), HB_LOG_STR("type", hb_notice_type(kind)),
           HB_LOG_C("event", id), HB_LOG_C("error", err ? hb_err_name(err) : ""));
}

void hb_sm_pause(struct hb_sm_lane *lane, enum hb_connector_pause reason, const struct hb_sm_answer *answer)
{
    if (lane->hold == HB_SM_HOLD_REFUSED)
        return;
    lane->hold = HB_SM_HOLD_REFUSED;
    lane->paused_revision = lane->connector.revision;
    const struct hb_connector_state state = {.revision = lane->connector.revision,
                                             .is_paused = true,
                                             .reason = reason,
                                             .code = answer ? answer->code : 0,
                                             .field = hb_str_c(answer ? answer->field : ""),
                                             .words = hb_str_c(answer ? answer->words : ""),
                                             .at = hb_loop_wall(lane->worker->options.loop),
                                             .worker = hb_str_c(lane->worker->options.worker)};
    write_state(lane, &state);
    hb_log(&lane->worker->log, HB_LOG_CONNECTOR_PAUSED, HB_LOG_C("store", lane->store),
           HB_LOG_C("reason", hb_connector_pause_text(reason)), HB_LOG_INT("code", state.code),
           HB_LOG_STR("field", state.field), HB_LOG_STR("words", state.words));
    tell(lane, HB_NOTICE_CONNECTOR_PAUSED, hb_connector_pause_text(reason));
}

bool hb_sm_pause_holds(struct hb_sm_lane *lane)
{
    char key[HB_CONNECTOR_KEY_MAX];
    struct hb_connector_state state;
    bool is_held = lane->paused_revision >= lane->connector.enabled_revision;
    if (hb_connector_state_read(hb_registry_record(lane->worker->options.registry, state_key(lane, key)), &state))
        return is_held;
    if (hb_connector_state_holds(&state, &lane->connector)) {
        is_held = true;
        lane->is_resume_told = false;
    } else if (state.is_paused && !is_held) { /* of a former life: it was resumed, which is told once */
        if (lane->connector.status == HB_CONNECTOR_ACTIVE && !lane->is_resume_told) {
            const struct hb_connector_state active = {.revision = lane->connector.revision,
                                                      .at = hb_loop_wall(lane->worker->options.loop),
                                                      .worker = hb_str_c(lane->worker->options.worker)};
            lane->is_resume_told = true;
            write_state(lane, &active);
            hb_log(&lane->worker->log, HB_LOG_CONNECTOR_RESUMED, HB_LOG_C("store", lane->store));
            tell(lane, HB_NOTICE_CONNECTOR_RESUMED, "resumed");
        }
    }
    hb_connector_state_deinit(&state);
    return is_held;
}
