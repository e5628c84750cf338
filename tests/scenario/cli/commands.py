"""The commands against a running installation: what they print, for people and as JSON, and what they end with."""
import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from harness import BINARY, KAFKA, SharedTest, free_port, main, wait_until  # noqa: E402


def content(path):
    with open(path, "rb") as f:
        return f.read()


class Commands(SharedTest):
    def cli(self, *words, code=0, stdin=None):
        done = self.bus.run(*words, stdin=stdin, check=False, env={**self.bus.env, "HOOKBUS_STORE": self.store})
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout.decode()} {done.stderr.decode()}")
        return done

    def json(self, *words, **more):
        return json.loads(self.cli(*words, "--json", **more).stdout)

    def listen(self, *words):
        port = free_port()
        record = os.path.join(self.bus.folder, f"record-{port}")
        process = self.bus.spawn(f"listen-{port}", "listen", "--port", str(port), "--record", record, *words)
        wait_until("the listener", lambda: self.bus.get_status(port, "/") != 0)

        def read():
            return [json.loads(line) for line in content(record).splitlines()] if os.path.exists(record) else []

        return process, port, read

    def test_publish_is_seen_by_listen_with_a_signature_that_fits(self):
        hook = self.json("webhook", "add", "http://127.0.0.1:1/x", "--events", "order.*")
        _, port, read = self.listen("--secret", hook["secret"])
        self.cli("webhook", "set", hook["id"], "--url", f"http://127.0.0.1:{port}/hook")
        data = b'{ "n": 9007199254740993,  "price": 19.90 }'
        answer = self.json("publish", "order.created", "--subject", "1", "--data", "-", stdin=data)
        wait_until("the POST", lambda: len(read()) == 1)
        got = read()[0]
        self.assertEqual((got["verified"], got["id"], got["type"], got["subject"], got["path"]), (True, answer["id"], "order.created", "1", "/hook"))
        self.assertIn(data, content(os.path.join(self.bus.folder, f"record-{port}")))

    def test_listen_refuses_what_was_signed_with_another_secret(self):
        hook = self.json("webhook", "add", "http://127.0.0.1:1/x", "--events", "*")
        _, port, read = self.listen("--secret", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        self.cli("webhook", "set", hook["id"], "--url", f"http://127.0.0.1:{port}/")
        self.cli("webhook", "test", hook["id"], code=1)
        self.assertEqual([(line["verified"], line["status"], line["check"]) for line in read()], [(False, 401, "no signature fits")])

    def test_many_events_from_lines_are_published_and_refused_ones_are_named(self):
        lines = [json.dumps({"type": "product.updated", "subject": f"p{i}", "data": {"i": i}}) for i in range(2500)]
        self.assertEqual(self.json("publish", stdin="\n".join(lines).encode())["accepted"], 2500)
        lines[1200] = json.dumps({"type": "Not A Type", "subject": "p", "data": {}})
        lines[1300] = lines[1200]
        lines.insert(2, "")  # an empty line is no event, and counts as a line
        done = self.cli("publish", "--json", stdin="\n".join(lines).encode(), code=65)
        self.assertEqual({key: json.loads(done.stdout)[key] for key in ("accepted", "refused", "refused_lines")},
                         {"accepted": 2498, "refused": 2, "refused_lines": [1202, 1302]})
        self.assertIn("line 1202: ", json.loads(done.stderr)["error"]["text"])

    def test_a_line_that_is_no_json_stops_there_and_says_which(self):
        done = self.cli("publish", stdin=b'{"type":"a.b","subject":"1","data":1}\n{"type":\n{"type":"a.b","subject":"3","data":1}\n', code=65)
        self.assertIn(b"line 2 is no well-formed JSON", done.stderr)
        self.assertIn(b"1 events are in Kafka", done.stdout)

    def test_the_same_id_again_is_recognised(self):
        words = ("publish", "a.b", "--subject", "1", "--id", f"id-{self.store}", "--data")
        self.cli(*words, "1")
        self.assertTrue(self.json(*words, "1")["duplicate"])
        self.cli(*words, "2", code=73)

    def test_stores_webhooks_and_keys_live_through_add_show_list_set_and_remove(self):
        self.cli("store", "set", self.store, "--name", "Zażółć")
        self.assertEqual(self.json("store", "show", self.store)["name"], "Zażółć")
        self.assertIn(self.store, [item["id"] for item in self.json("store", "list")["items"]])
        hook = self.json("webhook", "add", "https://example.com/x", "--events", "order.*,product.updated", "--changed", "price", "--header", "X-A: b",
                         "--filter", '{"a":[1]}', "--rate", "10/1")
        shown = self.json("webhook", "show", hook["id"])
        self.assertEqual((shown["events"], shown["changed"], shown["filter"], shown["headers"]),
                         (["order.*", "product.updated"], ["price"], {"a": [1]}, {"X-A": "b"}))
        self.assertNotIn("secret", shown)
        for verb, status in (("pause", "paused"), ("resume", "active"), ("disable", "disabled"), ("enable", "active")):
            self.assertEqual(self.json("webhook", verb, hook["id"])["status"], status)
        self.assertNotEqual(self.json("webhook", "rotate-secret", hook["id"])["secret"], hook["secret"])
        self.cli("webhook", "set", hook["id"], "--name", "x", "--revision", "1", code=73)
        self.cli("webhook", "remove", hook["id"], "--yes")
        self.cli("webhook", "show", hook["id"], code=66)
        key = self.json("key", "add", "--scope", "publish", "--store", self.store)
        env = {**self.bus.env, "HOOKBUS_API_KEY": key["key"], "HOOKBUS_STORE": self.store}
        self.bus.run("publish", "a.b", "--subject", "1", "--data", "1", env=env)
        self.assertEqual(self.bus.run("webhook", "list", check=False, env=env).returncode, 77)
        shown = self.json("key", "show", key["prefix"], "--store", self.store)
        self.assertEqual((shown["prefix"], shown["scopes"], shown["revoked"], "key" in shown), (key["prefix"], ["publish"], False, False))
        self.cli("key", "remove", key["prefix"], "--store", self.store, "--yes")
        self.assertTrue(self.json("key", "show", key["prefix"])["revoked"], "by the key for all stores, too")
        self.assertEqual(self.bus.run("publish", "a.b", "--subject", "1", "--data", "1", check=False, env=env).returncode, 77)

    def test_a_filter_can_be_tried_before_it_is_used(self):
        self.cli("webhook", "test-filter", "--filter", '{"total":[{"numeric":[">",10]}]}', "--data", '{"total":"19.90"}')
        self.cli("webhook", "test-filter", "--filter", '{"total":[{"numeric":[">",20]}]}', "--data", '{"total":"19.90"}', code=1)

    def test_history_tells_what_became_of_an_event(self):
        hook = self.json("webhook", "add", f"http://127.0.0.1:{free_port()}/nobody", "--events", "*")
        event = self.json("publish", "order.created", "--subject", "77", "--data", "{}")["id"]
        wait_until("its line", lambda: self.json("event", "show", event)["events"][0]["deliveries"])
        found = self.json("event", "list", "--subject", "77")["events"]
        self.assertEqual([(item["event"]["id"], item["deliveries"][0]["outcome"], item["deliveries"][0]["webhook"]) for item in found],
                         [(event, "failed", hook["id"])])
        self.assertIn(b"1 failed", self.cli("event", "list", "--subject", "77").stdout)
        self.assertIn(b"connect_refused", self.cli("event", "show", event).stdout)

    def test_an_events_data_is_shown_as_it_was_published(self):
        data = '{"total":19.90,"big":9007199254740993, "list":[1.0]}'
        event = self.json("publish", "order.created", "--subject", "exact", "--data", data)["id"]
        wait_until("the event in history", lambda: self.json("event", "list", "--subject", "exact")["events"])
        self.assertIn(data.encode(), self.cli("event", "show", event).stdout)

    def test_tail_shows_events_as_they_happen(self):
        process = subprocess.Popen([BINARY, "event", "tail", "--json", "--store", self.store], env=self.bus.env, cwd=self.bus.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            os.set_blocking(process.stdout.fileno(), False)
            seen = b""

            def arrives():
                nonlocal seen
                self.json("publish", "a.b", "--subject", "1", "--data", "1")
                seen += process.stdout.read() or b""
                return b'"kind":"event"' in seen

            wait_until("a line of the tail", arrives)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def test_doctor_topics_and_config_say_what_is(self):
        self.assertEqual(self.json("topics", "check")["differences"], [])
        self.assertTrue(all(topic["exists"] for topic in self.json("topics", "list")))
        found = {item["check"]: item["state"] for item in self.json("doctor")["findings"]}
        self.assertEqual((found["topics"], found["redis"], found["keys"]), ("ok", "ok", "ok"))
        clocks = {item["text"].split("'s")[0].split()[-1]: item["state"] for item in self.json("doctor")["findings"] if item["check"] == "clock"}
        self.assertEqual(clocks, {"Kafka": "ok", "Redis": "ok"})
        printed = self.json("config", "print")
        self.assertEqual(printed["api"]["port"], self.bus.api_port)
        done = self.bus.run("doctor", "--json", check=False, env={**self.bus.env, "HOOKBUS_REDIS_ADDRESS": f"127.0.0.1:{free_port()}"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("fail", [item["state"] for item in json.loads(done.stdout)["findings"] if item["check"] == "redis"])

    def test_doctor_sees_that_our_clock_is_not_kafkas_and_leaves_nothing_in_the_registry(self):
        library, shift = (os.path.join(self.bus.folder, name) for name in ("doctors_clock.so", "doctors_shift"))
        compiler = next(found for found in map(shutil.which, ("cc", "gcc", "clang")) if found)
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, os.path.join(ROOT, "tests/support/shifted_clock.c"), "-ldl"], check=True)
        for seconds, state in ((0, "ok"), (3600, "warn"), (-3600, "warn")):
            with open(shift, "w") as f:
                f.write(str(seconds))
            done = self.bus.run("doctor", "--json", env={**self.bus.env, "LD_PRELOAD": library, "SHIFTED_CLOCK_FILE": shift})
            clock = next(item for item in json.loads(done.stdout)["findings"] if item["check"] == "clock" and "Kafka" in item["text"])
            self.assertEqual(clock["state"], state, clock)
            self.assertTrue(seconds == 0 or 3_590_000 < int(clock["text"].split()[-2]) <= 3_600_000, clock)
        read = subprocess.run(["kcat", "-b", KAFKA, "-C", "-t", f"{self.bus.prefix}registry", "-o", "beginning", "-e", "-q", "-f", "%k %S\n"],
                              check=True, capture_output=True, text=True).stdout
        self.assertEqual({line for line in read.splitlines() if "doctor" in line}, {"doctor/clock -1"}, "tombstones only")

    def test_wrong_command_lines_end_with_64_and_the_nearest_right_word(self):
        for words, says in ((("pubish",), b"did you mean 'hookbus publish'"), (("store", "ad"), b"did you mean 'hookbus store add'"),
                            (("publish", "a.b", "--subjct", "1"), b"did you mean --subject"), (("store", "add"), b"an argument is missing"),
                            (("publish", "a.b", "--data", "1"), b"--subject")):
            self.assertIn(says, self.cli(*words, code=64).stderr)

    def test_an_api_that_is_not_there_is_a_clear_sentence_and_69(self):
        done = self.cli("store", "list", "--api", f"http://127.0.0.1:{free_port()}", code=69)
        self.assertIn(b"cannot be reached: connect_refused. Is 'hookbus run' or 'hookbus api' running there?", done.stderr)

    def test_every_command_has_help(self):
        self.cli("help")
        commands = [line[len("## hookbus "):] for line in self.cli("manual", "--markdown").stdout.decode().splitlines() if line.startswith("## hookbus ")]
        self.assertGreater(len(commands), 50)
        for words in commands:
            with self.subTest(words):
                self.assertIn(b"usage: hookbus " + words.encode(), self.cli(*words.split(), "--help").stdout)

    def test_the_page_of_commands_and_the_completion_are_those_of_the_program(self):
        for path, words in (("docs/cli.md", ("manual", "--markdown")), ("deploy/completion/hookbus.bash", ("completion", "bash"))):
            self.assertEqual(content(os.path.join(ROOT, path)), self.cli(*words).stdout, f"{path} is old: cmake --build … --target cli_docs")

    def test_secrets_init_makes_a_private_file_and_touches_none_that_is_there(self):
        path = os.path.join(self.bus.folder, f"keys-{self.store}")
        self.cli("secrets", "init", path)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        before = content(path)
        self.cli("secrets", "init", path, code=73)
        self.assertEqual(content(path), before)


main()
