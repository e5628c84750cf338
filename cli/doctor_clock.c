/* Job: the clocks of Kafka and Redis against ours. Kafka tells its time only with a record it appends: a tombstone of a
 * key that nothing has, in the registry topic. Readers pass over it, and compaction leaves nothing of it. */
#include "cli/doctor.h"
#include "cli/setup.h"
#include "hookbus/topics.h"
#include "platform/kafka/kafka.h"

#define SKEW_WARN_MS 1000
#define TIMEOUT_MS 5000
#define QUEUE_RECORDS 10
#define QUEUE_KIB 1024
#define KEY "doctor/clock"

void hb_doctor_clock(struct hb_doctor *doctor, const char *whose, struct hb_wall theirs, struct hb_wall before,
                     struct hb_wall after)
{
    int64_t skew = theirs.ms < before.ms ? before.ms - theirs.ms : theirs.ms > after.ms ? theirs.ms - after.ms : 0;

    hb_doctor_add(doctor, "clock", skew < SKEW_WARN_MS ? HB_MARK_OK : HB_MARK_WARN,
                  "our clock and %s's differ by %lld ms", whose, (long long)skew);
    if (skew >= SKEW_WARN_MS) {
        hb_doctor_advise(doctor,
                         "run an NTP client on both machines; receivers refuse timestamps more than five minutes off");
    }
}

struct written {
    bool is_told;
    struct hb_kafka_ack ack;
    struct hb_wall after;
};

static void on_written(void *user, const struct hb_kafka_ack *ack)
{
    struct written *written = user;

    written->is_told = true;
    written->after = hb_setup_wall();
    written->ack = *ack;
    written->ack.text = NULL; /* does not outlive this */
}

static enum hb_err write_tombstone(struct hb_doctor *doctor, struct hb_kafka_producer *producer,
                                   struct written *ret_written)
{
    char topic[HB_TOPIC_NAME_MAX];
    struct hb_kafka_record record = {.topic = topic, .partition = 0, .key = HB_STR(KEY)};
    enum hb_err err;

    (void)hb_topic_name(hb_str_c(doctor->cli->config.kafka_topic_prefix), HB_TOPIC_REGISTRY, topic);
    err = hb_kafka_produce(producer, &record, on_written, ret_written);
    err = err ? err : hb_kafka_producer_flush(producer, TIMEOUT_MS);
    return err ? err : ret_written->is_told ? ret_written->ack.err : HB_ERR_TIMEOUT;
}

/* The first record waits for metadata and a producer's id: its time between before and after would be too wide. */
static enum hb_err ask(struct hb_doctor *doctor, struct hb_wall *ret_before, struct written *ret_written)
{
    struct hb_kafka_producer_options options = {.cluster = hb_setup_cluster(&doctor->cli->config, "hookbus-doctor"),
                                                .queue_records_max = QUEUE_RECORDS,
                                                .queue_kib_max = QUEUE_KIB,
                                                .message_timeout_ms = TIMEOUT_MS};
    struct hb_kafka_producer *producer = NULL;
    enum hb_err err = hb_kafka_producer_new(&options, &producer, NULL);

    for (int i = 0; !err && i < 2; i++) {
        *ret_written = (struct written){.is_told = false};
        *ret_before = hb_setup_wall();
        err = write_tombstone(doctor, producer, ret_written);
    }
    if (producer) {
        hb_kafka_producer_free(&producer, 0);
    }
    return err;
}

void hb_doctor_kafka_clock(struct hb_doctor *doctor)
{
    struct hb_wall before = {0};
    struct written written = {.is_told = false};
    enum hb_err err = ask(doctor, &before, &written);

    if (err) {
        hb_doctor_add(doctor, "clock", HB_MARK_WARN, "Kafka's clock cannot be asked: %s", hb_err_text(err));
        hb_doctor_advise(doctor, "run it as the user of the api or the dispatcher, which may write the registry topic");
    } else if (written.ack.appended.ms == 0) {
        hb_doctor_add(doctor, "clock", HB_MARK_WARN, "Kafka does not date the registry topic's records itself");
        hb_doctor_advise(doctor, "see 'hookbus topics check': message.timestamp.type must be LogAppendTime");
    } else {
        hb_doctor_clock(doctor, "Kafka", written.ack.appended, before, written.after);
    }
}
