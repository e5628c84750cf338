# The Debian packages hookbus needs, by purpose, and their installation. Source common.sh first.
#   packages_missing GROUP...   prints what is not there, one name a line
#   packages_install GROUP...   installs that, and nothing when all is there
# shellcheck shell=bash

# Without recommended packages a bare gcc comes without the C library's headers, hence libc6-dev. default-jre-headless is
# Java 17 on Debian 12 and 21 on Debian 13.
declare -gA PACKAGES=(
    [build]="gcc libc6-dev cmake ninja-build pkg-config librdkafka-dev libcurl4-openssl-dev libmicrohttpd-dev libhiredis-dev
             libuv1-dev libcjson-dev libyaml-dev libssl-dev libsqlite3-dev libc-ares-dev"
    [run]="redis-server maven default-jre-headless ca-certificates"
    # The simulator of SALESmanago that the quickstart shows.
    [simulator]="python3"
    [test]="libcmocka-dev g++ git python3 python3-jsonschema openssl procps iproute2"
    # Other people's clients and verifiers, for the tests that run beside a real Kafka.
    [peers]="kcat python3-venv python3-pip nodejs npm"
)

# Tools that people also have from elsewhere: what works on PATH is as good as the package.
package_elsewhere() { # NAME
    case $1 in
        default-jre-headless) java_suits ;;
        maven) have mvn ;;
        redis-server) have redis-server && have redis-cli ;;
        nodejs) have node ;;
        npm) have npm ;;
        python3) have python3 ;;
        g++) have c++ ;;
        git) have git ;;
        # A virtual environment gets its own pip, if the Python that makes it can.
        python3-venv | python3-pip) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        *) false ;;
    esac
}

packages_missing() { # GROUP...
    local group name installed
    # dpkg-query fails when it knows nothing of one of the names: that is an answer here.
    # shellcheck disable=SC2046,SC2086 # lists of names
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(for group in "$@"; do echo ${PACKAGES[$group]}; done) \
        2>/dev/null | sed -n 's/^installed //p' || true)
    for group in "$@"; do
        for name in ${PACKAGES[$group]}; do
            grep -qxF "$name" <<<"$installed" || package_elsewhere "$name" || echo "$name"
        done
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Exit codes of the part that runs as root.
PACKAGES_NOT_FETCHED=10
PACKAGES_NOT_INSTALLED=11

# Debian starts a service when its package is installed, unless policy-rc.d forbids it. We want a program, not a service on
# the standard port: so the policy is "no" for this command, and afterwards what it was. A Redis that already runs is not
# touched: only missing packages are named, and policy says no to a restart too.
packages_as_root() { # NAME...
    as_root env NOT_FETCHED=$PACKAGES_NOT_FETCHED NOT_INSTALLED=$PACKAGES_NOT_INSTALLED bash -s -- "$@" <<'ROOT'
set -euo pipefail
policy=/usr/sbin/policy-rc.d
saved=$policy.before-hookbus
restore() {
    rm -f "$policy"
    if [ -e "$saved" ]; then mv "$saved" "$policy"; fi
}
# A run that was killed may have left the original aside, or our own policy in its place.
if [ -e "$policy" ] && [ ! -e "$saved" ] && ! grep -qs hookbus "$policy"; then mv "$policy" "$saved"; fi
trap restore EXIT
printf '#!/bin/sh\n# Put here by hookbus while it installs packages.\nexit 101\n' >"$policy"
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
apt() {
    timeout 1200 apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Acquire::http::Timeout=30 \
        -o Acquire::https::Timeout=30 "$@" </dev/null
}
# An update that fails may still leave lists good enough; the download decides.
apt -q update || true
apt -q -y install --no-install-recommends --download-only "$@" || exit "$NOT_FETCHED"
# Never cut short: half an installation is worse than a slow one.
apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends --no-download "$@" </dev/null || exit "$NOT_INSTALLED"
ROOT
}

packages_install() { # GROUP...
    local missing log=$HOOKBUS_LOGS/packages.log status=0
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    have apt-get || fail "missing, and no apt-get here to install it (this script knows Debian): ${missing[*]}"
    [ "$(id -u)" -eq 0 ] || have sudo ||
        fail "missing, and neither root nor sudo to install it. As root: apt-get install --no-install-recommends ${missing[*]}"

    mkdir -p "$HOOKBUS_LOGS"
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    say "  log: $log"
    packages_as_root "${missing[@]}" >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
        grep -E '^(E|Err|W):' "$log" | tail -n 8 | sed 's/^/    /' >&2 || true
        case $status in
            "$PACKAGES_NOT_FETCHED") fail "the packages could not be fetched: no network, or package sources that do not have them? Look at $log" ;;
            "$PACKAGES_NOT_INSTALLED") fail "the packages were fetched but not installed; look at $log" ;;
            *) fail "packages could not be installed (status $status: no rights?); look at $log" ;;
        esac
    fi
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -eq 0 ] || fail "apt-get succeeded and yet these are missing: ${missing[*]}; look at $log"
    if grep -q '^Setting up redis-server' "$log"; then
        say "  Debian's own Redis service came with it, not started; 'systemctl disable redis-server' keeps it off at boot too"
    fi
}
