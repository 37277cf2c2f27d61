"""Servers on loopback: one that answers what a test says, and a service of requests with a maximum."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from stcloud.time import Zone, instant_us

UTC = Zone("UTC")


def us(text):
    return instant_us(text, UTC)


class Server:
    """Answers with what ``answers`` has, the last for ever: a body, or status, headers and body; notes addresses."""

    def __init__(self):
        self.answers, self.addresses, self.answer = [b"[]"], [], None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.addresses.append(self.path)
                if outer.answer is not None:
                    given = outer.answer(self.path)
                else:
                    given = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                status, headers, body = given if isinstance(given, tuple) else (200, {}, given)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/open311/v2"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


def service_of(rows, most, *, strict=False):
    """Answer as a service of rows that gives at most so many, newest first, by dates to the second.

    ``strict``: its spans are open at both ends, and else closed.
    """

    def answer(path):
        given = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        first, last = us(given["start_date"]) + strict, us(given["end_date"]) - strict
        chosen = [row for row in rows if first <= us(row["requested_datetime"]) // 10**6 * 10**6 <= last]
        chosen.sort(key=lambda row: row["requested_datetime"], reverse=True)
        return json.dumps(chosen[:most]).encode()

    return answer
