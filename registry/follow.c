#include "hookbus/topics.h"
#include "platform/loop/loop.h"
#include "registry/registry_internal.h"

#include <stdio.h>

#define POLL_MAX 200            /* events a turn */
#define POLL_SAFETY_MS 10000    /* a poll without a wake-up, against a lost one */
#define PROMPT_MS 50            /* every role waits for the registry at its start, and for the end at an assignment */
#define ASK_AGAIN_US 1000000    /* a question for the end that was not answered by then is asked again */

static void stop(struct hb_registry *registry, const char *sentence, enum hb_err err)
{
    registry->is_stopped = true;
    (void)snprintf(registry->trouble, sizeof(registry->trouble), "%s", sentence);
    hb_log(registry->log, HB_LOG_REGISTRY_STOPPED, HB_LOG_C("error", hb_err_name(err)), HB_LOG_C("text", sentence));
}

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct hb_registry *registry = user;
    struct registry_input input = {message->key, message->value, message->offset, message->appended};
    enum hb_err err = registry->is_stopped ? HB_OK : hb_registry_apply(registry, &input);
    hb_kafka_message_free(message);
    if (err == HB_ERR_VERSION) {
        stop(registry, "the registry topic holds a record written by a newer hookbus; update this program", err);
    } else if (err) {
        stop(registry, "a registry record could not be kept in memory", err);
    }
    if (registry->end <= registry->applied) {
        registry->end = registry->applied + 1;
    }
}

static void on_end(void *user, int topic, int32_t partition, int64_t offset)
{
    struct hb_registry *registry = user;
    (void)topic;
    (void)partition;
    registry->end = offset > registry->end ? offset : registry->end;
    registry->is_away = false;
    registry->end_answered = registry->end_asked;
    if (registry->is_current || registry->is_stopped) {
        return;
    }
    registry->is_current = true;
    hb_log(registry->log, HB_LOG_REGISTRY_CURRENT, HB_LOG_INT("applied", registry->applied),
           HB_LOG_INT("stores", registry->stores.count), HB_LOG_INT("webhooks", registry->webhooks.count),
           HB_LOG_INT("keys", registry->keys.count));
    if (registry->became_current) {
        registry->became_current(registry->user);
    }
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_registry *registry = user;
    (void)topic;
    (void)partition;
    if (err == HB_ERR_AWAY || err == HB_ERR_TIMEOUT) {
        registry->is_away = true;
        if (!registry->is_stopped) {
            (void)snprintf(registry->trouble, sizeof(registry->trouble), "Kafka cannot be reached: %s",
                           text ? text : "");
        }
        hb_log(registry->log, HB_LOG_KAFKA_AWAY, HB_LOG_C("who", "registry"), HB_LOG_C("text", text));
        return;
    }
    char sentence[HB_ERROR_TEXT_MAX];
    (void)snprintf(sentence, sizeof(sentence), "the registry topic cannot be read: %s", text ? text : hb_err_text(err));
    stop(registry, sentence, err);
}

static const struct hb_kafka_reader_events EVENTS = {on_message, on_end, on_error};

static void on_readable(void *user, int events)
{
    struct hb_registry *registry = user;
    (void)events;
    if (hb_kafka_reader_poll(registry->reader, POLL_MAX, 0) >= POLL_MAX) {
        /* The descriptor was drained although records wait: come back after the others had their turn. */
        hb_timer_start(registry->poll_timer, 0, POLL_SAFETY_MS);
    }
    hb_registry_wait_check(registry);
}

static void on_poll_timer(void *user)
{
    struct hb_registry *registry = user;
    on_readable(registry, 0);
}

static enum hb_err watch_reader(struct hb_registry *registry)
{
    enum hb_err err =
        hb_watch_new(registry->loop, hb_kafka_reader_fd(registry->reader), on_readable, registry, &registry->watch);
    if (err) {
        return err;
    }
    hb_watch_set(registry->watch, HB_WATCH_READ);
    err = hb_timer_new(registry->loop, on_poll_timer, registry, &registry->poll_timer);
    if (!err) {
        hb_timer_start(registry->poll_timer, 0, POLL_SAFETY_MS);
    }
    return err;
}

enum hb_err hb_registry_follow(struct hb_registry *registry, const struct hb_registry_options *options,
                               struct hb_error *reterr)
{
    char topic[HB_TOPIC_NAME_MAX];
    (void)hb_topic_name(options->topic_prefix, HB_TOPIC_REGISTRY, topic);
    const char *topics[] = {topic};
    struct hb_kafka_reader_options reader = {.cluster = options->cluster,
                                             .topics = topics,
                                             .topics_count = 1,
                                             .is_committed_only = true,
                                             .prompt_ms = PROMPT_MS,
                                             .events = &EVENTS,
                                             .user = registry};
    struct hb_kafka_start start = {0, 0, HB_KAFKA_BEGINNING};
    enum hb_err err = hb_kafka_reader_new(&reader, &registry->reader, reterr);
    if (!err) {
        err = hb_kafka_reader_assign(registry->reader, &start, 1);
    }
    return err ? err : watch_reader(registry);
}

/* Reading on from where we are makes the client fetch, and say the end it finds. One question at a time: assigned again
 * while it still begins with the last assignment, the library aborts (rktp_started). */
void hb_registry_ask_end(struct hb_registry *registry)
{
    const struct hb_kafka_start start = {0, 0, registry->applied < 0 ? HB_KAFKA_BEGINNING : registry->applied + 1};
    struct hb_mono now = hb_loop_mono(registry->loop);
    if (registry->end_asked.us > registry->end_answered.us && now.us - registry->end_asked.us < ASK_AGAIN_US)
        return;
    if (registry->reader && hb_kafka_reader_assign(registry->reader, &start, 1) == HB_OK)
        registry->end_asked = now;
}

bool hb_registry_end_known(const struct hb_registry *registry, struct hb_mono since)
{
    return registry->end_answered.us > since.us;
}

void hb_registry_unfollow(struct hb_registry *registry)
{
    if (registry->poll_timer) {
        hb_timer_free(&registry->poll_timer);
    }
    if (registry->watch) {
        hb_watch_free(&registry->watch);
    }
    if (registry->reader) {
        hb_kafka_reader_free(&registry->reader);
    }
}
