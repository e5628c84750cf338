#include "cli/config_load.h"

#include "cli/config_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct hb_config read_ok(const char *yaml, char *const *env)
{
    struct hb_config config;
    struct hb_error error = {0};
    if (hb_config_read("t.yaml", hb_str_c(yaml), env, &config, &error))
        fail_msg("%s", error.text);
    return config;
}

static void assert_refused(const char *yaml, char *const *env, const char *sentence)
{
    struct hb_config config;
    struct hb_error error = {0};
    if (hb_config_read("t.yaml", hb_str_c(yaml), env, &config, &error) != HB_ERR_CONFIG)
        fail_msg("accepted: %s", yaml);
    assert_int_equal(error.code, HB_ERR_CONFIG);
    if (!strstr(error.text, sentence))
        fail_msg("said: %s\nnot: %s", error.text, sentence);
}

static void without_anything_the_defaults_hold(void **state)
{
    (void)state;
    struct hb_config config = read_ok("", NULL);
    assert_string_equal(config.kafka_brokers, "127.0.0.1:9092");
    assert_string_equal(config.redis_password, "");
    assert_int_equal(config.api_port, 8080);
    assert_true(config.kafka_create_topics);
    assert_string_equal(config.egress_allow, "");
    hb_config_deinit(&config);
    assert_null(config.kafka_brokers);
    hb_config_deinit(NULL);
}

static void every_default_lies_in_its_range(void **state)
{
    (void)state;
    size_t count;
    const struct hb_config_key *keys = hb_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].kind == HB_CONFIG_INT &&
            (keys[i].number < keys[i].min || keys[i].number > keys[i].max || keys[i].min < 0))
            fail_msg("%s", keys[i].path);
        if (keys[i].help[0] == '\0' || keys[i].help[strlen(keys[i].help) - 1] != '.')
            fail_msg("%s: the help is no sentence", keys[i].path);
        assert_null(strchr(keys[i].section, '_')); /* otherwise HOOKBUS_A_B_C could mean two keys */
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(keys[i].path, keys[other].path);
    }
}

static void the_file_wins_over_defaults_and_the_environment_over_the_file(void **state)
{
    (void)state;
    char first[] = "HOOKBUS_API_PORT=9001", second[] = "HOOKBUS_KAFKA_SASL_PASSWORD=a=b", other[] = "PATH=/bin",
         foreign[] = "HOOKBUS_SERVICE_HOST=10.0.0.1", config_file[] = "HOOKBUS_CONFIG=/etc/x",
         empty[] = "HOOKBUS_REDIS_ADDRESS=", key[] = "HOOKBUS_API_KEY=hbk_x";
    char *env[] = {key, first, other, second, foreign, config_file, empty, NULL};
    struct hb_config config = read_ok("api:\n  port: 9000\n  listen: 0.0.0.0\nlog:\n", env);
    assert_int_equal(config.api_port, 9001);
    assert_string_equal(config.api_listen, "0.0.0.0");
    assert_string_equal(config.kafka_sasl_password, "a=b");
    assert_string_equal(config.redis_address, "");
    hb_config_deinit(&config);
}

