/* Job: `hookbus topics list|create|check`. */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/setup.h"
#include "cli/table.h"
#include "platform/json/json.h"
#include "platform/kafka/kafka_topics.h"

#define TIMEOUT_MS 10000
#define JSON_MAX 262144

static struct hb_kafka_topics_options options_of(const struct hb_cli *cli)
{
    return (struct hb_kafka_topics_options){
        .prefix = hb_str_c(cli->config.kafka_topic_prefix),
        .replication = (int)cli->config.kafka_replication,
        .timeout_ms = TIMEOUT_MS,
    };
}

static enum hb_err open_admin(struct hb_cli *cli, struct hb_kafka_admin **ret_admin)
{
    struct hb_kafka_cluster cluster = hb_setup_cluster(&cli->config, "hookbus-topics");

    return hb_kafka_admin_new(&cluster, ret_admin, &cli->error);
}

/* ---- list ---- */

struct listed {
    char name[HB_TOPIC_NAME_MAX];
    int partitions, replication;
    bool is_there;
};

static enum hb_err read_topic(struct hb_cli *cli, struct hb_kafka_admin *admin, enum hb_topic topic,
                              struct listed *ret_listed)
{
    enum hb_err err;

    (void)hb_topic_name(hb_str_c(cli->config.kafka_topic_prefix), topic, ret_listed->name);
    err = hb_kafka_admin_topic(admin, ret_listed->name, TIMEOUT_MS, &ret_listed->partitions, &ret_listed->replication,
                               &cli->error);
    ret_listed->is_there = err == HB_OK;
    return err == HB_ERR_NOT_FOUND ? HB_OK : err;
}

static enum hb_err add_row(struct hb_table *table, enum hb_topic topic, const struct listed *listed)
{
    const struct hb_topic_spec *spec = hb_topic_spec(topic);
    char partitions[32], replication[16], days[16];

    (void)snprintf(partitions, sizeof(partitions), "%d", listed->is_there ? listed->partitions : spec->partitions);
    (void)snprintf(replication, sizeof(replication), listed->is_there ? "%d" : "-", listed->replication);
    (void)snprintf(days, sizeof(days), spec->retention_days ? "%d d" : "-", spec->retention_days);
    return hb_table_add(table, (struct hb_str[]){hb_str_c(listed->name),
                                                 listed->is_there ? HB_STR("there") : HB_STR("missing"),
                                                 hb_str_c(partitions), hb_str_c(replication), hb_str_c(spec->policy),
                                                 hb_str_c(days), hb_str_c(spec->key)});
}

static void add_json(struct hb_json_writer *w, enum hb_topic topic, const struct listed *listed)
{
    const struct hb_topic_spec *spec = hb_topic_spec(topic);

    hb_json_object(w, NULL);
    hb_json_add_str(w, "name", hb_str_c(listed->name));
    hb_json_add_bool(w, "exists", listed->is_there);
    hb_json_add_int(w, "partitions", listed->is_there ? listed->partitions : spec->partitions);
    hb_json_add_int(w, "replication", listed->replication);
    hb_json_add_str(w, "policy", hb_str_c(spec->policy));
    hb_json_add_int(w, "retention_days", spec->retention_days);
    hb_json_add_str(w, "key", hb_str_c(spec->key));
    hb_json_close_object(w);
}

static enum hb_err run_list(struct hb_cli *cli)
{
    static const struct hb_column COLUMNS[] = {{"TOPIC", 0},
                                               {"IN KAFKA", 0},
                                               {"PARTITIONS", HB_COLUMN_RIGHT},
                                               {"REPLICAS", HB_COLUMN_RIGHT},
                                               {"POLICY", 0},
                                               {"KEPT", HB_COLUMN_RIGHT},
                                               {"KEY", 0}};
    struct hb_table table = hb_table_make(&cli->out, COLUMNS, 7);
    struct hb_buf json = hb_buf_make(JSON_MAX);
    struct hb_json_writer w = hb_json_write(&json);
    struct hb_kafka_admin *admin = NULL;
    enum hb_err err = open_admin(cli, &admin);

    hb_json_array(&w, NULL);
    for (int topic = 0; topic < HB_TOPIC_COUNT && !err; topic++) {
        struct listed listed = {.is_there = false};

        err = read_topic(cli, admin, (enum hb_topic)topic, &listed);
        err = err ? err : add_row(&table, (enum hb_topic)topic, &listed);
        add_json(&w, (enum hb_topic)topic, &listed);
    }
    hb_json_close_array(&w);
    err = err ? err : hb_json_end(&w);
    if (!err && cli->out.is_json) {
        hb_output_json(&cli->out, hb_buf_str(&json));
    } else if (!err) {
        hb_table_print(&table);
    }
    hb_kafka_admin_free(&admin);
    hb_table_deinit(&table);
    hb_buf_deinit(&json);
    return err;
}

