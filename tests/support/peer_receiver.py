"""A receiver by the book: PyPI standardwebhooks verifies, PyPI cloudevents reads. Run by the virtual environment's Python.
Prints its port, then one JSON line for each POST."""
import http.server
import json
import sys
import threading

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

secret = None
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global secret
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/secret":
            secret = body.decode()
            return self.answer(200)
        line = {"path": self.path, "id": self.headers["webhook-id"]}
        try:
            Webhook(secret).verify(body, dict(self.headers), json_parse=False)
            line["verified"] = True
        except WebhookVerificationError as e:
            line["verified"] = False
            line["error"] = str(e)
        if "cloudevents" in self.path:
            try:
                event = from_http_event(HTTPMessage(headers=dict(self.headers), body=body))
                line["event"] = {name: str(value) for name, value in event.get_attributes().items()}
                line["data"] = event.get_data()
            except Exception as e:
                line["error"] = repr(e)
        with lock:
            print(json.dumps(line), flush=True)
        self.answer(200 if line["verified"] else 401)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit(0)
