#include "history/delivery_wish.h"

#include "core/event_rules.h"
#include "hookbus/outcome.h"
#include "hookbus/topics.h"

static void refuse(struct hb_wish_verdict *verdict, const char *slug, const char *why)
{
    verdict->slug = slug;
    verdict->why = why;
}

/* The beginning of SHA-256(subject), as the owner of an ordered webhook knows it; without the subject, as the entry. */
static uint64_t subject_of(const struct hb_wish_ask *ask)
{
    unsigned char digest[32];
    if (ask->row->subject.len == 0) {
        return HB_JOURNAL_NO_SUBJECT;
    }
    ask->hash(ask->row->subject, digest);
    return hb_subject_of(digest);
}

/* Rows are made of what stands in Kafka, which others may have written too: nothing of it goes on unlooked at. */
static bool is_usable(const struct hb_model_row *row)
{
    const struct hb_position *at = &row->position;
    return at->topic >= 0 && at->topic < HB_EVENT_TOPIC_COUNT && at->partition >= 0 && at->offset >= 0 &&
           at->offset <= HB_JOURNAL_NUMBER_MAX && at->appended.ms >= 0 && at->appended.ms <= HB_JOURNAL_NUMBER_MAX &&
           row->attempts >= 0 && row->attempts <= HB_JOURNAL_ATTEMPTS_MAX && hb_event_is_id(row->store) &&
           row->version >= 0 && row->version <= HB_JOURNAL_VERSION_MAX;
}

static void begin(const struct hb_wish_ask *ask, struct hb_wish_verdict *verdict)
{
    const struct hb_model_row *row = ask->row;
    unsigned char bytes[16];
    memcpy(bytes, row->id.ptr, sizeof(bytes));
    hb_delivery_id(bytes, verdict->id);
    verdict->record = (struct hb_journal_record){
        .kind = HB_JOURNAL_STATE,
        .id = hb_str_n(verdict->id, HB_DELIVERY_ID_BYTES),
        .webhook = row->webhook,
        .version = row->version + 1,
        .repairs = HB_SHARD_NONE,
        .state = HB_DELIVERY_PARKED,
        .store = row->store,
        .event = hb_event_is_id(row->event) ? row->event : (struct hb_str){NULL, 0},
        .subject = subject_of(ask),
        .position = row->position,
        .attempts = row->attempts,
        .first_failed = {row->first_failed < 0 ? HB_JOURNAL_NEVER : row->first_failed},
        .due = ask->now,
        .reason = hb_str_c(hb_reason_text(HB_REASON_REPLAY)),
        .job = hb_event_is_id(row->job) ? row->job : (struct hb_str){NULL, 0},
    };
}

static void judge_retry(const struct hb_wish_ask *ask, struct hb_wish_verdict *verdict)
{
    const struct hb_model_row *row = ask->row;
    if (row->state == HB_DELIVERY_DELIVERED) {
        refuse(verdict, "nothing_to_do", "It was delivered. 'hookbus replay' sends what was delivered again.");
    } else if (!ask->webhook || ask->webhook->status == HB_WEBHOOK_DELETED) {
        refuse(verdict, "webhook_deleted", "Its webhook was deleted: there is nowhere to send it.");
    } else if (ask->webhook->status == HB_WEBHOOK_DISABLED) {
        refuse(verdict, "webhook_disabled", "Its webhook is disabled: enable it first.");
    } else if (row->state == HB_DELIVERY_PARKED && row->version > 0) {
        verdict->will = "It is due now and is sent as soon as its webhook may take it.";
    } else {
        verdict->record.version = hb_shard_rule_replay_version(row->version, ask->now);
        verdict->record.attempts = 0;
        verdict->record.first_failed.ms = HB_JOURNAL_NEVER;
        verdict->record.job = (struct hb_str){NULL, 0};
        verdict->will = "It begins anew: it is due now, with its webhook's whole schedule before it.";
    }
}

static void judge_cancel(const struct hb_wish_ask *ask, struct hb_wish_verdict *verdict)
{
    const struct hb_model_row *row = ask->row;
    bool is_waiting =
        row->state == HB_DELIVERY_PARKED || row->state == HB_DELIVERY_HELD || row->state == HB_DELIVERY_DEAD;
    if (!is_waiting) {
        refuse(verdict, "nothing_to_do", "It waits for nothing any more: what has ended cannot be cancelled.");
    } else if (row->version == 0) {
        refuse(verdict, "not_known_yet", "Its journal record was not read yet: try again in a moment.");
    } else {
        verdict->record.state = HB_DELIVERY_CANCELLED;
        verdict->record.reason = hb_str_c(hb_reason_text(HB_REASON_CANCELLED));
        verdict->will =
            "It is not sent any more. A request that runs just now is not called back, and its success counts.";
    }
}

void hb_wish_judge(const struct hb_wish_ask *ask, struct hb_wish_verdict *ret_verdict)
{
    *ret_verdict = (struct hb_wish_verdict){.slug = NULL};
    if (!is_usable(ask->row) || !hb_event_is_id(ask->row->webhook)) {
        refuse(ret_verdict, "not_known_yet",
               "Where its event stands was not read yet, or is not known any more: try again in a moment.");
        return;
    }
    begin(ask, ret_verdict);
    if (ask->wish == HB_WISH_RETRY) {
        judge_retry(ask, ret_verdict);
    } else {
        judge_cancel(ask, ret_verdict);
    }
}
