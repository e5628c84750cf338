/* Job: what our HTTP client costs beside a bare libcurl loop: both send to the same receiver, alternating, in processes
 * of their own.
 *
 * bench_http_client [--quick] [--json] [--bare] [--one] [--shards N]: rates and ratios for 1 and for 10,000 destinations. The sender is
 * pinned to one core, the receiver to the other. */
#include "bench/bare_loop.h"
#include "core/egress.h"
#include "platform/http_client/http_client.h"
#include "platform/loop/loop.h"
#include "platform/resolver/resolver.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS_MAX 9

static const char *const header_lines[] = {
    "Content-Type: application/json",
    "webhook-id: evt_0193c7d5e8a07b2c8d3e4f5a6b7c8d9e",
    "webhook-timestamp: 1767225600",
    "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    "Hookbus-Event-Type: product.updated",
    "Hookbus-Store: acme",
    "Hookbus-Delivery-Id: dlv_aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "Hookbus-Attempt: 1",
    "User-Agent: hookbus/1.0.0",
    "Expect:",
    NULL,
};

struct sender {
    struct hb_loop *loop;
    struct hb_http_client *client;
    struct hb_http_target **targets;
    const struct bare_load *load;
    struct hb_name_value headers[16];
    size_t headers_count;
    char *body;
    int next;
    long done, failed;
    bool is_ended;
};

static void send_next(struct sender *sender);

static void on_done(void *user, const struct hb_answer *answer)
{
    struct sender *sender = user;
    sender->done++;
    sender->failed += answer->failure != HB_FAILURE_NONE || answer->status != 200;
    if (!sender->is_ended) {
        send_next(sender);
    }
}

static void send_next(struct sender *sender)
{
    struct hb_http_request_spec spec = {
        .target = sender->targets[sender->next++ % sender->load->destinations],
        .method = "POST",
        .headers = sender->headers,
        .headers_count = sender->headers_count,
        .body = {sender->body, sender->load->body_bytes},
        .timeout_ms = 15000,
        .done = on_done,
        .user = sender,
    };
    HB_ASSERT(hb_http_send(sender->client, &spec, NULL) == HB_OK);
}

/* The first eight go with each request, as those of the dispatcher do; the client has its own User-Agent and Expect. */
static void read_headers(struct sender *sender)
{
    for (size_t i = 0; i < 8; i++) {
        struct hb_str line = hb_str_c(header_lines[i]);
        struct hb_str name = {NULL, 0};
        HB_ASSERT(hb_str_split(&line, ':', &name));
        sender->headers[sender->headers_count++] = (struct hb_name_value){name, hb_str_trim(line)};
    }
}

static void run_for(struct sender *sender, double seconds)
{
    double until = bench_wall_s() + seconds;
    while (bench_wall_s() < until) {
        hb_loop_run_once(sender->loop, 10);
    }
}

static struct load_result client_run(const struct bare_load *load)
{
    struct sender sender = {.load = load};
    struct hb_resolver *resolver = NULL;
    struct hb_egress *egress = NULL;
    HB_ASSERT(hb_loop_new(&sender.loop) == HB_OK);
    HB_ASSERT(hb_egress_new(HB_STR("127.0.0.0/8"), &egress, NULL) == HB_OK);
    struct hb_resolver_options names = {sender.loop, NULL, 5000, 1000, 1, 60, 5};
    HB_ASSERT(hb_resolver_new(&names, &resolver, NULL) == HB_OK);
    struct hb_http_client_options options = {sender.loop, resolver, egress, "hookbus/1.0.0", NULL, load->shards, 4096,
                                             12000,       25,       5000,   65536,           4096, 32768};
    HB_ASSERT(hb_http_client_new(&options, &sender.client, NULL) == HB_OK);
    sender.targets = calloc((size_t)load->destinations, sizeof(struct hb_http_target *));
    sender.body = malloc(load->body_bytes);
    HB_ASSERT(sender.targets != NULL && sender.body != NULL);
    memset(sender.body, 'x', load->body_bytes);
    read_headers(&sender);
    for (int i = 0; i < load->destinations; i++) {
        char address[32];
        char url[64];
        bench_address(i, address, sizeof(address));
        (void)snprintf(url, sizeof(url), "http://%s:%d/hooks", address, load->port);
        HB_ASSERT(hb_http_target_new(sender.client, hb_str_c(url), NULL, 0, &sender.targets[i], NULL) == HB_OK);
    }
    for (int i = 0; i < load->in_flight; i++) {
        send_next(&sender);
    }
    run_for(&sender, load->warm_seconds);
    long done = sender.done;
    double wall = bench_wall_s();
    double cpu = bench_cpu_s();
    run_for(&sender, load->seconds);
    done = sender.done - done;
    wall = bench_wall_s() - wall;
    cpu = bench_cpu_s() - cpu;
    return (struct load_result){(double)done / wall, cpu * 1e6 / (double)(done > 0 ? done : 1), sender.failed};
}

