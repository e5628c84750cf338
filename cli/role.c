#include "cli/role.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "platform/loop/loop.h"

#define HOST_MAX 64

void hb_role_stop(struct hb_role_signals *signals)
{
    if (signals->is_stopping) {
        if (signals->again) {
            signals->again(signals->user);
        } else {
            hb_loop_stop(signals->setup->loop);
        }
        return;
    }
    signals->is_stopping = true;
    signals->stop(signals->user);
}

static void on_signal(void *user, int number)
{
    struct hb_role_signals *signals = user;

    /* A closed terminal tells it more than once (the kernel and the shell): that is nobody's impatience. */
    if (number == SIGHUP && signals->is_stopping) {
        return;
    }
    if (!signals->is_stopping) {
        hb_log(&signals->setup->role, HB_LOG_STOPPING, HB_LOG_INT("signal", number));
    }
    hb_role_stop(signals);
}

/* Started by nohup: it is meant to outlive the terminal. */
static bool is_ignored(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

enum hb_err hb_role_signals_init(struct hb_role_signals *signals, bool is_supervised)
{
    enum hb_err err = hb_signal_new(signals->setup->loop, SIGTERM, on_signal, signals, &signals->term);

    if (is_supervised) {
        (void)signal(SIGINT, SIG_IGN);
        (void)signal(SIGHUP, SIG_IGN);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() == 1) {
            hb_role_stop(signals);
        }
        return err;
    }
    if (!err && !is_ignored(SIGHUP)) {
        err = hb_signal_new(signals->setup->loop, SIGHUP, on_signal, signals, &signals->hangup);
    }
    return err ? err : hb_signal_new(signals->setup->loop, SIGINT, on_signal, signals, &signals->interrupt);
}

void hb_role_signals_deinit(struct hb_role_signals *signals)
{
    hb_signal_free(&signals->term);
    hb_signal_free(&signals->hangup);
    hb_signal_free(&signals->interrupt);
}

void hb_role_stopped(void *user)
{
    struct hb_role_end *end = user;

    hb_loop_stop(end->setup->loop);
}

void hb_role_failed(void *user, const char *sentence)
{
    struct hb_role_end *end = user;

    (void)hb_fail(&end->error, HB_ERR_FATAL, "%s", sentence);
    hb_role_stopped(end);
}

enum hb_err hb_role_run(struct hb_cli *cli, enum hb_err begun, const struct hb_role_end *end)
{
    struct hb_setup *setup = end->setup;
    enum hb_err err = begun;

    if (!err) {
        hb_loop_run(setup->loop);
        err = end->error.code ? hb_cli_fail(cli, end->error.code, "%s", end->error.text) : HB_OK;
    }
    if (setup->log && err) {
        hb_log(&setup->role, HB_LOG_FATAL, HB_LOG_C("reason", cli->error.text));
    } else if (setup->log) {
        hb_log(&setup->role, HB_LOG_STOPPED, HB_LOG_INT("pid", getpid()));
    }
    return err;
}

void hb_role_name(const char *instance, char ret_name[HB_ROLE_NAME_MAX])
{
    char host[HOST_MAX + 1] = "";

    if (!instance && (gethostname(host, HOST_MAX) != 0 || !host[0])) {
        instance = "hookbus";
    }
    (void)snprintf(ret_name, HB_ROLE_NAME_MAX, "%s", instance ? instance : host);
}
