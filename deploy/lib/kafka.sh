# A private Apache Kafka: one node, broker and controller in one, loopback only. Source common.sh first.
#   .local/kafka/   jars/, formatted/ (what a fresh data folder holds), broker-*.jsa (class archive): made once, by kafka_prepare
#   DIR/            server.properties  java.args  kafka.pid  kafka.log  data/                          of one broker
# KAFKA_BENCH=1 leaves Java's compiler at its default, slower to start and faster when hot, and gives the broker a heap in which most
# garbage dies young: one of 256 MB stops it for 30 ms more than once a second, and every p99 would be of that.
# shellcheck shell=bash

KAFKA_HOME=$HOOKBUS_LOCAL/kafka
KAFKA_DEPLOY=$HOOKBUS_ROOT/deploy/kafka

# ---- made once -----------------------------------------------------------------------------------------------------

kafka_jar_list() { find "$1" -name '*.jar' -printf '%f %s\n' | LC_ALL=C sort; } # DIR

# The stamp says which pom these jars came from and what they were: half a folder, or an older pom's, does not match.
kafka_jars_stamp() { # DIR
    sha256sum <"$KAFKA_DEPLOY/pom.xml"
    kafka_jar_list "$1"
}

kafka_jars_complete() {
    [ -f "$KAFKA_HOME/jars/.complete" ] && kafka_jars_stamp "$KAFKA_HOME/jars" | cmp -s - "$KAFKA_HOME/jars/.complete"
}

# Into a folder aside, and under its name only when whole.
kafka_fetch_jars() {
    local new=$KAFKA_HOME/jars.new log=$HOOKBUS_LOGS/maven.log
    have mvn || fail "no Maven, which fetches Kafka: apt-get install maven"
    say "fetching Apache Kafka with Maven (45 MB, about a minute the first time); log: $log"
    mkdir -p "$HOOKBUS_LOGS"
    rm -rf "$new"
    if ! timeout 900 mvn -B -f "$KAFKA_DEPLOY/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$new" </dev/null >"$log" 2>&1; then
        grep -m5 ERROR "$log" | sed 's/^/    /' >&2 || show_tail "$log"
        fail "Maven could not fetch Kafka's jars. No network, or no way to Maven's repository? The whole story: $log"
    fi
    kafka_jars_stamp "$new" >"$new.stamp"
    mv "$new.stamp" "$new/.complete"
    # What was made from the old jars goes with them.
    rm -rf "$KAFKA_HOME"/{jars,formatted} "$KAFKA_HOME"/broker-*.jsa
    mv "$new" "$KAFKA_HOME/jars"
}

# In a fixed order: the class archive is good for exactly the class path it was made with.
kafka_classpath() { find "$KAFKA_HOME/jars" -name '*.jar' | LC_ALL=C sort | paste -sd:; }

# The archive belongs to one Java and one place of the jars; otherwise Java ignores it, with a warning.
kafka_archive_file() {
    local key
    key=$({ java -version 2>&1; kafka_classpath; } | sha256sum)
    printf '%s' "$KAFKA_HOME/broker-${key:0:12}.jsa"
}

# Formatting starts a Java of its own for seconds and leaves two small files: so done once, then copied.
kafka_format_once() { # SCRATCH
    local log=$HOOKBUS_LOGS/kafka-format.log
    mkdir -p "$HOOKBUS_LOGS"
    kafka_write_arguments "$1" ""
    if ! timeout 120 java @"$1/java.args" kafka.tools.StorageTool format --cluster-id "$(kafka_random_id)" \
        -c "$1/server.properties" </dev/null >"$log" 2>&1; then
        show_tail "$log"
        fail "Kafka's data folder could not be formatted; look at $log"
    fi
    rm -rf "$KAFKA_HOME/formatted.new"
    mkdir "$KAFKA_HOME/formatted.new"
    cp "$1/data/meta.properties" "$1/data/bootstrap.checkpoint" "$KAFKA_HOME/formatted.new/"
    rm -rf "$KAFKA_HOME/formatted"
    mv "$KAFKA_HOME/formatted.new" "$KAFKA_HOME/formatted"
}

