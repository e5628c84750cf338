"""Each library's headers are included in its own folder of platform/ only. Tests may include anything."""
import fnmatch

import tree

# header pattern -> folders that may include it
VENDORS = {
    "librdkafka/*": ("platform/kafka",),
    "curl/*": ("platform/http_client",),
    "microhttpd.h": ("platform/http_server",),
    "hiredis/*": ("platform/redis",),
    "uv.h": ("platform/loop",),
    "uv/*": ("platform/loop",),
    "cjson/*": ("platform/json",),
    "cJSON.h": ("platform/json",),
    "yaml.h": ("platform/yaml",),
    "openssl/*": ("platform/crypto", "platform/http_client", "platform/redis"),
    "sqlite3.h": ("platform/sqlite",),
    "ares*.h": ("platform/resolver",),
}
# The C library and the kernel. Anything else in <> is a library this table does not know.
SYSTEM = ("arpa/*", "assert.h", "ctype.h", "dirent.h", "dlfcn.h", "endian.h", "errno.h", "fcntl.h", "float.h", "getopt.h", "ifaddrs.h",
          "inttypes.h", "langinfo.h", "libgen.h", "limits.h", "linux/*", "locale.h", "math.h", "net/*", "netdb.h", "netinet/*", "poll.h",
          "pthread.h", "pwd.h", "sched.h", "search.h", "signal.h", "spawn.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h",
          "stddef.h", "stdint.h", "stdio.h", "stdio_ext.h", "stdlib.h", "string.h", "strings.h", "sys/*", "sysexits.h", "syslog.h",
          "termios.h", "threads.h", "time.h", "unistd.h", "wchar.h", "malloc.h", "immintrin.h", "emmintrin.h")


def owners_of(name):
    for pattern, folders in VENDORS.items():
        if fnmatch.fnmatch(name, pattern):
            return folders
    return None


def check(root):
    complaints = []
    for path in tree.c_files(root):
        for line, is_system, name in tree.includes(root, path):
            owners = owners_of(name)
            if owners and not any(str(path).startswith(folder + "/") for folder in owners):
                complaints.append(f"{path}:{line}: <{name}> belongs to {' and '.join(owners)}")
            elif owners and str(path).startswith("include/"):
                complaints.append(f"{path}:{line}: no contract includes a library")
            elif not owners and is_system and not any(fnmatch.fnmatch(name, p) for p in SYSTEM):
                complaints.append(f"{path}:{line}: <{name}> is in no table of tests/house/vendor_headers.py")
    return complaints


GOOD = {"platform/kafka/kafka.c": "#include <librdkafka/rdkafka.h>\n#include <stdio.h>\n",
        "platform/http_client/tls.c": "#include <openssl/ssl.h>\n", "cli/main.c": "// #include <uv.h>\n"}
BAD = {"producer/p.c": ("#include <librdkafka/rdkafka.h>\n", 1), "include/hookbus/x.h": ("#include <curl/curl.h>\n", 1),
       "platform/json/j.c": ("#include <openssl/evp.h>\n#include \"cJSON.h\"\n", 1), "core/g.c": ("#include <glib.h>\n", 1)}

if __name__ == "__main__":
    tree.run(check, BAD, GOOD)
