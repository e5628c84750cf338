/* Job: a parked delivery that is due, on its way from the one who keeps it to the one who sends it, and what became of
 * it.
 *
 * Place: the contract between retry/ (the owner of a shard: when) and dispatcher/ (windows, rests, requests: whether
 * and how); cli/ joins the two. The sender alone knows how much a webhook can take; the owner alone knows what is due.
 * What an attempt came to is written to the journal by the sender; the owner learns of it as of every other record, by
 * reading its partition.
 * Owns / borrows: the event's views are the owner's and live until `ended`. Fails: as said. Threads: the loop's; none
 * of the two calls the other from inside a call of the other, but `ended` and `room_changed` may come out of `send`'s
 * process later in the same turn.
 *
 * Example:
 *     struct hb_resend_room room = sender->room(sender->user, webhook);
 *     if (room.slots > 0) { claim(webhook, room.slots); }       // later: sender->send(sender->user, &resend) */
#ifndef HOOKBUS_RESEND_H
#define HOOKBUS_RESEND_H

#include "hookbus/event.h"

#define HB_RESEND_DELIVERY_BYTES 16
/* The detail in the line of an event that is set aside because it crashed its worker. */
#define HB_RESEND_CRASHED_WORKER "crashed_worker"
/* `again`: only room_changed will say. */
#define HB_RESEND_WHEN_TOLD INT64_MAX

/* What a webhook may start of its parked deliveries now. */
struct hb_resend_room {
    int slots;             /* 0: none */
    bool is_probe;         /* the one slot of a resting webhook: the oldest due delivery goes, and burns its attempt */
    bool is_deleted;       /* nothing of it will ever be sent: the owner ends what is parked */
    bool is_unknown;       /* not in the registry (yet): nothing may be concluded, it waits */
    struct hb_wall again;  /* with slots 0: ask again then; ms HB_RESEND_WHEN_TOLD: room_changed will say */
};

/* A claimed delivery with its event. */
struct hb_resend {
    struct hb_str webhook;
    unsigned char delivery[HB_RESEND_DELIVERY_BYTES];
    const struct hb_event *event;
    struct hb_position position;
    int64_t version;              /* of the state this attempt follows; what comes of it is version + 1 */
    int64_t attempts;             /* charged so far */
    struct hb_wall first_failed;  /* ms -1: no attempt has failed yet */
    struct hb_str job;            /* of a replay; empty: none */
    bool is_probe;
    void *tag;                    /* comes back in `ended` */
};

/* An event's Kafka record as it came. */
struct hb_event_bytes {
    struct hb_position position;
    struct hb_str key, value;
    const struct hb_name_value *headers;
    size_t headers_count;
};
enum hb_resend_end {
    HB_RESEND_RECORDED, /* its new state (a tombstone, a later due time, dead …) is in the journal, acknowledged */
    HB_RESEND_UNSENT,   /* nothing was charged or written (paused meanwhile, no memory, shutdown): give the lease back */
    HB_RESEND_UNKNOWN   /* at shutdown: it may have been sent; its lease runs out by itself */
};

/* The sender, as the owner sees it: made by dispatcher/. */
struct hb_sender {
    struct hb_resend_room (*room)(void *user, struct hb_str webhook);
    /* HB_OK: `ended` follows exactly once, never before this returned. Else nothing was taken. Strings are copied or
     * borrowed until `ended`. */
    enum hb_err (*send)(void *user, const struct hb_resend *resend);
    /* The event at this place is looked into from here to let_go: a process that crashes in between is counted. False:
     * it has crashed three times in this event, which must not be looked into again, but set aside. NULL: never. */
    bool (*take_up)(void *user, const struct hb_position *position);
    void (*let_go)(void *user);
    void *user;
};

/* The owner, as the sender sees it: made by retry/. */
struct hb_owner {
    void (*ended)(void *user, void *tag, enum hb_resend_end end);
    /* The webhook may be able to take more, or nothing, than at the last asking: freed slots, a rest that began or
     * ended, resumed, enabled, deleted. Cheap; may come often. */
    void (*room_changed)(void *user, struct hb_str webhook);
    /* Whether this process is the (caught-up) owner of the webhook's shard: it alone declares rests. */
    bool (*owns)(void *user, struct hb_str webhook);
    /* The event's record is at hand while a delivery of it is parked: kept in memory (copied) for a retry that comes
     * soon. */
    void (*keep)(void *user, const struct hb_event_bytes *record);
    void *user;
};

#endif
