"""`hookbus run` and `dispatcher --workers`: one is started again when it dies, all end together, and nothing is left behind."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from harness import HookbusTest, free_port, main, wait_until  # noqa: E402


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(word) for word in f.read().split()]


def command(pid):
    with open(f"/proc/{pid}/cmdline") as f:
        return f.read().split("\0")


def is_there(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Supervisor(HookbusTest):
    def start(self):
        port = free_port()
        run = self.bus.spawn("run", "run", "--workers", "2", dispatcher_port=port)
        run.port = port
        wait_until("api and workers ready", lambda: self.bus.is_ready(run, self.bus.api_port) and self.bus.is_ready(run, port), 90)
        return run

    def test_workers_are_ready_only_with_their_partitions(self):
        run = self.start()
        self.assertGreaterEqual(self.bus.metrics(run)["hookbus_partitions_assigned"], 5 * 24 / 2, "who came last has its half")

    def tree(self, run):
        roles = children(run.child.pid)
        # None: it was forked just now and is not yet the program it becomes.
        return {role: next((pid for pid in roles if role in command(pid)), None) for role in ("api", "dispatcher", "catalog", "salesmanago")}

    def all_of(self, run):
        tree = self.tree(run)
        return [*tree.values(), *children(tree["dispatcher"])]

    def test_a_worker_that_dies_is_started_again_and_readiness_says_so_meanwhile(self):
        run = self.start()
        worker = children(self.tree(run)["dispatcher"])[0]
        os.kill(worker, signal.SIGKILL)
        wait_until("another worker", lambda: worker not in children(self.tree(run)["dispatcher"]) and len(children(self.tree(run)["dispatcher"])) == 2)
        wait_until("ready again", lambda: self.bus.is_ready(run, run.port), 60)
        self.assertEqual(self.bus.metrics(run)["hookbus_child_restarts_total"], 1)
        self.assertEqual(self.bus.metrics(run)["hookbus_up"], 1)

    def test_an_api_that_dies_is_started_again(self):
        run = self.start()
        api = self.tree(run)["api"]
        os.kill(api, signal.SIGKILL)
        wait_until("another api", lambda: self.tree(run)["api"] not in (None, api))
        wait_until("ready again", lambda: self.bus.is_ready(run, self.bus.api_port), 60)

    def test_a_catalog_worker_that_dies_is_started_again(self):
        run = self.start()
        catalog = self.tree(run)["catalog"]
        os.kill(catalog, signal.SIGKILL)
        wait_until("another one", lambda: self.tree(run)["catalog"] not in (None, catalog))

    def test_one_signal_ends_all_of_them_in_order(self):
        run = self.start()
        pids = self.all_of(run)
        self.assertEqual(len(pids), 6)
        began = time.monotonic()
        self.assertEqual(run.stop(), 0)
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual([pid for pid in pids if is_there(pid)], [])

    def test_when_the_parent_is_killed_its_children_end_too(self):
        run = self.start()
        pids = self.all_of(run)
        run.kill()
        wait_until("all children gone", lambda: not any(is_there(pid) for pid in pids), 40)

    def test_what_cannot_run_is_not_tried_for_ever(self):
        run = self.bus.spawn("run", "run", api_listen="192.0.2.1", dispatcher_port=free_port())
        wait_until("its end", lambda: not run.is_alive(), 60)
        self.assertIn("cannot run", run.tail(30))


main()
