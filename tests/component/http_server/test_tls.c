/* TLS with a certificate made for the occasion; the client is openssl's. */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void calls_work_inside_tls(void **state)
{
    (void)state;
    char folder[] = "/tmp/hookbus-test-tls-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char command[1024];
    char cert[64];
    char key[64];
    (void)snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
    (void)snprintf(key, sizeof(key), "%s/key.pem", folder);
    (void)snprintf(command, sizeof(command),
                   "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost "
                   "-keyout %s -out %s >/dev/null 2>&1", key, cert);
    if (system(command) != 0) {
        (void)rmdir(folder);
        skip(); /* no openssl command on this machine */
    }
    struct hb_http_server_options options = options_of_tests();
    options.tls_cert_file = cert;
    options.tls_key_file = key;
    struct served served;
    serve(&served, options);
    static const char *const requests[] = {
        "GET /hello HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n",
        "POST /later HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Length: 5\\r\\n\\r\\nhello",
        "GET /hello RUBBISH\\r\\n\\r\\n",
        "POST /later HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: x\\r\\n\\r\\nhello"};
    static const char *const answers[][2] = {
        {"HTTP/1.1 200", "\r\n\r\nhello"}, {"HTTP/1.1 202", "\r\n\r\nhello"}, {"HTTP/1.1 400", "problem+json"}, {"", ""}};
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(command, sizeof(command),
                       "printf '%s' | timeout 20 openssl s_client -quiet -ign_eof -connect 127.0.0.1:%d -CAfile %s "
                       "-verify_return_error 2>/dev/null", requests[i], served.port, cert);
        FILE *client = popen(command, "r");
        assert_non_null(client);
        char answer[4096] = {0};
        (void)!fread(answer, 1, sizeof(answer) - 1, client);
        (void)pclose(client);
        assert_non_null(strstr(answer, answers[i][0]));
        assert_non_null(strstr(answer, answers[i][1]));
        assert_null(strstr(answer, "<html"));
    }
    int fd = dial(&served); /* one that speaks plainly hears nothing it could take for an answer, and harms nobody */
    send_text(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    char answer[1024];
    assert_int_equal(read_answer(fd, answer, sizeof(answer)), 0);
    close(fd);
    stop_serving(&served);
    (void)unlink(cert);
    (void)unlink(key);
    (void)rmdir(folder);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {cmocka_unit_test(calls_work_inside_tls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
