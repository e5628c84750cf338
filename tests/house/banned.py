"""Functions that are not called: each row says why and what to use. Comments and strings do not count."""
import re

import tree

ANYWHERE = {
    "strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strncpy|strncat": "no bound, or one that lies: use hb_buf or snprintf",
    "atoi|atol|atoll|atof": "wrong input reads as 0: use hb_str_to_u64",
    "gmtime|localtime|ctime|asctime|gmtime_r|localtime_r": "use hb_wall_format (core/time.c)",
    "strtok|strtok_r": "use hb_str_split",
    "rand|srand|random|srandom|drand48|rand_r": "randomness is handed in, from hb_random_bytes",
    "alloca": "unbounded stack",
    "system|popen|fork|vfork": "processes are started by hb_child_new",
    "sleep|usleep|nanosleep": "wait on the loop's timers",
    "gethostbyname|gethostbyname2": "blocks the loop: use platform/resolver",
    "setenv|putenv|unsetenv": "the environment is read once, in main",
    "strerror_l|perror": "errors go up as values",
}
# function -> files or folders (with /) that may call it
ONLY_IN = {
    "getenv|secure_getenv": ("cli/",),
    "getaddrinfo": ("platform/resolver/", "cli/"),
    "time|gettimeofday|clock|clock_gettime|timespec_get": ("platform/loop/", "cli/", "platform/kafka/", "platform/http_client/",
                                                           "platform/log/"),
    "getrandom|getentropy|RAND_bytes": ("platform/crypto/",),
    "exit|_exit|quick_exit": ("cli/",),
    "signal": ("cli/",),  # a program decides what it ignores; what it heeds comes through hb_signal_new
    "abort": ("core/error.c",),
}
# A few files know better, each with its reason. One that is not needed any more is a complaint.
EXCEPTIONS = {
    ("platform/http_server/listen.c", "getaddrinfo"): "AI_NUMERICHOST: no name is looked up",
    ("platform/kafka/kafka_admin.c", "nanosleep"): "administration blocks by contract, with a deadline, never on a loop",
    ("platform/redis/address.c", "getaddrinfo"): "numeric on the loop; names on a thread of their own",
    ("producer/client.c", "clock_gettime"): "the client library lives in a foreign program, without our loop",
    ("producer/client.c", "getrandom"): "the client library brings no OpenSSL along",
    ("producer/client_thread.c", "clock_gettime"): "the client library lives in a foreign program, without our loop",
    ("replay/scan.c", "nanosleep"): "a search has a thread of its own, where it waits for a partition's leader, with a bound",
}


def calls(names, code):
    """(line, name) of each call. A name behind . or -> is somebody's member, a prototype of our own has a prefix."""
    pattern = re.compile(r"(?<![\w.>])(" + names + r")\s*\(")
    return [(code.count("\n", 0, m.start()) + 1, m.group(1)) for m in pattern.finditer(code)]


def findings(path, code):
    """(line, name, what is wrong) of each call in one file, exceptions not considered."""
    found = []
    for names, reason in ANYWHERE.items():
        found += [(line, name, f"{name}: {reason}") for line, name in calls(names, code)]
    for names, places in ONLY_IN.items():
        if not any(path == place or (place.endswith("/") and path.startswith(place)) for place in places):
            found += [(line, name, f"{name} is called only in {', '.join(places)}") for line, name in calls(names, code)]
    return found


def check(root):
    complaints, used = [], set()
    for path in (str(p) for p in tree.c_files(root) if p.suffix != ".def"):
        code = tree.without_comments_and_strings((root / path).read_text(encoding="utf-8"))
        for line, name, what in findings(path, code):
            if (path, name) in EXCEPTIONS:
                used.add((path, name))
            else:
                complaints.append(f"{path}:{line}: {what}")
    return complaints + [f"{path}: the exception for {name} in tests/house/banned.py is not needed any more"
                         for path, name in sorted(EXCEPTIONS) if (root / path).is_file() and (path, name) not in used]


GOOD = {"core/a.c": "/* strcpy(a, b) */\nstatic const char *t = \"system(\";\nint f(void) { return hb_wall_time(0) + x->time(1); }\n",
        "cli/main.c": "const char *h(void) { return getenv(\"HOME\"); }\n",
        "platform/loop/l.c": "int f(void) { return clock_gettime(0, 0); }\n"}
BAD = {"core/b.c": ("void f(void)\n{\n    strcpy(a, b);\n    x = time (NULL);\n    y = getenv(\"A\");\n}\n", 3),
       "dispatcher/run.c": ("char *f(void) { return getenv(\"B\"); }\n", 1),
       "producer/client.c": ("int f(void) { return 0; }\n", 2),
       "producer/p.c": ("int f(void) { return atoi(s) + rand(); }\n", 2)}

if __name__ == "__main__":
    tree.run(check, BAD, GOOD)
