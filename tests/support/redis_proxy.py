"""A proxy before Redis that can lose a reply: the command runs, the connection ends before its answer arrives."""
import socket
import threading

MARKS = {"claim": b"-- Leases what is due", "apply": b"-- Applies journal records in order", "lease": b"-- Renews a lease",
         "takeover": b"-- A new owner: its mark"}


class RedisProxy:
    """lose("claim"): the reply to the next call of that script is dropped, and so is the connection. `lost` counts them."""

    def __init__(self, target):
        host, _, port = target.rpartition(":")
        self.target = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.lock = threading.Lock()
        self.names = {}   # a script's hash to its name
        self.wanted = None
        self.lost = {}
        self.calls = {}
        threading.Thread(target=self.accept, daemon=True).start()

    def lose(self, name):
        with self.lock:
            self.wanted = name

    def has_lost(self, name, times):
        with self.lock:
            return self.lost.get(name, 0) >= times

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, client):
        try:
            server = socket.create_connection(self.target)
        except OSError:
            client.close()
            return
        waiting = []  # names of the commands whose replies are to come, in order
        threading.Thread(target=self.answers, args=(client, server, waiting), daemon=True).start()
        try:
            source = client.makefile("rb")
            while True:
                raw, words = read_command(source)
                with self.lock:
                    waiting.append(self.name_of(words))
                server.sendall(raw)
        except (OSError, ValueError, EOFError):
            end(client, server)

    def name_of(self, words):
        verb = words[0].upper()
        if verb == b"SCRIPT" and words[1].upper() == b"LOAD":
            return "load:" + next((name for name, mark in MARKS.items() if mark in words[2]), "")
        if verb in (b"EVALSHA", b"FCALL"):
            return self.names.get(words[1].lower(), "?")
        if verb == b"EVAL":
            return next((name for name, mark in MARKS.items() if mark in words[1]), "?")
        return verb.decode(errors="replace")

    def answers(self, client, server, waiting):
        try:
            source = server.makefile("rb")
            while True:
                raw = read_reply(source)
                with self.lock:
                    name = waiting.pop(0)
                    if name.startswith("load:"):
                        self.names[raw.split(b"\r\n")[1].lower()] = name[5:]
                    self.calls[name] = self.calls.get(name, 0) + 1
                    must_lose = name == self.wanted
                    if must_lose:
                        self.wanted = None
                        self.lost[name] = self.lost.get(name, 0) + 1
                if must_lose:
                    end(client, server)
                    return
                client.sendall(raw)
        except (OSError, ValueError, EOFError, IndexError):
            end(client, server)

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


def end(*sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()


def read_line(source):
    line = source.readline()
    if not line.endswith(b"\r\n"):
        raise EOFError
    return line


def read_command(source):
    """One command: its bytes, its words."""
    line = read_line(source)
    raw, words = [line], []
    for _ in range(int(line[1:])):
        head = read_line(source)
        word = source.read(int(head[1:]) + 2)
        raw += [head, word]
        words.append(word[:-2])
    return b"".join(raw), words


def read_reply(source):
    line = read_line(source)
    kind, rest = line[:1], line[1:-2]
    if kind == b"$" and rest != b"-1":
        return line + source.read(int(rest) + 2)
    if kind == b"*" and rest != b"-1":
        return line + b"".join(read_reply(source) for _ in range(int(rest)))
    return line
