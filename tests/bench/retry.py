"""The benchmark of the slow path: tests/bench/run retry [--quick] [--json] [--only view,idle,…].

Core 0 has the dispatcher, alone with all its threads; core 1 has Kafka, Redis, the api, the receiver and the load; for the ratios of p99 all have both. Both sides of a
ratio are of one run.
--quick: the same figures with a tenth of the sizes or less.
"""
import argparse
import json
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "retry"))
import parts  # noqa: E402
import slow as rig  # noqa: E402
from slow import measure  # noqa: E402

FIGURES = [  # key, text, unit, bound: (sign, number) or None
    ("redis_bytes_per_parked", "Redis bytes a parked delivery, one webhook", "B", ("<=", 300)),
    ("redis_bytes_per_parked_10k_webhooks", "  the same over 10,000 webhooks", "B", ("<=", 300)),
    ("claim_us_10k", "claim, of 10,000 parked, a delivery of 100", "us", None),
    ("claim_us_1m", "claim, of all parked, a delivery of 100", "us", None),
    ("park_per_s", "records applied to a view, all parked", "/s", None),
    ("rebuild_per_s", "records applied, ten settled for each live", "/s", None),
    ("takeover_s", "start of an owner until all parked are in its view", "s", None),
    ("idle_redis_commands_per_s", "Redis commands, nothing due, many parked", "/s", ("<", 2)),
    ("idle_cpu_percent_parked", "CPU of that dispatcher", "%", None),
    ("due_lateness_p50_ms", "start of a due retry at 1,000 a second, p50", "ms", None),
    ("due_lateness_p99_ms", "  p99", "ms", ("<=", 50)),
    ("due_early_ms", "  started before its time by at most", "ms", None),
    ("first_cpu_us", "CPU of a first attempt at 1,000 a second", "us", None),
    ("due_cpu_us", "CPU of a retry at 1,000 a second", "us", None),
    ("due_cpu_ratio", "  retry against first attempt", "", ("<=", 1.25)),
    ("governed_per_s", "deliveries of one ordered webhook", "/s", None),
    ("healthy_p50_ms", "90 healthy webhooks alone, 300/s, p50", "ms", None),
    ("healthy_p99_ms", "  p99", "ms", None),
    ("isolation_p99_ratio", "  p99 beside 10 that hang, against alone", "", ("<", 1.1)),
    ("isolation_p99_ratio_pooled", "    of all turns together", "", None),
    ("dead_backlog_p99_ratio", "  beside a dead one with a backlog", "", ("<", 1.1)),
    ("dead_backlog_p99_ratio_pooled", "    of all turns together", "", None),
    ("dead_backlog_parked", "  so many of it parked", "", None),
    ("replay_per_s", "replay of small events, at most 1,000 a second", "/s", None),
    ("replay_p99_ratio", "  during a replay at 100 a second, as replays are", "", ("<", 1.1)),
    ("replay_p99_ratio_pooled", "    of all turns together", "", None),
    ("replay_most_p99_ratio", "  during one at 1,000 a second, the most", "", ("<", 1.1)),
    ("replay_most_p99_ratio_pooled", "    of all turns together", "", None),
    ("replay_most_to_ordinary_p99_ratio", "  the same, against as many ordinary deliveries", "", ("<", 1.1)),
    ("partition_pauses", "  partitions paused meanwhile", "", ("<", 1)),
    ("deliveries_per_s_without_retry", "fast path, redis.address empty", "/s", None),
    ("deliveries_per_s_with_retry", "fast path, owner of all shards", "/s", None),
    ("happy_path_ratio", "  with against without", "", (">=", 0.97)),
    ("cpu_us_without_retry", "  CPU a delivery, without", "us", None),
    ("cpu_us_with_retry", "  with", "us", None),
    ("happy_cpu_ratio", "  with against without", "", None),
    ("whole_again_s", "Redis emptied under load until whole again", "s", None),
    ("whole_again_from_copy_s", "  set back to an old copy", "s", None),
    ("lost", "  deliveries lost", "", ("<", 1)),
    ("sent_twice", "  deliveries sent twice", "", None),
]


def is_met(value, bound):
    sign, number = bound
    return value <= number if sign == "<=" else value < number if sign == "<" else value >= number


def show(figures):
    print(f"{'what':<52} {'measured':>12}       target")
    for key, text, unit, bound in FIGURES:
        if key not in figures:
            print(f"{text:<52} {'not measured':>12}")
            continue
        judged = f"{bound[0]} {bound[1]} {'met' if is_met(figures[key], bound) else 'MISSED'}" if bound else ""
        print(f"{text:<52} {figures[key]:>12,} {unit:<4}  {judged}".rstrip())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", help="comma-separated: " + ",".join(parts.PARTS))
    options = parser.parse_args()
    if "BENCH_KAFKA_PID" in os.environ:
        measure.pin(int(os.environ["BENCH_KAFKA_PID"]), 1)
    slow = rig.Slow(options.quick)
    failed = []
    try:
        for name in (options.only or ",".join(parts.PARTS)).split(","):
            measure.say(f"… {name}")
            began = time.monotonic()
            try:
                parts.PARTS[name](slow)
            except Exception:  # what the other parts measured, or will, holds all the same
                traceback.print_exc()
                failed.append(name)
            measure.say(f"  {name}: {time.monotonic() - began:.0f} s")
    finally:
        slow.close()
    show(slow.figures)
    if options.json:
        print(json.dumps(slow.figures))
    return f"not measured to the end: {', '.join(failed)}" if failed else 0


sys.exit(main())
