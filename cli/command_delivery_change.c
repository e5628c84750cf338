/* Job: `hookbus delivery retry|cancel`: one by its id, or many by filters, counted and asked first. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/delivery_query.h"
#include "cli/delivery_view.h"
#include "cli/progress.h"
#include "cli/resource.h"
#include "cli/setup.h"
#include "core/delivery_state.h"

#define PAGE "500"
#define MANY_MAX 100000
#define ID_BYTES 40

/* The states whose deliveries can be changed, as a person reads them. */
#define RETRY_STATES "parked, held, dead, skipped, expired or cancelled"
#define CANCEL_STATES "parked, held or dead"

/* What is done: the verb of the path, and the words for it. */
struct verb {
    const char *name, *ask, *done;
    unsigned allowed;            /* what --state may be: bit 1 << enum hb_delivery_state */
    const char *states, *others; /* the same in words; of the others */
};
#define WAITING (1U << HB_DELIVERY_PARKED | 1U << HB_DELIVERY_HELD | 1U << HB_DELIVERY_DEAD)
#define ENDED (1U << HB_DELIVERY_SKIPPED | 1U << HB_DELIVERY_EXPIRED | 1U << HB_DELIVERY_CANCELLED)
static const struct verb RETRY = {"retry", "Send again", "sent again as soon as their webhooks may take them",
                                  WAITING | ENDED, RETRY_STATES,
                                  "'hookbus replay --state delivered' sends again what was delivered"};
static const struct verb CANCEL = {"cancel", "Cancel", "cancelled", WAITING, CANCEL_STATES,
                                   "what has ended waits for nothing any more"};

static enum hb_err path_of(struct hb_cli *cli, const char *id, const struct verb *verb, char ret_path[HB_API_PATH_MAX])
{
    const char *store = NULL;
    enum hb_err err = hb_cli_store(cli, &store);

    return err ? err
               : hb_api_path(cli, (const char *const[]){"stores", store, "deliveries", id, verb->name, NULL}, ret_path);
}

/* ---- one ---- */

static void say_one(struct hb_cli *cli, const struct hb_json *answer, void *user)
{
    (void)user;
    hb_output_line(&cli->out, "%.*s: %.*s", HB_ARG(hb_json_text_or(answer, "delivery", "?")),
                   HB_ARG(hb_json_text_or(answer, "will", "")));
}

static enum hb_err change_one(struct hb_cli *cli, const struct verb *verb)
{
    char path[HB_API_PATH_MAX];
    struct hb_change change = {.method = "POST", .path = path, .say = say_one};
    enum hb_err err = path_of(cli, hb_cli_argument(cli, 0), verb, path);

    return err ? err : hb_resource_change(cli, &change);
}

/* ---- many ---- */

struct many {
    struct hb_cli *cli;
    struct hb_api *api;
    const struct verb *verb;
    char (*ids)[ID_BYTES];
    size_t count;
    uint64_t changed, left; /* left: those the api says there is nothing to do for */
};

static enum hb_err ask_count(struct many *many, uint64_t *ret_count)
{
    char path[HB_API_PATH_MAX], line[16];
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;
    struct hb_buf text = hb_buf_make(512);
    struct hb_output *out = &many->cli->out;
    bool is_sure = hb_options_has(&many->cli->options, "yes");
    enum hb_err err = hb_delivery_query(many->cli, "count=true&limit=1", HB_STR(""), path);

    err = err ? err : hb_api_call(many->api, &request, &answer);
    if (err) {
        return err;
    }
    *ret_count = hb_delivery_view_counts(hb_json_get(answer.json, "counts"), &text);
    hb_delivery_view_note(out, answer.json);
    hb_api_answer_deinit(&answer);
    if (*ret_count > MANY_MAX) {
        err = hb_cli_fail(many->cli, HB_ERR_TOO_LARGE,
                          "%llu are too many for this: narrow the filters, or use 'hookbus replay'",
                          (unsigned long long)*ret_count);
    } else if (*ret_count > 0 && !is_sure && isatty(STDIN_FILENO) != 1) {
        err = hb_cli_usage(many->cli, "%.*s fit: nobody is there to ask, so say --yes", HB_ARG(hb_buf_str(&text)));
    } else if (*ret_count > 0 && !is_sure) {
        (void)fprintf(out->err, "%s %.*s? Type yes: ", many->verb->ask, HB_ARG(hb_buf_str(&text)));
        (void)fflush(out->err);
        if (!fgets(line, sizeof(line), stdin) || strcmp(line, "yes\n") != 0) {
            err = hb_cli_fail(many->cli, HB_ERR_DENIED, "nothing was changed");
        }
    }
    hb_buf_deinit(&text);
    return err;
}

/* All ids first: what is changed leaves the list while it is read. */
static enum hb_err gather(struct many *many, uint64_t count)
{
    char path[HB_API_PATH_MAX], cursor[128] = "";
    struct hb_api_request request = {.method = "GET", .path = path};
    struct hb_api_answer answer;
    struct hb_str next = {NULL, 0};
    bool has_more = true;

    many->ids = calloc((size_t)count, sizeof(many->ids[0]));
    if (!many->ids) {
        return HB_ERR_MEMORY;
    }
    while (has_more && many->count < count) {
        enum hb_err err = hb_delivery_query(many->cli, "limit=" PAGE, hb_str_c(cursor), path);

        err = err ? err : hb_api_call(many->api, &request, &answer);
        if (err) {
            return err;
        }
        const struct hb_json *item = hb_json_first(hb_json_get(answer.json, "items"));
        for (; item && many->count < count; item = hb_json_next(item)) {
            (void)snprintf(many->ids[many->count++], ID_BYTES, "%.*s", HB_ARG(hb_json_text_or(item, "delivery", "")));
        }
        has_more = hb_json_str(hb_json_get(answer.json, "next"), &next);
        (void)snprintf(cursor, sizeof(cursor), "%.*s", HB_ARG(next));
        hb_api_answer_deinit(&answer);
    }
    return HB_OK;
}