static void pin(size_t core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    (void)sched_setaffinity(0, sizeof(set), &set);
}

static pid_t start_receiver(const char *self, int *ret_port)
{
    char path[4096];
    const char *slash = strrchr(self, '/');
    (void)snprintf(path, sizeof(path), "%.*s/bench_receiver", slash ? (int)(slash - self) : 1, slash ? self : ".");
    int ends[2];
    HB_ASSERT(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        pin(1);
        (void)dup2(ends[1], 1);
        (void)execl(path, path, (char *)NULL);
        perror(path);
        _exit(127);
    }
    (void)close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    if (out == NULL || fscanf(out, "ready %d", ret_port) != 1) {
        (void)fprintf(stderr, "the receiver did not start: %s\n", path);
        exit(1);
    }
    return pid;
}

/* Each run in a process of its own: no connection, page or cache of the other's is left. */
static struct load_result run_apart(const struct bare_load *load, bool is_bare)
{
    int ends[2];
    HB_ASSERT(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        pin(0);
        struct load_result result = is_bare ? bare_loop_run(load) : client_run(load);
        HB_ASSERT(write(ends[1], &result, sizeof(result)) == (ssize_t)sizeof(result));
        _exit(0);
    }
    struct load_result result = {0, 0, -1};
    (void)close(ends[1]);
    if (read(ends[0], &result, sizeof(result)) != (ssize_t)sizeof(result)) {
        result.failed = -1;
    }
    (void)close(ends[0]);
    (void)waitpid(pid, NULL, 0);
    return result;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(double), by_size);
    return values[count / 2];
}

struct options {
    int rounds, shards;
    bool is_quick, is_json;
    bool is_bare; /* the limit only, without our client beside it */
    bool is_one;  /* one destination only */
};

static void print_json(const struct bare_load *load, double bare, double ours, bool is_bare)
{
    printf("{\"destinations\":%d,\"bare_per_s\":%.0f", load->destinations, bare);
    if (!is_bare) {
        printf(",\"client_per_s\":%.0f,\"ratio\":%.3f", ours, ours / bare);
    }
    printf("}\n");
}

static void compare(const struct bare_load *load, const struct options *options)
{
    double rates[2][ROUNDS_MAX] = {{0}};
    double cpu[2][ROUNDS_MAX] = {{0}};
    long failed[2] = {0, 0};
    int rounds = options->rounds;
    for (int round = 0; round < rounds; round++) {
        for (int which = 0; which < (options->is_bare ? 1 : 2); which++) {
            struct load_result result = run_apart(load, which == 0);
            rates[which][round] = result.per_second;
            cpu[which][round] = result.cpu_us;
            failed[which] += result.failed;
        }
    }
    double bare = median(rates[0], rounds);
    double ours = median(rates[1], rounds);
    if (options->is_json) {
        print_json(load, bare, ours, options->is_bare);
        return;
    }
    printf("%6d destinations, %d in flight: bare %.0f/s (%.0f..%.0f, %.1f us CPU, %ld failed)", load->destinations,
           load->in_flight, bare, rates[0][0], rates[0][rounds - 1], median(cpu[0], rounds), failed[0]);
    if (!options->is_bare) {
        printf(", client %.0f/s (%.0f..%.0f, %.1f us CPU, %ld failed), ratio %.3f", ours, rates[1][0],
               rates[1][rounds - 1], median(cpu[1], rounds), failed[1], ours / bare);
    }
    printf("\n");
    (void)fflush(stdout);
}

static struct options read_options(int argc, char **argv)
{
    struct options options = {.shards = 64};
    for (int i = 1; i < argc; i++) {
        options.is_quick |= strcmp(argv[i], "--quick") == 0;
        options.is_json |= strcmp(argv[i], "--json") == 0;
        options.is_bare |= strcmp(argv[i], "--bare") == 0;
        options.is_one |= strcmp(argv[i], "--one") == 0;
        if (strcmp(argv[i], "--shards") == 0 && i + 1 < argc) {
            options.shards = atoi(argv[++i]);
        }
    }
    options.rounds = options.is_quick ? 1 : 3;
    return options;
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    struct rlimit limit;
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)signal(SIGPIPE, SIG_IGN);
    int port = 0;
    pid_t receiver = start_receiver(argv[0], &port);
    struct bare_load load = {.port = port,
                             .destinations = 1,
                             .in_flight = 64,
                             .shards = options.shards,
                             .body_bytes = 1024,
                             .headers = header_lines,
                             .seconds = options.is_quick ? 1.5 : 4,
                             .warm_seconds = options.is_quick ? 0.5 : 1};
    compare(&load, &options);
    if (!options.is_one) {
        load.destinations = 10000;
        load.in_flight = 256;
        load.warm_seconds = options.is_quick ? 2 : 3; /* until each has its connection */
        compare(&load, &options);
    }
    (void)kill(receiver, SIGTERM);
    (void)waitpid(receiver, NULL, 0);
    return 0;
}
