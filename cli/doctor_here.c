#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/files.h"
#include "cli/setup.h"
#include "core/egress.h"
#include "platform/crypto/crypto.h"

#define ADMIN_KEY_FILE_DEFAULT ".hookbus-admin-key"
#define DESCRIPTORS_SPARE 200

static void check_keys(struct hb_doctor *doctor)
{
    struct hb_keyring *keyring = NULL;
    struct hb_error error = {HB_OK, ""};

    if (hb_setup_read_keys(&doctor->cli->config, &keyring, &error)) {
        hb_doctor_add(doctor, "keys", HB_MARK_FAIL, "%s", error.text);
        hb_doctor_advise(doctor,
                         "hookbus secrets init FILE, then secrets.key_file: FILE; without it nothing is delivered");
    } else {
        hb_doctor_add(doctor, "keys", HB_MARK_OK, "the sealing keys can be read; %.*s seals",
                      HB_ARG(hb_keyring_newest(keyring)));
    }
    hb_keyring_free(&keyring);
}

static void check_descriptors(struct hb_doctor *doctor)
{
    const struct hb_config *config = &doctor->cli->config;
    int64_t api = config->api_connections_max + DESCRIPTORS_SPARE;
    int64_t dispatcher = config->delivery_in_flight_max + config->delivery_kept_connections + DESCRIPTORS_SPARE;
    int64_t needed = api > dispatcher ? api : dispatcher;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    hb_doctor_add(doctor, "descriptors", limit.rlim_cur >= (rlim_t)needed ? HB_MARK_OK : HB_MARK_WARN,
                  "this process may open %llu descriptors; the configuration can need %lld a process",
                  (unsigned long long)limit.rlim_cur, (long long)needed);
    if (limit.rlim_cur < (rlim_t)needed) {
        hb_doctor_advise(
            doctor,
            "LimitNOFILE=%lld in the unit file (ulimit -n), or lower delivery.in_flight_max and api.connections_max",
            (long long)needed);
    }
}

static void check_state(struct hb_doctor *doctor)
{
    const char *folder = hb_setup_text(doctor->cli->config.dispatcher_state_dir);

    if (!folder) {
        hb_doctor_add(doctor, "state", HB_MARK_WARN,
                      "dispatcher.state_dir is not set: a crashed dispatcher repeats up to a ring of events");
        hb_doctor_advise(doctor, "set it to a folder on a local disk that only the dispatcher writes");
    } else if (access(folder, R_OK | W_OK | X_OK) != 0) {
        hb_doctor_add(doctor, "state", HB_MARK_FAIL, "dispatcher.state_dir %s cannot be used: %s", folder,
                      strerror(errno));
        hb_doctor_advise(doctor, "make it, owned by the user the dispatcher runs as");
    } else {
        hb_doctor_add(doctor, "state", HB_MARK_OK, "%s can be written", folder);
    }
}

static void check_egress(struct hb_doctor *doctor)
{
    const char *allow = doctor->cli->config.egress_allow;
    const struct hb_address loopback = {.bytes = {127, 0, 0, 1}};
    struct hb_egress *egress = NULL;
    struct hb_error error = {HB_OK, ""};

    if (hb_egress_new(hb_str_c(allow), &egress, &error)) {
        hb_doctor_add(doctor, "egress", HB_MARK_FAIL, "egress.allow: %s", error.text);
    } else if (hb_egress_allows(egress, &loopback, 80)) {
        hb_doctor_add(doctor, "egress", HB_MARK_WARN, "webhooks may call this machine itself (egress.allow: %.100s)",
                      allow);
        hb_doctor_advise(
            doctor, "right for trying things out; in production nobody but you should be able to register such a URL");
    } else {
        hb_doctor_add(doctor, "egress", HB_MARK_OK, "webhooks may call global addresses%s%.100s",
                      *allow ? " and " : " only", allow);
    }
    hb_egress_free(&egress);
}

static void check_admin_key(struct hb_doctor *doctor)
{
    const char *file = hb_setup_text(doctor->cli->config.api_admin_key_file);
    struct hb_buf text = hb_buf_make(4096);
    struct hb_error error = {HB_OK, ""};
    enum hb_err err;

    file = file ? file : ADMIN_KEY_FILE_DEFAULT;
    err = hb_file_read_private(file, &text, &error);
    if (err == HB_ERR_DENIED) {
        hb_doctor_add(doctor, "admin key", HB_MARK_WARN, "%s", error.text);
    } else if (!err) {
        hb_doctor_add(doctor, "admin key", HB_MARK_OK, "%s is private", file);
    }
    if (text.ptr) {
        hb_wipe(text.ptr, text.capacity);
    }
    hb_buf_deinit(&text);
}

void hb_doctor_here(struct hb_doctor *doctor)
{
    check_keys(doctor);
    check_admin_key(doctor);
    check_descriptors(doctor);
    check_state(doctor);
    check_egress(doctor);
}