# A first run that is stopped in order leaves the classes it loaded in one mapped file: every later start takes 2 s, not 5.
# Only a gain in time: without it the broker starts all the same.
kafka_archive_once() { # SCRATCH ARCHIVE
    kafka_write_arguments "$1" "-XX:ArchiveClassesAtExit=$1/new.jsa"
    kafka_launch "$1"
    kafka_wait_ready "$1"
    process_stop "$1/kafka.pid" "$1/server.properties" 60 Kafka "$1/kafka.log"
    if [ -s "$1/new.jsa" ]; then
        mv "$1/new.jsa" "$2"
    else
        cp "$1/kafka.log" "$HOOKBUS_LOGS/kafka-archive.log"
        warn "Java made no class archive; Kafka will start slower. Look at $HOOKBUS_LOGS/kafka-archive.log"
    fi
}

kafka_prepare_locked() {
    local scratch=$KAFKA_HOME/scratch archive port
    kafka_jars_complete || kafka_fetch_jars
    archive=$(kafka_archive_file)
    [ -f "$KAFKA_HOME/formatted/meta.properties" ] && [ -f "$archive" ] && return
    say "preparing Kafka: format a data folder, archive its classes (about 10 s, once)"
    # A run that was interrupted may have left its broker there.
    process_kill "$scratch/kafka.pid" "$scratch/server.properties"
    rm -rf "$scratch"
    mkdir -p "$scratch"
    port=$(port_pick 19392 2)
    kafka_configure "$scratch" "$port" $((port + 1))
    [ -f "$KAFKA_HOME/formatted/meta.properties" ] || kafka_format_once "$scratch"
    kafka_fill_data "$scratch"
    [ -f "$archive" ] || kafka_archive_once "$scratch" "$archive"
    rm -rf "$scratch"
}

# Everything a broker needs that is not its own: a moment when it is all there.
kafka_prepare() {
    java_suits || fail "Kafka needs Java 17 or later on PATH: apt-get install default-jre-headless"
    with_lock "$KAFKA_HOME/lock" 1200 kafka_prepare_locked
}

# ---- one broker ----------------------------------------------------------------------------------------------------

# 16 random bytes in Kafka's spelling; a leading dash would read as an option.
kafka_random_id() {
    local id
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    printf '%s' "${id/#-/A}"
}

kafka_configure() { # DIR PORT CONTROLLER_PORT
    cat >"$1/server.properties" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$3
listeners=PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3
advertised.listeners=PLAINTEXT://127.0.0.1:$2
controller.listener.names=CONTROLLER
log.dirs=$1/data

# One node: what is kept three times elsewhere is kept once, in one partition.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1

# As we ask of production: a topic exists because somebody decided its settings.
auto.create.topics.enable=false
group.min.session.timeout.ms=6000
group.max.session.timeout.ms=60000

# Quick: the first member of a group does not wait for others, and after a kill -9 the broker is let in again soon; not sooner, or one
# that a busy machine starves for a second is shut out by its own controller.
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=200

# Small: some 240 partitions in a heap of 256 MB, and little to read again after a crash. The index is sized for the segment.
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=4194304
log.segment.bytes=67108864
log.index.size.max.bytes=262144
log.preallocate=false
EOF
}

# Java reads its own options from a file, so that the command line stays short enough for a person to read in ps.
kafka_write_arguments() { # DIR CLASS-ARCHIVE-OPTION
    local option memory=(-Xmx256m -XX:+UseSerialGC)
    [ "${KAFKA_BENCH:-}" = 1 ] && memory=(-Xms2g -Xmx2g -Xmn1600m -XX:+UseSerialGC)
    {
        for option in "${memory[@]}" -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError \
            "-XX:ErrorFile=$1/hs_err.log" "-Dlog4j2.configurationFile=$KAFKA_DEPLOY/log4j2.properties" \
            ${2:+"$2"} -cp "$(kafka_classpath)"; do
            printf '"%s"\n' "$option"
        done
        [ "${KAFKA_BENCH:-}" = 1 ] || echo -XX:TieredStopAtLevel=1
    } >"$1/java.args"
}