static void values_are_read_by_their_kind(void **state)
{
    (void)state;
    struct hb_config config =
        read_ok("publish:\n  event_bytes_max: 64 KiB\n  batch_bytes_max: 1MiB\n  queue_kib_max: 64 MiB\n"
                "dispatcher:\n  queued_kib: 2048\nkafka:\n  create_topics: false\n"
                "egress:\n  allow: [127.0.0.0/8, '[fd00::]/8:443']\n  ca_file: ~\n",
                NULL);
    assert_int_equal(config.publish_event_bytes_max, 65536);
    assert_int_equal(config.publish_batch_bytes_max, 1048576);
    assert_int_equal(config.publish_queue_kib_max, 65536);
    assert_int_equal(config.dispatcher_queued_kib, 2048);
    assert_false(config.kafka_create_topics);
    assert_string_equal(config.egress_allow, "127.0.0.0/8,[fd00::]/8:443");
    assert_string_equal(config.egress_ca_file, "");
    hb_config_deinit(&config);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"api:\n  prot: 1\n", "t.yaml:2: there is no key api.prot; did you mean api.port?"},
        {"kafak:\n  brokers: x\n", "t.yaml:1: there is no section kafak; did you mean kafka?"},
        {"zzz:\n  brokers: x\n", "t.yaml:1: there is no section zzz"},
        {"api:\n  brokers: x\n", "did you mean kafka.brokers?"},
        {"\napi:\n\n  port: 70000\n", "t.yaml:4: api.port must be 0..65535 port, not 70000"},
        {"api:\n  port: x\n", "t.yaml:2: api.port must be a whole number of port, not \"x\""},
        {"api:\n  port: -1\n", "whole number"},
        {"api:\n  port: 1 KiB\n", "whole number"},
        {"api:\n  port:\n", "whole number"},
        {"api:\n  port: 99999999999999999999\n", "whole number"},
        {"publish:\n  event_bytes_max: 1 KB\n", "a whole number of bytes (or a size as 64 KiB, 1 MiB), not \"1 KB\""},
        {"publish:\n  event_bytes_max: 99999999999999999 GiB\n", "whole number"},
        {"publish:\n  event_bytes_max: 10 MiB\n", "1024..900000 bytes, not 10485760"},
        {"kafka:\n  create_topics: yes\n", "t.yaml:2: kafka.create_topics must be true or false"},
        {"kafka:\n  brokers: [a, b]\n", "t.yaml:2: kafka.brokers must be a single value"},
        {"egress:\n  allow: {a: b}\n", "t.yaml:2: egress.allow must be a single value"},
        {"egress:\n  allow: ['a,b']\n", "without commas"},
        {"egress:\n  allow: [[a]]\n", "without commas"},
        {"kafka: x\n", "t.yaml:1: section kafka must hold"},
        {"kafka: [x]\n", "t.yaml:1: section kafka must hold"},
        {"- kafka\n", "t.yaml: expected sections"},
        {"kafka:\n  brokers: a\n  brokers: b\n", "t.yaml:3: the key \"brokers\" stands there twice"},
        {"kafka:\n  brokers: ''\n", "kafka.brokers must name"},
        {"kafka:\n  topic_prefix: 'a b'\n", "kafka.topic_prefix must be"},
        {"kafka:\n  security_protocol: tls\n", "kafka.security_protocol must be one of"},
        {"kafka:\n  security_protocol: sasl_ssl\n", "kafka.sasl_mechanism must be set"},
        {"log:\n  level: warn\n", "log.level must be one of debug|info|warning|error"},
        {"dispatcher:\n  ring_slots: 1000\n", "a power of two, not 1000"},
        {"delivery:\n  window_start: 100\n",
         "delivery.window_start (100) must not be greater than delivery.window_max (64)"},
        {"delivery:\n  connect_timeout_ms: 20000\n", "delivery.connect_timeout_ms (20000)"},
        {"api:\n  listen: foo bar\n", "api.listen must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1, not \"foo bar\""},
        {"api:\n  listen: ''\n", "api.listen must be an IP address"},
        {"dispatcher:\n  listen: localhost\n", "dispatcher.listen must be an IP address"},
        {"dispatcher:\n  instance: ../../../etc/x\n", "dispatcher.instance must be at most 128 of A-Z a-z 0-9 . _ -"},
        {"dispatcher:\n  instance: .hidden\n", "dispatcher.instance must be"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i][0], NULL, cases[i][1]);
}

static void a_wrong_variable_is_named(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"HOOKBUS_API_PORT=tcp://10.0.0.1:80", "HOOKBUS_API_PORT: api.port must be"},
        {"HOOKBUS_API_PROT=1", "HOOKBUS_API_PROT: there is no key api.prot; did you mean api.port?"},
        {"HOOKBUS_DELIVERY_WINDOW_MAXX=1", "did you mean delivery.window_max?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char variable[128];
        snprintf(variable, sizeof variable, "%s", cases[i][0]);
        char *env[] = {variable, NULL};
        assert_refused("", env, cases[i][1]);
    }
}

static void no_message_shows_a_secret(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "redis:\n  password: [hunter2, x]\n",
        "redis:\n  password: {hunter2: x}\n",
        "redis:\n  password: hunter2\napi:\n  port: x\n",
        "redis:\n  password: hunter2\n bad: indent\n",
        "redis:\n  password: 'hunter2\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hb_config config;
        struct hb_error error = {0};
        assert_int_equal(hb_config_read("t.yaml", hb_str_c(cases[i]), NULL, &config, &error), HB_ERR_CONFIG);
        assert_null(strstr(error.text, "hunter2"));
    }
}

static void a_file_is_read_and_a_missing_one_is_said(void **state)
{
    (void)state;
    char path[] = "/tmp/hookbus-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "api:\n  port: 7\n", 15), 15);
    close(fd);
    struct hb_config config;
    struct hb_error error = {0};
    assert_int_equal(hb_config_load(path, NULL, &config, &error), HB_OK);
    assert_int_equal(config.api_port, 7);
    hb_config_deinit(&config);
    unlink(path);
    assert_int_equal(hb_config_load(path, NULL, &config, &error), HB_ERR_IO);
    assert_non_null(strstr(error.text, "No such file"));
    assert_int_equal(hb_config_load("/", NULL, &config, &error), HB_ERR_IO);
    assert_int_equal(hb_config_load(NULL, NULL, &config, &error), HB_OK);
    hb_config_deinit(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_anything_the_defaults_hold),
        cmocka_unit_test(every_default_lies_in_its_range),
        cmocka_unit_test(the_file_wins_over_defaults_and_the_environment_over_the_file),
        cmocka_unit_test(values_are_read_by_their_kind),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(a_wrong_variable_is_named),
        cmocka_unit_test(no_message_shows_a_secret),
        cmocka_unit_test(a_file_is_read_and_a_missing_one_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
