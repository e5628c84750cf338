#include <stdlib.h>

#include "cli/doctor.h"
#include "cli/setup.h"
#include "platform/kafka/kafka_topics.h"

#define TIMEOUT_MS 5000

static void check_survival(struct hb_doctor *doctor, struct hb_kafka_admin *admin, int brokers)
{
    struct hb_str prefix = hb_str_c(doctor->cli->config.kafka_topic_prefix);
    char name[HB_TOPIC_NAME_MAX];
    int partitions = 0, replication = 0;

    (void)hb_topic_name(prefix, HB_TOPIC_JOURNAL, name);
    if (hb_kafka_admin_topic(admin, name, TIMEOUT_MS, &partitions, &replication, NULL)) {
        return;
    }
    if (replication >= 3) {
        hb_doctor_add(
            doctor, "kafka", HB_MARK_OK,
            "this cluster survives the loss of one of its %d brokers without losing or refusing an event (%d replicas)",
            brokers, replication);
    } else if (replication == 2) {
        hb_doctor_add(doctor, "kafka", HB_MARK_WARN,
                      "this cluster keeps every event twice: the loss of a broker loses nothing, but may stop writing");
        hb_doctor_advise(doctor, "with three brokers or more, raise the topics' replication to 3");
    } else {
        hb_doctor_add(doctor, "kafka", HB_MARK_WARN,
                      "this cluster survives nothing: %d broker%s, one replica; what is on a lost disk is lost",
                      brokers, brokers == 1 ? "" : "s");
        hb_doctor_advise(doctor, "right for trying things out; for production take three brokers");
    }
}

static void check_topics(struct hb_doctor *doctor, struct hb_kafka_admin *admin)
{
    struct hb_kafka_topics_options options = {.prefix = hb_str_c(doctor->cli->config.kafka_topic_prefix),
                                              .replication = (int)doctor->cli->config.kafka_replication,
                                              .timeout_ms = TIMEOUT_MS};
    struct hb_kafka_differences *differences = calloc(1, sizeof(*differences));
    struct hb_error error = {HB_OK, ""};

    if (!differences || hb_kafka_topics_check(admin, &options, differences, &error)) {
        hb_doctor_add(doctor, "topics", HB_MARK_FAIL, "the topics cannot be looked at: %s", error.text);
    } else if (differences->count == 0) {
        hb_doctor_add(doctor, "topics", HB_MARK_OK, "all %d topics are as they should be", HB_TOPIC_COUNT);
    }
    for (size_t i = 0; differences && i < differences->count; i++) {
        const struct hb_kafka_difference *item = &differences->items[i];

        hb_doctor_add(doctor, "topics", item->is_fatal ? HB_MARK_FAIL : HB_MARK_WARN, "%s", item->text);
        if (item->is_missing) {
            hb_doctor_advise(doctor, "hookbus topics create");
        } else if (item->is_fatal) {
            hb_doctor_advise(doctor,
                             "partition counts are for life: bring the old one back, or move to a new topic prefix");
        }
    }
    free(differences);
}

void hb_doctor_kafka(struct hb_doctor *doctor)
{
    struct hb_kafka_cluster cluster = hb_setup_cluster(&doctor->cli->config, "hookbus-doctor");
    struct hb_kafka_admin *admin = NULL;
    struct hb_error error = {HB_OK, ""};
    int brokers = 0;
    enum hb_err err = hb_kafka_admin_new(&cluster, &admin, &error);

    err = err ? err : hb_kafka_admin_brokers(admin, TIMEOUT_MS, &brokers, &error);
    if (err) {
        hb_doctor_add(doctor, "kafka", HB_MARK_FAIL, "Kafka at %s cannot be used: %s", cluster.brokers,
                      error.text[0] ? error.text : hb_err_text(err));
        hb_doctor_advise(doctor, "see that it runs, and that kafka.brokers and its security settings are right");
    } else {
        hb_doctor_add(doctor, "kafka", HB_MARK_OK, "Kafka answers at %s: %d broker%s", cluster.brokers, brokers,
                      brokers == 1 ? "" : "s");
        check_survival(doctor, admin, brokers);
        check_topics(doctor, admin);
        hb_doctor_kafka_clock(doctor);
    }
    hb_kafka_admin_free(&admin);
}
