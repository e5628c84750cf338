# What every script here shares: where things are, how to speak, how to wait, how to keep a process.
# Sourced, never run. Needs bash and Debian's essential packages only, because it runs before anything is installed.
# shellcheck shell=bash

HOOKBUS_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Everything a script fetches, starts or logs is below this one folder; removing it is always safe while nothing runs.
#   kafka/       the broker's jars, a formatted data folder to copy, the class archive     (fetched and made once)
#   log/         apt's, Maven's and the build's output
#   test/        the tests' Kafka and Redis with their data and logs                         (anew for each run)
#   quickstart/  the same for the quickstart                                                 (kept)
HOOKBUS_LOCAL=$HOOKBUS_ROOT/.local
# shellcheck disable=SC2034 # for those who source this
HOOKBUS_LOGS=$HOOKBUS_LOCAL/log

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Prints the major version of the Java on PATH; 1 if there is none.
java_major() {
    local line
    # Not the first line: JAVA_TOOL_OPTIONS and the like announce themselves before it.
    line=$(java -version 2>&1 | grep -m1 ' version "') || return 1
    line=${line#*\"}
    line=${line#1.} # "1.8.0_392" is Java 8
    printf '%s' "${line%%[!0-9]*}"
}

java_suits() { # as Kafka 4 asks
    local major
    have java && major=$(java_major) && [ "$major" -ge 17 ]
}

# The last lines of a log, indented, for the sentence that follows.
show_tail() { # FILE [LINES]
    if [ -s "$1" ]; then
        tail -n "${2:-15}" "$1" | sed 's/^/    /' >&2
    fi
}

# Runs COMMAND several times a second until it succeeds. 2 from it means "this will never happen": then we stop waiting
# at once. After SECONDS, or on a 2, says SENTENCE (what we waited for, and what to look at) and returns 1.
wait_for() { # SECONDS SENTENCE COMMAND [ARGUMENT...]
    local limit=$1 sentence=$2 deadline=$((SECONDS + $1)) status
    shift 2
    while true; do
        status=0
        "$@" || status=$?
        case $status in
            0) return 0 ;;
            2) warn "$sentence"; return 1 ;;
        esac
        if [ "$SECONDS" -ge "$deadline" ]; then
            warn "after $limit s: $sentence"
            return 1
        fi
        sleep 0.05
    done
}

# Takes the lock on FILE, which is open as FD; it is held until that is closed. The file names who holds it.
lock_take() { # FD FILE SECONDS
    if ! flock -n "$1"; then
        say "waiting for process $(<"$2"), which holds $2"
        flock -w "$3" "$1" || fail "after $3 s process $(<"$2") still holds $2; see what it does, or end it"
    fi
    echo "$BASHPID" >"$2"
}

# Runs COMMAND alone, so that two scripts do not fetch or build the same thing at once. In a subshell: the lock ends with
# it, whatever happens.
with_lock() { # FILE SECONDS COMMAND [ARGUMENT...]
    local file=$1 limit=$2
    shift 2
    mkdir -p "$(dirname "$file")"
    # shellcheck disable=SC2094 # the file is no data: it names its holder
    (
        lock_take 9 "$file" "$limit"
        "$@"
    ) 9>>"$file"
}

# ---- ports ---------------------------------------------------------------------------------------------------------

# The socket inodes that listen on a TCP port, on any address. Read from /proc, as ss is not there on a bare system.
port_listeners() { # PORT
    local hex
    hex=$(printf ':%04X' "$1")
    # Field 2 is the local address, field 4 the state (0A = LISTEN), field 10 the inode.
    awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

port_free() { [ -z "$(port_listeners "$1")" ]; } # PORT

# Who holds a port, in words. Other users' processes show their descriptors to root only.
port_owner() { # PORT
    local inode link
    for inode in $(port_listeners "$1"); do
        link=$(find /proc/[0-9]*/fd -maxdepth 1 -lname "socket:\[$inode\]" -print -quit 2>/dev/null || true)
        if [ -n "$link" ]; then
            local pid=${link#/proc/}
            pid=${pid%%/*}
            printf 'process %s (%s)' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-100)"
            return
        fi
    done
    printf "a process that cannot be seen from here ('ss -ltnp sport = :%s' as root may name it)" "$1"
}

# For a port that must be this one: a clear end when somebody else has it.
port_need() { # PORT FOR-WHAT HOW-TO-CHOOSE-ANOTHER
    port_free "$1" || fail "port $1, wanted for $2, is taken by $(port_owner "$1"). Stop that, or $3."
}

# The first free one of PORT, PORT+10, PORT+20 ...: steps of ten, so that pairs of neighbours stay pairs.
port_pick() { # PORT [HOW-MANY-NEIGHBOURS]
    local port=$1 width=${2:-1} try i taken
    for try in {0..49}; do
        taken=
        for ((i = 0; i < width; i++)); do
            port_free $((port + try * 10 + i)) || taken=yes
        done
        if [ -z "$taken" ]; then
            printf '%s' $((port + try * 10))
            return
        fi
    done
    fail "none of 50 ports from $port upwards is free; 'ss -ltnp' shows who listens"
}

# ---- processes -----------------------------------------------------------------------------------------------------
# A kept process has a pid file, and a MARK: the path of its own configuration file, which stands in its command line. A
# pid whose command line lacks the mark is somebody else's (pids are used again, also after a reboot) and is never signalled.

# Starts COMMAND in a session of its own, so that Ctrl-C reaches only the script, which then stops things in order.
process_spawn() { # PIDFILE LOG COMMAND [ARGUMENT...]
    local pidfile=$1 log=$2
    shift 2
    rm -f "$pidfile"
    # The inner shell writes its own pid and becomes the command: right from the first moment, however setsid forks.
    # 8 and 9 are locks of ours, perhaps: what lives long must not keep them.
    # shellcheck disable=SC2016
    (setsid bash -c 'echo $$ >"$0.new" && mv "$0.new" "$0" && exec "$@"' "$pidfile" "$@" </dev/null >>"$log" 2>&1 8>&- 9>&- &)
    wait_for 10 "$1 could not be started; look at $log" test -s "$pidfile" || exit 1
}

process_pid() { # PIDFILE MARK: prints the pid while that process lives
    local pid
    [ -s "$1" ] || return 1
    pid=$(<"$1")
    [[ $pid =~ ^[0-9]+$ ]] || return 1
    # Empty for a process that is dead but not yet waited for.
    tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$2" || return 1
    printf '%s' "$pid"
}

process_alive() { process_pid "$1" "$2" >/dev/null; } # PIDFILE MARK
process_gone() { ! process_alive "$1" "$2"; }         # PIDFILE MARK

process_signal() { # SIGNAL PIDFILE MARK: 1 if it is not there
    local pid
    pid=$(process_pid "$2" "$3") || return 1
    kill -"$1" "$pid" 2>/dev/null
}

# As a crash: no word of goodbye. A stopped (SIGSTOP) process dies of it too.
process_kill() { # PIDFILE MARK
    if process_signal KILL "$1" "$2"; then
        wait_for 10 "process $(cat "$1") survives kill -9; look at 'ps' for its state" process_gone "$1" "$2" || return 1
    fi
    rm -f "$1"
}

# SIGTERM, then after SECONDS kill -9 with a warning. Returns 0 also when nothing was there.
process_stop() { # PIDFILE MARK SECONDS NAME LOG
    if process_signal TERM "$1" "$2" &&
        ! wait_for "$3" "$4 does not stop on SIGTERM and is killed; look at $5" process_gone "$1" "$2"; then
        process_kill "$1" "$2"
    fi
    rm -f "$1"
}
