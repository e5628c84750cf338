"""no-descriptors, disk-full-log, stdout-closed, time: a process that lacks what it needs degrades or ends cleanly, and the ledger holds."""
import os
import resource
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from harness import BINARY, ROOT, Process, free_port, main, wait_until  # noqa: E402
from slow_path import SlowPathTest, fails_first, fails_share  # noqa: E402


class Limits(SlowPathTest):
    def set_descriptors(self, process, count):
        hard = resource.prlimit(process.child.pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(process.child.pid, resource.RLIMIT_NOFILE, (count, hard))

    def test_no_descriptors_is_our_own_trouble_never_charged_and_it_goes_on_when_there_are_some(self):
        receiver = self.receiver()
        webhooks = [self.subscribe(receiver, f"/hook{i}") for i in range(20)]
        dispatcher = self.start_dispatcher()
        self.oracle.publish_many(20)
        self.judge(dead=0)
        soft = resource.prlimit(dispatcher.child.pid, resource.RLIMIT_NOFILE)[0]
        in_use = len(os.listdir(f"/proc/{dispatcher.child.pid}/fd"))
        self.set_descriptors(dispatcher, in_use - 10)  # kept connections end, no new ones can be opened
        hosts = [self.receiver() for _ in range(3)]
        for host in hosts:
            self.subscribe(host, "/new")
        before = set(self.oracle.ledger.published)
        for subscription in self.oracle.subscriptions[-3:]:
            subscription.wants = lambda event: event not in before
        self.oracle.publish_many(60)
        wait_until("our own trouble", lambda: self.bus.lines(reason="own_trouble") or self.bus.lines(reason="not_sent"), 30)
        self.assertTrue(dispatcher.is_alive())
        self.set_descriptors(dispatcher, soft)
        verdict = self.judge(dead=0, limit_s=90)
        print(f"no descriptors: {verdict}; {len(self.bus.lines(reason='own_trouble'))} lines of own trouble", file=sys.stderr)
        self.assertEqual({post["headers"]["hookbus-attempt"] for host in hosts for post in host.snapshot()}, {"1"}, "nothing was charged")
        self.assertEqual(len(webhooks), 20)

    def test_disk_full_log_and_closed_stdout_harm_no_delivery(self):
        receiver = self.receiver(fails_first(1))
        self.subscribe(receiver)
        for name, config, prelude in (("full", {"log_file": "/dev/full"}, ""), ("closed", {}, ">&- 2>&-"), ("both-full", {}, ">/dev/full 2>&1")):
            with self.subTest(name):
                port = free_port()
                # All of one name: another's partitions come only when its session is over.
                env = dict(self.bus.env, HOOKBUS_DISPATCHER_INSTANCE="d0", HOOKBUS_DISPATCHER_PORT=str(port))
                env.update({f"HOOKBUS_{key.upper()}": value for key, value in config.items()})
                dispatcher = Process(name, ["bash", "-c", f'exec "$0" dispatcher {prelude}', BINARY], env, self.bus.folder)
                dispatcher.port = port
                self.bus.processes.append(dispatcher)
                self.dispatchers = [dispatcher]
                wait_until("ready", lambda: self.bus.is_ready(dispatcher, port), 40)
                self.oracle.publish_many(50)
                self.judge(dead=0, duplicates_max=0)
                self.assertEqual(dispatcher.stop(), 0)


class Time(SlowPathTest):
    """A wall-clock jump of an hour either way, of our processes and of Redis: here it is one machine's clock."""

    has_own_redis = True

    def setUp(self):
        super().setUp()
        self.library = os.path.join(self.bus.folder, "shifted_clock.so")
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self.library, os.path.join(ROOT, "tests/support/shifted_clock.c"), "-ldl"], check=True)
        self.shift_file = os.path.join(self.bus.folder, "shift")
        self.jump(0)
        self.shifted = {"LD_PRELOAD": self.library, "SHIFTED_CLOCK_FILE": self.shift_file}
        self.redis.stop()
        self.redis.start(env={**os.environ, **self.shifted})
        self.bus.env.update(self.shifted)

    def jump(self, seconds):
        path = self.shift_file + ".new"
        with open(path, "w") as f:
            f.write(str(seconds))
        os.replace(path, self.shift_file)

    def test_a_wall_clock_jump_of_an_hour_either_way_harms_nothing(self):
        receiver = self.receiver(fails_share(30, times=2))
        self.subscribe(receiver, schedule=(0,) + (1,) * 12)
        dispatcher = self.start_dispatcher()
        load = self.load(rate_per_s=150)

        def goes_on(what):
            before = receiver.count()
            wait_until(f"deliveries go on: {what}", lambda: receiver.count() > before + 150, 30)
        goes_on("at first")
        start = int(self.redis.ask("TIME")[0])
        for shift in (3600, 0, -3600, 0):
            self.jump(shift)
            goes_on(f"the clock is {shift} s off")
        self.jump(3600)  # what was put off at an hour ahead is due again
        self.assertGreater(int(self.redis.ask("TIME")[0]), start + 3500, "the clock was shifted")
        load.stop()
        verdict = self.judge(dead=0, may_have_more=load.attempted, limit_s=60)
        self.oracle.check_view(self.redis)
        print(f"clock jumps: {verdict}", file=sys.stderr)
        self.assertLessEqual(verdict.duplicates, 4 * 64, "leases that ended early")
        self.assertTrue(dispatcher.is_alive())
        for line in self.bus.lines():
            self.assertGreaterEqual(line.get("ms", 0), 0)

    def test_a_wall_clock_set_back_an_hour_lengthens_no_rest(self):
        receiver = self.receiver(lambda post, number: 503)
        self.subscribe(receiver, schedule=(0,) + (1,) * 12)
        dispatcher = self.start_dispatcher()
        self.oracle.publish_many(12)
        wait_until("it rests", lambda: "webhook_rests" in dispatcher.tail(1000), 30)
        self.jump(-3600)
        receiver.script = None
        before = receiver.count()
        load = self.load(rate_per_s=20)  # what is parked is due in an hour: a fresh event is the probe
        wait_until("it was probed and is back", lambda: receiver.count() > before + 40, 20)
        load.stop()
        self.jump(0)
        verdict = self.judge(dead=0, may_have_more=load.attempted, limit_s=60)
        print(f"a rest over a clock jump: {verdict}", file=sys.stderr)


if __name__ == "__main__":
    main()
