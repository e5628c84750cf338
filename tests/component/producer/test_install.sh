#!/usr/bin/env bash
# libhookbus installed into an empty prefix: the example is built with pkg-config (shared and static), with C++ for the
# header, and with find_package, then moved and run against Kafka. Argument: the build folder.
set -euo pipefail
build=$1
root=$(cd "$(dirname "$0")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --component libhookbus --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/prefix" # nothing may remember where it was installed

fail() {
    echo "$*" >&2
    exit 1
}

[ "$(cd "$work/prefix/include" && find . -name '*.h')" = ./hookbus/producer.h ] || fail "the header is not the only one installed"
visible=$(nm -D --defined-only "$work/prefix/lib/libhookbus.so" | awk '$2 != "A" && $3 !~ /^hookbus_/')
[ -z "$visible" ] || fail "the shared library shows more than hookbus_*: $visible"
visible=$(nm -g --defined-only "$work/prefix/lib/libhookbus.a" | awk 'NF == 3 && $3 !~ /^hookbus_/')
[ -z "$visible" ] || fail "the static library shows more than hookbus_*: $visible"

export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
cc=${CC:-cc}
strict="-std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror"
sanitize=${HOOKBUS_SANITIZE:+-fsanitize=$HOOKBUS_SANITIZE}
# shellcheck disable=SC2046,SC2086
{
    $cc $strict $sanitize "$root/examples/publish_orders.c" $(pkg-config --cflags --libs hookbus) -o "$work/shared"
    $cc $strict $sanitize "$root/examples/publish_orders.c" $(pkg-config --cflags hookbus) -L"$work/prefix/lib" -l:libhookbus.a \
        $(pkg-config --libs --static hookbus | sed 's/-lhookbus//') -o "$work/static"
    echo '#include <hookbus/producer.h>' | c++ -x c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
        $(pkg-config --cflags hookbus) -
}
ldd "$work/static" | grep -q libhookbus && fail "the static program needs the shared library"

cmake -G Ninja -S "$root/examples" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/prefix" ${sanitize:+-DCMAKE_C_FLAGS=$sanitize} >"$work/cmake.log" ||
    { cat "$work/cmake.log"; fail "find_package(hookbus) failed"; }
cmake --build "$work/cmake" >"$work/cmake.log" || { cat "$work/cmake.log"; fail "the example does not build with CMake"; }

if [ -z "${HOOKBUS_TEST_KAFKA:-}" ]; then
    echo "built; not run: HOOKBUS_TEST_KAFKA names no Kafka"
    exit 0
fi
prefix=ex$$.
topics=$build/tests/component/producer/make_topics
"$topics" "$prefix"
export LD_LIBRARY_PATH=$work/prefix/lib
for program in "$work/shared" "$work/static" "$work/cmake/publish_orders" "$work/cmake/publish_orders_static"; do
    said=$(timeout 60 "$program" "$HOOKBUS_TEST_KAFKA" my-shop 500 "$prefix")
    [ "$said" = "published 500 of 500 orders to store my-shop" ] || fail "$program said: $said"
done
echo "installed, built four ways, and each published 500 orders"
