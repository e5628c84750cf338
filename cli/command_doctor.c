/* Job: `hookbus doctor`: looks at everything hookbus needs and says what to do. */
#include <stdarg.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/doctor.h"
#include "platform/json/json.h"

#define JSON_MAX 131072

void hb_doctor_add(struct hb_doctor *doctor, const char *check, enum hb_mark mark, const char *format, ...)
{
    struct hb_finding *finding =
        &doctor->findings[doctor->count < HB_FINDINGS_MAX ? doctor->count++ : HB_FINDINGS_MAX - 1];
    va_list list;

    *finding = (struct hb_finding){.check = check, .mark = mark};
    va_start(list, format);
    (void)vsnprintf(finding->text, sizeof(finding->text), format, list);
    va_end(list);
}

void hb_doctor_advise(struct hb_doctor *doctor, const char *format, ...)
{
    struct hb_finding *finding = &doctor->findings[doctor->count - 1];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(finding->advice, sizeof(finding->advice), format, list);
    va_end(list);
}

static enum hb_err show_json(const struct hb_doctor *doctor, bool is_healthy)
{
    static const char *const MARKS[HB_MARK_COUNT] = {"ok", "warn", "fail"};
    struct hb_buf json = hb_buf_make(JSON_MAX);
    struct hb_json_writer w = hb_json_write(&json);
    enum hb_err err;

    hb_json_object(&w, NULL);
    hb_json_add_bool(&w, "healthy", is_healthy);
    hb_json_array(&w, "findings");
    for (size_t i = 0; i < doctor->count; i++) {
        const struct hb_finding *finding = &doctor->findings[i];

        hb_json_object(&w, NULL);
        hb_json_add_str(&w, "check", hb_str_c(finding->check));
        hb_json_add_str(&w, "state", hb_str_c(MARKS[finding->mark]));
        hb_json_add_str(&w, "text", hb_str_c(finding->text));
        if (finding->advice[0]) {
            hb_json_add_str(&w, "advice", hb_str_c(finding->advice));
        }
        hb_json_close_object(&w);
    }
    hb_json_close_array(&w);
    hb_json_close_object(&w);
    err = hb_json_end(&w);
    if (!err) {
        hb_output_json(&doctor->cli->out, hb_buf_str(&json));
    }
    hb_buf_deinit(&json);
    return err;
}

static void show(const struct hb_doctor *doctor)
{
    const struct hb_output *out = &doctor->cli->out;

    for (size_t i = 0; i < doctor->count; i++) {
        const struct hb_finding *finding = &doctor->findings[i];

        hb_output_line(out, "%s %-12s %s", hb_output_mark(out, finding->mark), finding->check, finding->text);
        if (finding->advice[0]) {
            hb_output_line(out, "  %-12s -> %s", "", finding->advice);
        }
    }
}

static enum hb_err run(struct hb_cli *cli)
{
    struct hb_doctor *doctor = calloc(1, sizeof(*doctor));
    bool is_healthy = true;
    enum hb_err err = HB_OK;

    if (!doctor) {
        return HB_ERR_MEMORY;
    }
    doctor->cli = cli;
    hb_doctor_add(doctor, "config", HB_MARK_OK, "the configuration is usable%s%s",
                  cli->config_file ? ": " : " (no file)", cli->config_file ? cli->config_file : "");
    hb_doctor_kafka(doctor);
    hb_doctor_redis(doctor);
    hb_doctor_here(doctor);
    for (size_t i = 0; i < doctor->count; i++) {
        is_healthy = is_healthy && doctor->findings[i].mark != HB_MARK_FAIL;
    }
    cli->exit_code = is_healthy ? 0 : HB_EXIT_FOUND;
    if (cli->out.is_json) {
        err = show_json(doctor, is_healthy);
    } else {
        show(doctor);
    }
    free(doctor);
    return err;
}

const struct hb_command hb_command_doctor = {
    .name = "doctor",
    .usage = "[--config FILE]",
    .summary = "look at Kafka, topics, Redis, keys, clock and limits, and say what to do",
    .help = "Run it as the user, with the configuration, of the role. Exit code 1 if something fails; warnings do not "
            "count.\n"
            "Kafka's clock is read off the append time of two tombstones it writes to the registry topic, of a key that "
            "nothing has:\n"
            "compaction leaves nothing of them.",
    .uses = HB_USES_CONFIG,
    .run = run,
};
