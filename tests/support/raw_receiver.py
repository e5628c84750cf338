"""A receiver that speaks no HTTP by itself: a test says byte by byte how it misbehaves, over TCP or TLS."""
import socket
import ssl
import struct
import threading


class RawReceiver:
    """Calls behave(connection, number) in a thread of its own for each connection; counts them, and what they asked."""

    def __init__(self, behave, tls=None, address="127.0.0.1", port=0):
        self.behave = behave
        self.tls = tls
        self.count = 0
        self.requests = []
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self.listener = socket.create_server((address, port), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.count += 1
                number = self.count
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def serve(self, connection, number):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.behave(connection, number)
        except (OSError, ssl.SSLError, EOFError):
            pass  # that the other side goes away is what is tested
        finally:
            try:
                connection.close()
            except OSError:
                pass

    def read_request(self, connection):
        """Head and body of one request, as bytes; EOFError when the peer is gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.read_some(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(body) < length:
            body += self.read_some(connection)
        with self.lock:
            self.requests.append((head, body))
        return head, body

    @staticmethod
    def read_some(connection):
        data = connection.recv(65536)
        if not data:
            raise EOFError
        return data

    @staticmethod
    def reset(connection):
        """Ends the connection with RST instead of FIN."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def close(self):
        self.closed.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # a thread that waits in accept() would keep it listening
        except OSError:
            pass
        self.listener.close()


def answer(status, headers=(), body=b"ok"):
    """The bytes of a whole answer."""
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