/* ---- create ---- */

static enum hb_err run_create(struct hb_cli *cli)
{
    struct hb_kafka_topics_options options = options_of(cli);
    struct hb_kafka_admin *admin = NULL;
    int created = 0;
    enum hb_err err = open_admin(cli, &admin);

    err = err ? err : hb_kafka_topics_create(admin, &options, &created, &cli->error);
    hb_kafka_admin_free(&admin);
    if (err) {
        return err;
    }
    if (cli->out.is_json) {
        hb_output_line(&cli->out, "{\"created\":%d,\"existed\":%d}", created, HB_TOPIC_COUNT - created);
    } else {
        hb_output_line(&cli->out, "%d topics created, %d were there", created, HB_TOPIC_COUNT - created);
    }
    return HB_OK;
}

/* ---- check ---- */

static enum hb_err print_json(const struct hb_cli *cli, const struct hb_kafka_differences *differences)
{
    struct hb_buf json = hb_buf_make(JSON_MAX);
    struct hb_json_writer w = hb_json_write(&json);
    enum hb_err err;

    hb_json_object(&w, NULL);
    hb_json_add_int(&w, "brokers", differences->brokers);
    hb_json_array(&w, "differences");
    for (size_t i = 0; i < differences->count; i++) {
        hb_json_object(&w, NULL);
        hb_json_add_str(&w, "topic", hb_str_c(hb_topic_spec(differences->items[i].topic)->name));
        hb_json_add_bool(&w, "missing", differences->items[i].is_missing);
        hb_json_add_bool(&w, "fatal", differences->items[i].is_fatal);
        hb_json_add_str(&w, "text", hb_str_c(differences->items[i].text));
        hb_json_close_object(&w);
    }
    hb_json_close_array(&w);
    hb_json_close_object(&w);
    err = hb_json_end(&w);
    if (!err) {
        hb_output_json(&cli->out, hb_buf_str(&json));
    }
    hb_buf_deinit(&json);
    return err;
}

static enum hb_err run_check(struct hb_cli *cli)
{
    struct hb_kafka_topics_options options = options_of(cli);
    struct hb_kafka_differences *differences = calloc(1, sizeof(*differences));
    struct hb_kafka_admin *admin = NULL;
    enum hb_err err = differences ? open_admin(cli, &admin) : HB_ERR_MEMORY;

    err = err ? err : hb_kafka_topics_check(admin, &options, differences, &cli->error);
    hb_kafka_admin_free(&admin);
    if (!err) {
        cli->exit_code = differences->count > 0 ? HB_EXIT_FOUND : 0;
    }
    if (!err && cli->out.is_json) {
        err = print_json(cli, differences);
    } else if (!err && differences->count == 0) {
        hb_output_line(&cli->out, "%s all %d topics are as they should be", hb_output_mark(&cli->out, HB_MARK_OK),
                       HB_TOPIC_COUNT);
    }
    for (size_t i = 0; !err && !cli->out.is_json && i < differences->count; i++) {
        const struct hb_kafka_difference *item = &differences->items[i];

        hb_output_line(&cli->out, "%s %s%s", hb_output_mark(&cli->out, item->is_fatal ? HB_MARK_FAIL : HB_MARK_WARN),
                       item->text, item->is_missing ? ": 'hookbus topics create' makes it" : "");
    }
    free(differences);
    return err;
}

const struct hb_command hb_command_topics_list = {
    .name = "topics list",
    .usage = "",
    .summary = "list our topics and whether Kafka has them",
    .uses = HB_USES_CONFIG,
    .run = run_list,
};
const struct hb_command hb_command_topics_create = {
    .name = "topics create", .usage = "", .summary = "create the topics that are missing",
    .help = "What exists stays as it is. Roles do the same at their start, unless kafka.create_topics is false.",
    .uses = HB_USES_CONFIG, .run = run_create,
};
const struct hb_command hb_command_topics_check = {
    .name = "topics check",
    .usage = "",
    .summary = "compare Kafka's topics with what they should be",
    .help = "Exit code 1 if something differs. Partition counts are for life: a changed one is a failure, the rest are "
            "warnings.",
    .uses = HB_USES_CONFIG,
    .run = run_check,
};
