/* Job: what one webhook has in this process: its queue, its window, its prepared target and MACs.
 *
 * A lane is made at a webhook's first delivery and follows the registry: when the configuration changes, the next
 * attempt uses the new URL, headers and secrets. Lanes of one store share a bench (turns, share), lanes of one
 * destination share a host (cap).
 * Owns / borrows: a reference to the current snapshot, target, MACs; deliveries that wait are its own.
 * Fails: HB_ERR_MEMORY; HB_ERR_INVALID (the stored URL or headers are not usable). Limits: given to hb_lanes_init.
 * Threads: the loop's. */
#ifndef DISPATCHER_LANE_H
#define DISPATCHER_LANE_H

#include "core/map.h"
#include "core/rest.h"
#include "core/turns.h"
#include "core/window.h"
#include "hookbus/webhook.h"

struct hb_delivery;
struct hb_hmac;
struct hb_http_client;
struct hb_http_target;
struct hb_lane;

/* A store's place in the turns, and what it has in flight. */
struct hb_stall {
    struct hb_bench bench; /* first: turns give it back */
    char *store;
    int in_flight;
    size_t lanes;
};

/* A destination (host:port). */
struct hb_host {
    char *name;
    int in_flight;
    size_t lanes;
    struct hb_lane *blocked,
        *last_blocked; /* lanes that wait for a slot here; last_blocked counts while blocked is not NULL */
};

/* What the registry is to say of a webhook (dispatcher/telling.c). */
struct hb_word {
    bool is_wanted;    /* Kafka has not acknowledged it as it is now */
    bool is_under_way; /* a record is with the producer */
    bool is_changed;   /* and says something older */
};

struct hb_lane {
    struct hb_seat seat; /* first: turns give it back */
    void *owner;         /* of all lanes: what hb_lanes_init was given */
    struct hb_stall *stall;
    struct hb_host *host;    /* NULL until prepared */
    struct hb_webhook *webhook;
    struct hb_http_target *target;                /* NULL: to be prepared anew */
    struct hb_hmac *hmacs[HB_WEBHOOK_SECRETS_MAX]; /* as the snapshot's secrets */
    struct hb_window window;
    struct hb_delivery *first, **last; /* fresh ones that wait, oldest first */
    size_t waiting, waiting_bytes;
    struct hb_delivery *first_resend, **last_resend; /* of the owner; they go first */
    int resends;     /* those that wait and those in flight */
    int in_flight;   /* of both kinds */
    int kept;        /* deliveries that live on without waiting or running, and words, until Kafka acknowledged them */
    bool is_host_blocked;
    int told_window;             /* as last written into a line of history … */
    struct hb_mono told_window_at; /* … and when */
    /* How it keeps up (dispatcher/admit.h). */
    struct hb_mono succeeded_at, overloaded_at; /* us 0: never */
    int64_t latency_us;         /* of its successes, smoothed */
    struct hb_mono late_since;  /* us 0: in time: what it starts has not waited long */
    bool is_behind;  /* late for a while: beyond its limit it is parked from */
    bool is_overrun; /* gets more than its receiver takes, and others waited for it: behind until nothing waits */
    bool is_crowded; /* at its limit and not behind: intake waits for it */
    /* Rests (dispatcher/resting.c): the owner's alone, but for quiet_until. */
    bool is_owned;   /* as last seen */
    struct hb_rest rest;
    struct hb_mono quiet_until;  /* us 0: none; a receiver of this process asked for it */
    struct hb_wall heard;        /* what the registry says of a rest, as last looked at … */
    struct hb_mono heard_until;  /* … and when that is, whatever becomes of the wall clock */
    struct hb_mono told_at;      /* us 0: never; when this process last published its state */
    int64_t told_since;          /* the beginning of the failing that is published; INT64_MAX: none */
    const char *rest_reason;     /* for the registry */
    struct hb_word rest_word;
    int64_t gone_revision;       /* the configuration under which it answered 410, or failed for days; -1: none */
    const char *gone_reason;
    struct hb_wall gone_at;
    struct hb_word gone_word;    /* while it is wanted, what is selected is parked; then it is skipped */
    bool is_asked;   /* the owner asked for room, and wants to be told of more */
    struct hb_lane *next_blocked;
};

struct hb_lanes {
    struct hb_map by_webhook, stalls, hosts;
    /* by the last hb_lane_prepare that moved a lane, if other lanes are still there: it has slots now */
    struct hb_host *left;
    struct hb_http_client *http;
    void *owner;
    int window_start, window_max;
    struct hb_rest rest; /* of a lane that is new */
};

/* owner: what each lane carries for its requests' callbacks. */
void hb_lanes_init(struct hb_lanes *lanes, struct hb_http_client *http, void *owner, int window_start, int window_max);
/* All lanes must be idle: nothing waiting, nothing in flight. */
void hb_lanes_deinit(struct hb_lanes *lanes);
/* The lane of a webhook, made if there is none. HB_ERR_MEMORY. */
HB_MUST_USE enum hb_err hb_lanes_get(struct hb_lanes *lanes, struct hb_webhook *webhook, struct hb_lane **ret_lane);
/* The webhook changed: its lane, if any, uses the new snapshot from its next attempt on. */
void hb_lanes_change(struct hb_lanes *lanes, struct hb_webhook *webhook);
/* Target, MACs and host, made from the current snapshot if they are not there. HB_ERR_INVALID with a sentence. */
HB_MUST_USE enum hb_err hb_lane_prepare(struct hb_lanes *lanes, struct hb_lane *lane, struct hb_error *reterr);
/* Frees an idle lane of a webhook that is gone. */
void hb_lanes_drop(struct hb_lanes *lanes, struct hb_lane *lane);
/* Frees the idle lanes of webhooks that were deleted. Cost: all lanes; once a minute is enough. */
void hb_lanes_forget_deleted(struct hb_lanes *lanes);
/* The MAC prepared for each secret of a snapshot, 0..HB_WEBHOOK_SECRETS_MAX. */
HB_MUST_USE enum hb_err hb_hmacs_init(const struct hb_webhook *webhook,
                                      struct hb_hmac *ret_hmacs[HB_WEBHOOK_SECRETS_MAX]);
void hb_hmacs_deinit(struct hb_hmac *hmacs[HB_WEBHOOK_SECRETS_MAX]);

#endif
