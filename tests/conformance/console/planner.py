"""A planner at the console: opens it, reads its numbers, clicks, and notes what went wrong or left the service."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

__all__ = ["BOARDS", "NARROW", "WIDE", "Planner", "at_console"]

ROOT = Path(__file__).resolve().parents[3]
AXE = ROOT / ".venv/page/node_modules/axe-core/axe.min.js"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
BOARDS = ("explore", "grid", "hotspots", "cases", "catalogue", "situation", "series")
WAIT_MS = 90_000
QUIET_MS, QUIET_TIMES = 120, 3
SETTLED = """
() => !document.querySelector('[aria-busy="true"]') && !document.querySelector('.starting')
  && document.querySelector('main.board') !== null
"""


@dataclass
class Planner:
    """Somebody at the console.

    Attributes
    ----------
    page, service
        The page, and the address of the service.
    addresses, faults
        All that was asked for; what the browser complained of.
    awaited
        What was asked for and is not answered yet.
    """

    page: Page
    service: str
    addresses: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    awaited: set[Request] = field(default_factory=set)

    def open(self, board: str = "explore", **state: Any) -> None:
        """Open a state by its address, and wait until nothing is awaited."""
        query = urlencode({name: value for name, value in state.items() if value}, doseq=True)
        self.page.goto("about:blank")
        self.page.goto(f"{self.service}#{board}{'?' if query else ''}{query}")
        self.settle()

    def asks(self, request: Request) -> None:
        """Note what the page asks for. What is in the address itself is never told to have ended."""
        self.addresses.append(request.url)
        if request.url.startswith(self.service):
            self.awaited.add(request)

    def hears(self, request: Request) -> None:
        """Note that a request has ended, with an answer or without one."""
        self.awaited.discard(request)

    def settle(self) -> None:
        """Wait until all answers are there, and nothing is asked for a while: one may bring another question."""
        quiet, since = 0, -1
        while quiet < QUIET_TIMES:
            self.page.wait_for_function(SETTLED, timeout=WAIT_MS)
            self.page.wait_for_timeout(QUIET_MS)
            requests = len(self.addresses)
            quiet = quiet + 1 if requests == since and not self.awaited else 0
            since = requests

    def numbers(self) -> list[tuple[int, dict[str, Any]]]:
        """Return the numbers of rows on the page with the questions of their rows, in the page's order."""
        given = self.page.eval_on_selector_all(
            "main [data-count]", "all => all.map((part) => [part.dataset.count, part.dataset.question])"
        )
        return [(int(count), json.loads(question)) for count, question in given]

    def rows_of(self, place: int) -> int:
        """Click a number and return how many rows are shown for it; then close them."""
        self.page.locator("main [data-count]").nth(place).evaluate(
            "part => part.scrollIntoView({block: 'center'})"
        )
        self.page.locator("main [data-count]").nth(place).dispatch_event("click", {"shiftKey": True})
        shown = self.page.wait_for_selector("section.rows h2[data-rows]", timeout=WAIT_MS)
        self.settle()
        count = int(self.page.locator("section.rows h2[data-rows]").get_attribute("data-rows"))
        assert shown is not None
        self.page.keyboard.press("Escape")
        self.page.wait_for_selector("section.rows", state="detached", timeout=WAIT_MS)
        return count

    def violations(self) -> list[str]:
        """Return what axe-core finds wrong with the page as it is."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text())
        report = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {node['html'][:150]} ({node['failureSummary'][:200]})"
            for rule in report["violations"]
            for node in rule["nodes"]
        ]

    def check(self, *expected: str) -> None:
        """Refuse whatever went wrong so far, but for faults that have one of these texts in them."""
        outside = [
            address for address in self.addresses if not address.startswith((self.service, "blob:", "data:"))
        ]
        assert outside == []
        assert [fault for fault in self.faults if not any(text in fault for text in expected)] == []


@contextlib.contextmanager
def at_console(
    browser: Browser, service: str, size: dict[str, int] = WIDE, **context: Any
) -> Iterator[Planner]:
    """Give somebody at the console of a service, in a fresh profile of the browser."""
    with browser.new_context(viewport=size, **context) as fresh:
        page = fresh.new_page()
        made = Planner(page, service)
        page.on("request", made.asks)
        page.on("requestfinished", made.hears)
        page.on("requestfailed", made.hears)
        page.on("console", lambda line: made.faults.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: made.faults.append(str(error)))
        page.on(
            "response",
            lambda answer: (
                made.faults.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
            ),
        )
        yield made
