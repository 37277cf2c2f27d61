"""A page with a map in headless Chromium, and what it asked for: pages lie at another origin than the service."""

from __future__ import annotations

import contextlib
import io
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["GROUND", "RED", "MapPage", "map_page", "pages"]

ROOT = Path(__file__).resolve().parents[3]
MAPLIBRE = ROOT / "stcloud/saas/console/page/vendor"
OWN = Path(__file__).parent / "webmap"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self' blob:; img-src data: blob:; "
    "connect-src 'self' {service}"
)
RED, GROUND = "#c8372d", "#f4f1ea"
"""Colours of points and of what is below them, see ``webmap/map.mjs``."""
WIDE = {"width": 1480, "height": 1240}


class _Files(SimpleHTTPRequestHandler):
    """Gives the page's own files and those of the library, under a policy that lets it reach the service alone."""

    extensions_map: ClassVar = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}
    service = ""

    def translate_path(self, path: str) -> str:
        name = path.partition("?")[0].strip("/") or "index.html"
        own = OWN / name
        return str(own if own.is_file() else MAPLIBRE / name)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY.format(service=self.service))
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def pages() -> Iterator[tuple[str, type[_Files]]]:
    """Give the page's files at an address of their own."""
    handler = type("Files", (_Files,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join()


@dataclass
class MapPage:
    """A page with a map, and all that it asked for and complained of."""

    page: Page
    home: str
    service: str
    addresses: list[str] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def show(self, collection: str, center: tuple[float, float], zoom: float, **parameters: str) -> Any:
        """Draw the tiles of a collection; return the features that the map holds and those that it drew."""
        tileset = f"{self.service}collections/{collection}/tiles/WebMercatorQuad"
        given = {"tileset": tileset, "parameters": parameters, "center": center, "zoom": zoom}
        return self._checked(self.page.evaluate("given => window.webmap.show(given)", given))

    def go(self, collection: str, center: tuple[float, float], zoom: float) -> Any:
        """Move the map over what it draws."""
        given = {"layer": collection, "center": center, "zoom": zoom}
        return self._checked(self.page.evaluate("given => window.webmap.go(given)", given))

    def _checked(self, seen: Any) -> Any:
        """Refuse whatever went wrong so far: in the map, on the page, and between it and the servers."""
        assert (seen.pop("faults"), self.faults) == ([], [])
        assert [(status, address) for status, address in self.answers if status not in (200, 204)] == []
        own = (self.home, self.service, "blob:", "data:")
        assert [address for address in self.addresses if not address.startswith(own)] == []
        return seen

    def colours(self, places: Sequence[tuple[float, float]]) -> Counter[str]:
        """Return how many of these places have which colour on the screen."""
        from PIL import Image

        with Image.open(io.BytesIO(self.page.screenshot())) as shot:
            screen = shot.convert("RGB")
        there = self.page.evaluate("places => window.webmap.at(places)", [list(place) for place in places])
        return Counter("#{:02x}{:02x}{:02x}".format(*screen.getpixel((round(x), round(y)))) for x, y in there)

    @property
    def tiles(self) -> list[str]:
        """Addresses of the tiles so far."""
        return [address for address in self.addresses if "/tiles/WebMercatorQuad/" in address]


@contextlib.contextmanager
def map_page(browser: Browser, home: str, service: str) -> Iterator[MapPage]:
    """Open the page, and note from its first request on what happens."""
    with browser.new_context(viewport=WIDE) as context:
        page = context.new_page()
        made = MapPage(page, home, service)
        page.on("request", lambda request: made.addresses.append(request.url))
        page.on("response", lambda answer: made.answers.append((answer.status, answer.url)))
        page.on("requestfailed", lambda request: made.faults.append(f"{request.url}: {request.failure}"))
        page.on("console", lambda line: made.faults.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: made.faults.append(str(error)))
        page.goto(home)
        page.wait_for_function("() => window.webmap !== undefined")
        yield made