# A formatted, empty data folder with a cluster id of its own; nothing if there already is one.
kafka_fill_data() { # DIR
    [ -f "$1/data/meta.properties" ] && return
    mkdir -p "$1/data"
    cp "$KAFKA_HOME/formatted/bootstrap.checkpoint" "$1/data/"
    # Last, under its name only when whole: it is what makes the folder count as formatted.
    sed -e "s/^cluster\.id=.*/cluster.id=$(kafka_random_id)/" -e "s/^directory\.id=.*/directory.id=$(kafka_random_id)/" \
        "$KAFKA_HOME/formatted/meta.properties" >"$1/data/meta.new"
    mv "$1/data/meta.new" "$1/data/meta.properties"
}

kafka_launch() { # DIR
    # kafka_ready looks only below the last of these lines.
    printf '==== start %s\n' "$(date -u +%FT%TZ)" >>"$1/kafka.log"
    process_spawn "$1/kafka.pid" "$1/kafka.log" java @"$1/java.args" kafka.Kafka "$1/server.properties"
}

kafka_setting() { sed -n "s/^$2=//p" "$1/server.properties"; } # DIR NAME

kafka_port() { # DIR
    local listener
    listener=$(kafka_setting "$1" advertised.listeners)
    printf '%s' "${listener##*:}"
}

kafka_controller_port() { # DIR
    local voter
    voter=$(kafka_setting "$1" controller.quorum.voters)
    printf '%s' "${voter##*:}"
}

kafka_alive() { process_alive "$1/kafka.pid" "$1/server.properties"; } # DIR

# 0 serves clients, 1 not yet, 2 it has died. The broker says "started" after the controller has let it in: an open port says less.
kafka_ready() { # DIR
    kafka_alive "$1" || return 2
    awk '/Kafka Server started/ { up = 1; exit } /^==== start/ { exit } END { exit !up }' < <(tac "$1/kafka.log")
}

kafka_wait_ready() { # DIR
    wait_for 60 "Kafka does not come up; look at $1/kafka.log" kafka_ready "$1" && return
    grep -E ' (ERROR|FATAL) |^Error|Exception' "$1/kafka.log" | tail -n 5 | sed 's/^/    /' >&2 || true
    process_kill "$1/kafka.pid" "$1/server.properties"
    exit 1
}

# Starts it, with the data that is there, and waits until it serves. Without ports: those of the last start.
kafka_start() { # DIR [PORT CONTROLLER_PORT]
    local dir port controller archive
    kafka_prepare
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    if kafka_alive "$dir"; then
        [ "${2:-$(kafka_port "$dir")}" = "$(kafka_port "$dir")" ] ||
            fail "Kafka in $dir already runs, on port $(kafka_port "$dir"); stop it first"
    else
        port=${2:-$(kafka_port "$dir")}
        controller=${3:-$(kafka_controller_port "$dir")}
        port_need "$port" Kafka "choose another port"
        port_need "$controller" "Kafka's controller" "choose another port"
        kafka_configure "$dir" "$port" "$controller"
        kafka_fill_data "$dir"
        archive=$(kafka_archive_file)
        if [ -f "$archive" ]; then
            kafka_write_arguments "$dir" "-XX:SharedArchiveFile=$archive"
        else
            kafka_write_arguments "$dir" ""
        fi
        kafka_launch "$dir"
    fi
    kafka_wait_ready "$dir"
}

kafka_stop() { # DIR
    local dir
    dir=$(cd "$1" 2>/dev/null && pwd) || return 0
    process_stop "$dir/kafka.pid" "$dir/server.properties" 30 Kafka "$dir/kafka.log"
}

# Dies as in a crash; kafka_start DIR brings it back on the same data and ports.
kafka_kill() { # DIR
    local dir
    dir=$(cd "$1" 2>/dev/null && pwd) || return 0
    process_kill "$dir/kafka.pid" "$dir/server.properties"
}
