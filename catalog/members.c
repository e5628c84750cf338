/* Which partitions are ours: both topics' partitions of one number, restored before anything of them is merged. */
#include "catalog/restore.h"
#include "catalog/session.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- restoring ---- */

static bool is_over(void *user)
{
    return hb_session_is_stopping(user);
}

static void progress(void *user, int percent)
{
    struct hb_session *session = user;
    char sentence[HB_ERROR_TEXT_MAX];
    (void)snprintf(sentence, sizeof(sentence), "the catalog's products are read from Kafka: %d %%", percent);
    hb_notes_set_trouble(session->options->notes, sentence);
}

static void foreign(void *user, const struct hb_kafka_message *message, const char *problem)
{
    struct hb_session *session = user;
    struct hb_note note = HB_NOTE(HB_LOG_CATALOG_FOREIGN);
    (void)snprintf(note.reason, sizeof(note.reason), "%s", problem);
    (void)snprintf(note.topic, sizeof(note.topic), "%s", session->catalog_topic);
    note.partition = message->partition;
    note.offset = message->offset;
    hb_session_note(session, &note);
}

static void say_anew(struct hb_session *session, size_t anew)
{
    struct hb_note note = HB_NOTE(HB_LOG_CATALOG_ANEW);
    if (anew == 0)
        return;
    (void)snprintf(note.reason, sizeof(note.reason), "partitions of the file are too old, or ahead of the topic");
    note.count = (int64_t)anew;
    hb_session_note(session, &note);
}

static void restore(struct hb_session *session, const int32_t *partitions, size_t count)
{
    const struct hb_catalog_options *o = session->options->catalog;
    const struct hb_restore_options options = {.cluster = o->cluster,
                                               .topic = session->catalog_topic,
                                               .file = session->file,
                                               .partitions = partitions,
                                               .partitions_count = count,
                                               .is_over = is_over,
                                               .progress = progress,
                                               .foreign = foreign,
                                               .wall = o->wall,
                                               .user = session};
    struct hb_error error = {HB_OK, ""};
    uint64_t records = 0;
    size_t anew = 0;
    enum hb_err err = count > 0 ? hb_restore_run(&options, &records, &anew, &error) : HB_OK;
    hb_metric_add(o->metrics, HB_METRIC_CATALOG_RESTORED, records);
    say_anew(session, anew);
    if (err)
        hb_session_fail(session, err, "restoring the catalog", error.text);
}

/* ---- assignment ---- */

static void refuse(struct hb_session *session, struct hb_kafka_partition *partition, const char *why)
{
    partition->is_refused = true;
    hb_session_refuse(session, partition->topic, partition->partition, why);
}

static void reset(struct hb_session *session, struct hb_kafka_partition *partition, const char *why)
{
    struct hb_note note = HB_NOTE(HB_LOG_CATALOG_RESET);
    (void)snprintf(note.reason, sizeof(note.reason), "%s", why);
    (void)snprintf(note.topic, sizeof(note.topic), "%s", session->topics[partition->topic]);
    note.partition = partition->partition;
    note.offset = partition->committed;
    partition->start = partition->low;
    hb_session_note(session, &note);
}

/* Events read once more change nothing: the versions in the products say so. So the earliest is always a right place to
 * begin; what is beyond the end is somebody's mistake, and not ours to mend unasked. */
static void choose_start(struct hb_session *session, struct hb_kafka_partition *partition)
{
    if (partition->committed == HB_KAFKA_OFFSET_NONE)
        partition->start = partition->low;
    else if (partition->committed < partition->low)
        reset(session, partition, "events were deleted by their age before they were merged");
    else if (partition->committed > partition->high && session->options->catalog->resets_offsets)
        reset(session, partition, "the group's offset was beyond the end (--reset-offsets)");
    else if (partition->committed > partition->high)
        refuse(session, partition,
               "the group's offset is beyond its end, as when the topic was made anew; 'hookbus catalog --reset-offsets' "
               "begins at the earliest event");
}

static struct hb_kafka_partition *find(struct hb_kafka_partition *partitions, size_t count, int topic, int32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (partitions[i].topic == topic && partitions[i].partition == number)
            return &partitions[i];
    return NULL;
}

/* Both partitions of a number are ours, or none is merged. */
static void check_pair(struct hb_session *session, struct hb_kafka_partition *partitions, size_t count,
                       struct hb_kafka_partition *partition)
{
    int other = partition->topic == HB_SESSION_PRODUCT ? HB_SESSION_INVENTORY : HB_SESSION_PRODUCT;
    if (partition->partition >= HB_CATALOG_PARTITIONS_MAX)
        refuse(session, partition, "there are more partitions than the catalog can merge");
    else if (!find(partitions, count, other, partition->partition))
        refuse(session, partition,
               "the same partition of the other topic is not with this process: do both topics have as many partitions, "
               "and all catalog workers the same version?");
}

