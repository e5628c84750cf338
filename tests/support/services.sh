# The Kafka and Redis of a test run: one each, fresh, for all parts that need them. Source deploy/lib/*.sh first.
# shellcheck shell=bash

TEST_LOCAL=$HOOKBUS_LOCAL/test

# Starts both and tells the tests where they are. Below DIR a test finds the pid files, to stop or kill what it tests
# against, and brings it back with `deploy/lib/service kafka|redis start DIR`.
services_start() {
    local port
    export HOOKBUS_TEST_KAFKA_DIR=$TEST_LOCAL/kafka HOOKBUS_TEST_REDIS_DIR=$TEST_LOCAL/redis
    mkdir -p "$TEST_LOCAL"
    # Held as long as this script lives: two runs in one tree would take each other's brokers down.
    exec 8>>"$TEST_LOCAL/lock"
    lock_take 8 "$TEST_LOCAL/lock" 3600

    kafka_prepare
    # A run that was killed leaves its own behind; tests begin with nothing.
    services_stop
    rm -rf "$HOOKBUS_TEST_KAFKA_DIR" "$HOOKBUS_TEST_REDIS_DIR"

    port=$(port_pick 16479)
    redis_start "$HOOKBUS_TEST_REDIS_DIR" "$port"
    export HOOKBUS_TEST_REDIS=127.0.0.1:$port

    port=$(port_pick 19192 2)
    kafka_start "$HOOKBUS_TEST_KAFKA_DIR" "$port" $((port + 1))
    export HOOKBUS_TEST_KAFKA=127.0.0.1:$port
    say "Kafka on $HOOKBUS_TEST_KAFKA, Redis on $HOOKBUS_TEST_REDIS; logs in $TEST_LOCAL"
}

# Logs and data stay, to look at, until the next run.
services_stop() {
    [ -n "${HOOKBUS_TEST_KAFKA_DIR:-}" ] || return 0
    redis_stop "$HOOKBUS_TEST_REDIS_DIR"
    kafka_stop "$HOOKBUS_TEST_KAFKA_DIR"
}
