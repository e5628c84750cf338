"""The benchmark of the slow path: tests/bench/run retry [--quick] [--json].

So far the shard's view alone, on a Redis of its own: bytes a parked delivery, claims with few and with many parked, and how fast a view is
made again from its journal, ten settled records for each that is live. Medians of three runs (--quick: one, of a tenth).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

PARKED = 1_000_000
FIGURES = [  # key, text, unit, bound
    ("redis_bytes_per_parked", "Redis bytes a parked delivery, one webhook", "B", 300),
    ("redis_bytes_per_parked_10k_webhooks", "the same over 10,000 webhooks", "B", 300),
    ("claim_us_10k", "claim, of 10,000 parked, a delivery of 100", "us", None),
    ("claim_us_1m", "claim, of all parked, a delivery of 100", "us", None),
    ("park_per_s", "records parked, one webhook", "/s", None),
    ("rebuild_per_s", "records applied, ten settled for each live", "/s", None),
]


def run_once(parked):
    program = os.environ["BENCH_VIEW"]
    done = subprocess.run([program, os.environ["HOOKBUS_TEST_REDIS"], str(parked)], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def show(figures):
    print(f"{'what':<48} {'measured':>12}  target")
    for key, text, unit, bound in FIGURES:
        judged = "" if bound is None else f"<= {bound} {'met' if figures[key] <= bound else 'MISSED'}"
        print(f"{text:<48} {figures[key]:>12,} {unit:<4} {judged}")
    print(f"claim, many parked against few: {figures['claim_us_1m'] / figures['claim_us_10k']:.2f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    runs = []
    for number in range(1 if options.quick else 3):
        print(f"… run {number + 1}", file=sys.stderr)
        runs.append(run_once(PARKED // 10 if options.quick else PARKED))
    figures = {key: statistics.median(run[key] for run in runs) for key, *_ in FIGURES}
    show(figures)
    for key, *_ in FIGURES:
        spread = [run[key] for run in runs]
        if len(spread) > 1:
            print(f"  {key}: {min(spread):,} to {max(spread):,}")
    if options.json:
        print(json.dumps(figures))


main()
