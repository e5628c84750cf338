# The Kafka and Redis of a test run: one each, fresh, for all parts that need them. Source deploy/lib/*.sh first.
# shellcheck shell=bash

TEST_LOCAL=$HOOKBUS_LOCAL/test
QUICK=                # what quick_folder found
QUICK_KIB_MIN=2097152 # a run needs some 200 MB

# Where tests keep what need not outlive them, data of Kafka and Redis among it: in memory if there is room and programs may lie there
# (TMPDIR says it to everyone), because hundreds of topics made and flushed to one disk are what a busy machine is slow at. What is
# killed here are processes, never the machine: they find the same bytes in memory as on a disk.
quick_folder() { # for this tree, so that what a killed run left behind is taken away by the next
    local folder=/dev/shm/hookbus-test-$(printf '%s' "$HOOKBUS_ROOT" | sha256sum | head -c 12) room
    rm -rf "$folder"
    room=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ "${room:-0}" -ge $QUICK_KIB_MIN ] && mkdir -m 700 "$folder" 2>/dev/null || return 1
    printf '#!/bin/sh\n' >"$folder/try" && chmod +x "$folder/try"
    if ! "$folder/try" 2>/dev/null; then
        rm -rf "$folder"
        return 1
    fi
    QUICK=$folder
}

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
    if quick_folder; then
        export TMPDIR=$QUICK
        mkdir -p "$HOOKBUS_TEST_KAFKA_DIR" "$HOOKBUS_TEST_REDIS_DIR" "$QUICK/kafka" "$QUICK/redis"
        ln -s "$QUICK/kafka" "$HOOKBUS_TEST_KAFKA_DIR/data"
        ln -s "$QUICK/redis" "$HOOKBUS_TEST_REDIS_DIR/data"
    fi

    port=$(port_pick 16479)
    redis_start "$HOOKBUS_TEST_REDIS_DIR" "$port"
    export HOOKBUS_TEST_REDIS=127.0.0.1:$port

    port=$(port_pick 19192 2)
    kafka_start "$HOOKBUS_TEST_KAFKA_DIR" "$port" $((port + 1))
    export HOOKBUS_TEST_KAFKA=127.0.0.1:$port
    say "Kafka on $HOOKBUS_TEST_KAFKA, Redis on $HOOKBUS_TEST_REDIS; logs in $TEST_LOCAL"
}

# Logs stay, to look at, until the next run; what lay in memory goes.
services_stop() {
    [ -n "${HOOKBUS_TEST_KAFKA_DIR:-}" ] || return 0
    redis_stop "$HOOKBUS_TEST_REDIS_DIR"
    kafka_stop "$HOOKBUS_TEST_KAFKA_DIR"
    [ -z "${QUICK:-}" ] || rm -rf "$QUICK"
}