static void take(struct hb_session *session, struct hb_kafka_partition *partitions, size_t count)
{
    int32_t *numbers = calloc(count, sizeof(*numbers));
    size_t numbers_count = 0;
    if (!numbers) {
        hb_session_fail(session, HB_ERR_MEMORY, "an assignment cannot be taken", NULL);
        return;
    }
    for (size_t i = 0; i < count; i++)
        check_pair(session, partitions, count, &partitions[i]);
    for (size_t i = 0; i < count; i++)
        if (!partitions[i].is_refused && partitions[i].topic == HB_SESSION_PRODUCT)
            numbers[numbers_count++] = partitions[i].partition;
    restore(session, numbers, numbers_count);
    free(numbers);
    for (size_t i = 0; !session->err && i < count; i++) {
        if (!partitions[i].is_refused)
            choose_start(session, &partitions[i]);
        if (partitions[i].is_refused)
            continue;
        session->next[partitions[i].topic][partitions[i].partition] = partitions[i].start;
        session->is_ours[partitions[i].partition] = true;
        if (partitions[i].topic == HB_SESSION_PRODUCT && partitions[i].start >= partitions[i].high)
            session->told_until[partitions[i].partition] = session->options->catalog->wall();
    }
    session->ours = numbers_count;
}

static void forget(struct hb_session *session)
{
    memset(session->is_ours, 0, sizeof(session->is_ours));
    memset(session->is_stopped, 0, sizeof(session->is_stopped));
    memset(session->told_until, 0, sizeof(session->told_until));
    for (int topic = 0; topic < HB_SESSION_TOPICS; topic++)
        for (int32_t p = 0; p < HB_CATALOG_PARTITIONS_MAX; p++)
            session->next[topic][p] = -1;
    session->ours = 0;
    session->refused[0] = '\0';
    hb_batch_clear(session->filling);
    if (!session->is_writing) /* else a transaction that did not end has it until the session is freed */
        hb_kafka_membership_free(&session->membership);
}

static void say(struct hb_session *session, enum hb_log_event event, size_t count)
{
    struct hb_note note = HB_NOTE(event);
    note.count = (int64_t)count;
    hb_session_note(session, &note);
}

static void on_assigned(void *user, struct hb_kafka_partition *partitions, size_t count)
{
    struct hb_session *session = user;
    hb_writing_wait(session);
    forget(session);
    if (!session->err && hb_kafka_consumer_membership(session->consumer, &session->membership))
        hb_session_fail(session, HB_ERR_MEMORY, "an assignment cannot be taken", NULL);
    if (!session->err)
        take(session, partitions, count);
    for (size_t i = 0; session->err && i < count; i++)
        partitions[i].is_refused = true; /* the session ends: nothing more is wanted */
    if (session->err)
        return;
    session->has_assignment = true;
    session->sweep_at = session->second_at = (struct hb_mono){0}; /* at once */
    say(session, HB_LOG_CATALOG_ASSIGNED, session->ours);
    hb_session_tell(session);
}

/* A transaction under way is of the generation that ends; whether it still stands is Kafka's to say. What was merged
 * and not written is dropped: whoever has the partitions next reads it from where the offsets stand. */
static void on_revoked(void *user, const struct hb_kafka_partition *partitions, size_t count, bool is_lost)
{
    struct hb_session *session = user;
    (void)partitions;
    (void)is_lost;
    hb_writing_wait(session);
    forget(session);
    session->has_assignment = false;
    say(session, HB_LOG_CATALOG_REVOKED, count);
    hb_session_tell(session);
}

/* ---- the other events ---- */

static void on_message(void *user, struct hb_kafka_message *message)
{
    struct hb_session *session = user;
    if (!session->err)
        hb_merging_take(session, message);
    hb_kafka_message_free(message);
}

static void on_committed(void *user, int topic, int32_t partition, int64_t offset, enum hb_err err)
{
    (void)user;
    (void)topic;
    (void)partition;
    (void)offset;
    (void)err;
}

static void say_rejoins(struct hb_session *session, const char *text)
{
    struct hb_note note = HB_NOTE(HB_LOG_KAFKA_REJOINS);
    (void)snprintf(note.reason, sizeof(note.reason), "%s", text);
    hb_session_note(session, &note);
}

static void on_error(void *user, enum hb_err err, int topic, int32_t partition, const char *text)
{
    struct hb_session *session = user;
    if (err == HB_ERR_AWAY) {
        session->is_away = true;
        hb_session_tell(session);
    } else if (err == HB_ERR_FENCED) {
        say_rejoins(session, text);
    } else if (err == HB_ERR_FATAL || err == HB_ERR_DENIED || partition < 0) {
        hb_session_fail(session, err, "the catalog's consumer", text);
    } else {
        hb_session_refuse(session, topic, partition, text);
    }
}

const struct hb_kafka_consumer_events hb_members_events = {.assigned = on_assigned,
                                                           .revoked = on_revoked,
                                                           .message = on_message,
                                                           .committed = on_committed,
                                                           .error = on_error};
