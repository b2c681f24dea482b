"""A webhook: an HTTP server whose every request must pass the client's own
`construct_event`."""

import base64
import http.server
import json
import threading
import time

from agentphone import construct_event

# One white pixel, as a PNG; every GET is answered with it.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj1zQAAAABJRU5ErkJggg=="
)


class Hook:
    """Keeps what came. `reply` answers voice turns: a function from event to dict."""

    def __init__(self):
        self.secrets = {}
        self.requests = []
        self.faults = []
        self.reply = lambda event: {}
        self.changed = threading.Condition()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = json.dumps(hook.take(self.path, dict(self.headers), body)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "image/png")
                self.send_header("Content-Length", str(len(PICTURE)))
                self.end_headers()
                self.wfile.write(PICTURE)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path="/account"):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def take(self, path, headers, body):
        headers = {name.lower(): value for name, value in headers.items()}
        try:
            event = construct_event(
                body,
                headers["x-webhook-signature"],
                secret=self.secrets[path],
                timestamp=headers["x-webhook-timestamp"],
            )
            assert headers["x-webhook-event"] == event.event, "X-Webhook-Event is not the event"
            assert headers["content-type"] == "application/json", headers["content-type"]
        except Exception as fault:  # kept, and raised where somebody waits
            with self.changed:
                self.faults.append(f"{path}: {type(fault).__name__}: {fault}: {body[:300]!r}")
                self.changed.notify_all()
            return {}
        with self.changed:
            self.requests.append((path, headers["x-webhook-id"], event))
            self.changed.notify_all()
        return self.reply(event) or {}

    def wait(self, what, wanted, path="/account", seconds=15):
        """The first event that `wanted` likes; whatever did not pass `construct_event` fails the wait."""
        until = time.monotonic() + seconds
        with self.changed:
            while True:
                assert not self.faults, self.faults
                for at, _, event in self.requests:
                    if at == path and wanted(event):
                        return event
                left = until - time.monotonic()
                came = [(at, event.event, event.channel) for at, _, event in self.requests]
                assert left > 0, f"no {what} at {path} in {seconds} s; came: {came[-20:]}"
                self.changed.wait(left)

    def count(self, wanted, path="/account"):
        with self.changed:
            return sum(1 for at, _, event in self.requests if at == path and wanted(event))
