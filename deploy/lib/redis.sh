# A private Redis: own configuration, own data folder, loopback only. Source common.sh first.
#   DIR/redis.conf  DIR/redis.pid  DIR/redis.log  DIR/data/
# shellcheck shell=bash

# As production should have it: never evict (a job would vanish), and at most a second of writes lost with the machine.
redis_configure() { # DIR PORT
    cat >"$1/redis.conf" <<EOF
bind 127.0.0.1
port $2
protected-mode yes
daemonize no
dir "$1/data"
logfile ""
maxmemory-policy noeviction
appendonly yes
appendfsync everysec
save ""
# The title would replace the command line, in which we look for this file to know the process as ours.
set-proc-title no
EOF
}

redis_port() { awk '$1 == "port" { print $2 }' "$1/redis.conf"; } # DIR
redis_alive() { process_alive "$1/redis.pid" "$1/redis.conf"; }   # DIR

# 0 answers PING with its data loaded, 1 not yet, 2 it has died.
redis_ready() { # DIR
    redis_alive "$1" || return 2
    [ "$(timeout 2 redis-cli -h 127.0.0.1 -p "$(redis_port "$1")" PING 2>/dev/null)" = PONG ]
}

# Starts it, with the data that is there, and waits until it answers. Without PORT: the port of the last start.
redis_start() { # DIR [PORT]
    local dir port
    have redis-server || fail "no redis-server: apt-get install redis-server"
    mkdir -p "$1/data"
    dir=$(cd "$1" && pwd)
    if redis_alive "$dir"; then
        [ "${2:-$(redis_port "$dir")}" = "$(redis_port "$dir")" ] ||
            fail "Redis in $dir already runs, on port $(redis_port "$dir"); stop it first"
    else
        port=${2:-$(redis_port "$dir")}
        port_need "$port" Redis "choose another port"
        redis_configure "$dir" "$port"
        process_spawn "$dir/redis.pid" "$dir/redis.log" redis-server "$dir/redis.conf"
    fi
    if ! wait_for 30 "Redis does not answer; look at $dir/redis.log" redis_ready "$dir"; then
        show_tail "$dir/redis.log"
        process_kill "$dir/redis.pid" "$dir/redis.conf"
        exit 1
    fi
}

redis_stop() { # DIR
    local dir
    dir=$(cd "$1" 2>/dev/null && pwd) || return 0
    process_stop "$dir/redis.pid" "$dir/redis.conf" 10 Redis "$dir/redis.log"
}

# Dies as in a crash; redis_start DIR brings it back on the same data and port.
redis_kill() { # DIR
    local dir
    dir=$(cd "$1" 2>/dev/null && pwd) || return 0
    process_kill "$dir/redis.pid" "$dir/redis.conf"
}