static enum hb_err change_all(struct many *many)
{
    struct hb_progress progress = hb_progress_start(&many->cli->out, "deliveries", many->count, hb_setup_mono());
    enum hb_err err = HB_OK;

    for (size_t i = 0; !err && i < many->count; i++) {
        char path[HB_API_PATH_MAX];
        struct hb_api_request request = {.method = "POST", .path = path};
        struct hb_api_answer answer;

        err = path_of(many->cli, many->ids[i], many->verb, path);
        err = err ? err : hb_api_call(many->api, &request, &answer);
        if (!err) {
            many->changed++;
            hb_api_answer_deinit(&answer);
        } else if (err == HB_ERR_CONFLICT) {
            many->left++; /* it changed meanwhile, or its webhook does not allow it: the others go on */
            many->cli->exit_code = HB_EXIT_FOUND;
            err = HB_OK;
        }
        hb_progress_show(&progress, i + 1, hb_setup_mono());
    }
    hb_progress_end(&progress);
    return err;
}

static void say_all(struct many *many)
{
    struct hb_output *out = &many->cli->out;

    if (out->is_json) {
        char text[96];
        int length = snprintf(text, sizeof(text), "{\"changed\":%llu,\"left\":%llu}", (unsigned long long)many->changed,
                              (unsigned long long)many->left);

        hb_output_json(out, hb_str_n(text, (size_t)length));
        return;
    }
    hb_output_line(out, "%llu deliveries are %s", (unsigned long long)many->changed, many->verb->done);
    if (many->left > 0) {
        hb_output_line(out, "%llu were left as they are; the last because: %s", (unsigned long long)many->left,
                       many->cli->error.text);
    }
}

static bool is_allowed(const struct verb *verb, const char *state)
{
    int found = hb_delivery_state_find(hb_str_c(state));

    return found >= 0 && (verb->allowed & 1U << found);
}

static enum hb_err change_many(struct hb_cli *cli, const struct verb *verb)
{
    struct many many = {.cli = cli, .verb = verb};
    uint64_t count = 0;
    enum hb_err err;

    if (!hb_options_has(&cli->options, "state")) {
        return hb_cli_usage(cli, "which? an id, or filters with --state: --state dead, --state parked --webhook ID");
    }
    if (!is_allowed(verb, hb_cli_option(cli, "state"))) {
        return hb_cli_usage(cli, "--state of 'delivery %s' is %s: %s", verb->name, verb->states, verb->others);
    }
    err = hb_api_new(cli, &many.api);
    err = err ? err : ask_count(&many, &count);
    if (!err && count > 0) {
        err = gather(&many, count);
        err = err ? err : change_all(&many);
    }
    if (!err && count == 0) {
        hb_output_note(&cli->out, "no such deliveries");
    }
    if (!err) {
        say_all(&many);
        cli->error = (struct hb_error){HB_OK, ""};
    }
    free(many.ids);
    hb_api_free(&many.api);
    return err;
}

static enum hb_err change(struct hb_cli *cli, const struct verb *verb)
{
    if (hb_cli_argument(cli, 0) && hb_delivery_query_is_given(cli)) {
        return hb_cli_usage(cli, "an id and filters together make no sense");
    }
    return hb_cli_argument(cli, 0) ? change_one(cli, verb) : change_many(cli, verb);
}

static enum hb_err run_retry(struct hb_cli *cli) { return change(cli, &RETRY); }
static enum hb_err run_cancel(struct hb_cli *cli) { return change(cli, &CANCEL); }

static const struct hb_flag RETRY_FLAGS[] = {HB_DELIVERY_FILTER_FLAGS(RETRY_STATES), HB_FLAG_YES, HB_FLAGS_END};
static const struct hb_flag CANCEL_FLAGS[] = {HB_DELIVERY_FILTER_FLAGS(CANCEL_STATES), HB_FLAG_YES, HB_FLAGS_END};

#define MANY_HELP                                                                                                      \
    "With filters (--state must be one of them) it says how many there are and asks; at most 100,000 at a time.\n"     \
    "Exit code 1 if some were left as they are."

const struct hb_command hb_command_delivery_retry = {
    .name = "delivery retry",
    .usage = "ID | --state STATE [FILTERS] [--yes] --store STORE",
    .summary = "send deliveries now: one by its id, or many by filters",
    .help = "A parked one becomes due now; one that is dead, held, skipped, expired or cancelled begins anew with the "
            "whole schedule.\n" MANY_HELP "\nExample:\n  hookbus delivery retry --store demo --state dead --webhook wh_…",
    .flags = RETRY_FLAGS,
    .uses = HB_USES_API | HB_USES_STORE,
    .arguments_max = 1,
    .run = run_retry,
};
const struct hb_command hb_command_delivery_cancel = {
    .name = "delivery cancel",
    .usage = "ID | --state STATE [FILTERS] [--yes] --store STORE",
    .summary = "send deliveries no more: one by its id, or many by filters",
    .help = "What is parked, held or dead is ended; a request that runs just now is not called back.\n" MANY_HELP,
    .flags = CANCEL_FLAGS,
    .uses = HB_USES_API | HB_USES_STORE,
    .arguments_max = 1,
    .run = run_cancel,
};
