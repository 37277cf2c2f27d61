"""A page that shows a widget as a notebook does: its module is imported, and a model carries its messages."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from stcloud.saas.console.widget import ConsoleWidget

__all__ = ["shown"]

MODEL = """
async (given) => {
  const listeners = new Set();
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const model = {
    get: (name) => given.traits[name],
    on: (_, listener) => listeners.add(listener),
    off: (_, listener) => listeners.delete(listener),
    send: async (content, _, buffers) => {
      const [answer, body] = await window.kernel(content, buffers.map(text));
      for (const listener of listeners) listener(answer, [new DataView(bytes(body))]);
    },
  };
  const style = document.createElement("style");
  style.textContent = given.css;
  document.head.append(style);
  const address = URL.createObjectURL(new Blob([given.esm], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  window.leave = await widget.render({ model, el: document.body });
}
"""


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!DOCTYPE html><html lang=en><title>Notebook</title><body></body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def shown(browser: Any, widget: ConsoleWidget) -> Iterator[tuple[Any, list[str]]]:
    """Give a page that shows a widget, and what went wrong or left the page."""
    faults: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Blank) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        home = f"http://127.0.0.1:{server.server_port}/"
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        try:
            page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("request", lambda request: _note(request.url, home, faults))
            page.expose_function("kernel", lambda content, buffers: _kernel(widget, content, buffers))
            page.goto(home)
            traits = {name: getattr(widget, name) for name in ("modules", "state", "height_px")}
            whole = widget.get_state()
            page.evaluate(MODEL, {"traits": traits, "css": str(whole["_css"]), "esm": str(whole["_esm"])})
            yield page, faults
        finally:
            page.close()
            server.shutdown()


def _note(address: str, home: str, faults: list[str]) -> None:
    if not address.startswith(("blob:", "data:")) and address != home and not address.endswith("favicon.ico"):
        faults.append(f"asked {address}")


def _kernel(widget: ConsoleWidget, content: Any, buffers: list[str]) -> Any:
    """Return what the widget sends for a message."""
    done, sent = threading.Event(), []
    widget.send = lambda answer, bodies: (sent.append((answer, bodies)), done.set())  # type: ignore[method-assign]
    widget.receive(widget, content, [base64.b64decode(text) for text in buffers])
    assert done.wait(60)
    answer, bodies = sent[0]
    return answer, base64.b64encode(bodies[0]).decode()
