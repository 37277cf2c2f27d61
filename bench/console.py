"""The console in headless Chromium, slowed four times: first paint, transfer, and from a slider to numbers and map.

Browser and service share the machine's cores; the map is drawn by software. Without Chromium nothing is measured.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.data import Scale, events
from bench.query import load_events
from bench.report import Finding, Target
from bench.services import served

__all__ = ["findings"]

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--no-sandbox",
]
_SLOWED = 4
_TIMES = 7
_SIZE: Any = {"width": 1280, "height": 800}
_SETTLED = "() => document.querySelector('.total') && !document.querySelector('[aria-busy=\"true\"]')"
_SLIDE = """
async (share) => {
  const thumb = document.querySelectorAll('.thumbs[data-thumbs="2"] input')[0];
  const value = Math.round(Number(thumb.max) * share);
  thumb.value = value;
  thumb.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((next) => setTimeout(next, 300));
  const total = () => document.querySelector(".total [data-count]")?.dataset.count;
  const before = total();
  performance.clearMarks("map-idle");
  const start = performance.now();
  thumb.dispatchEvent(new Event("change", { bubbles: true }));
  const when = (done) => new Promise((next) => {
    const look = () => (done() ? next(performance.now() - start) : setTimeout(look, 4));
    look();
  });
  const numbers = when(() => !document.querySelector('.total[aria-busy="true"]') && total() !== before);
  const views = numbers.then(() => when(() => !document.querySelector('[aria-busy="true"]')));
  const map = numbers.then(() => when(() => performance.getEntriesByName("map-idle").length > 0));
  return Promise.all([numbers, views, map]);
}
"""


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure the demo city's start, and slides over all events of the scale."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    count = scale.events
    city = scale.folder / f"city-console-{count}"
    if not city.exists():
        load_events(str(city), str(events(count, scale.folder)))
    with sync_playwright() as playwright, contextlib.ExitStack() as stack:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        stack.callback(browser.close)
        yield from _started(browser, _demo(scale.folder / "demo"))
        yield from _slid(browser, city, count)


def _demo(folder: Path) -> Path:
    from stcloud.saas.demo import run  # noqa: PLC0415

    if not (folder / "city.toml").exists():
        with contextlib.redirect_stdout(io.StringIO()):
            run(folder)
    return folder


@contextlib.contextmanager
def _page(browser: Any, address: str) -> Iterator[Any]:
    """Give a page of a fresh profile, slowed."""
    with browser.new_context(viewport=_SIZE) as context:
        page = context.new_page()
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": _SLOWED})
        page.goto(address)
        page.wait_for_function(_SETTLED, timeout=120_000)
        yield page


def _started(browser: Any, city: Path) -> Iterator[Finding]:
    """Measure the start of the page of a served city, in browsers that have nothing of it."""
    paints, numbers, sizes = [], [], []
    with served(city) as own:
        for _ in range(_TIMES):
            with browser.new_context(viewport=_SIZE) as context:
                page = context.new_page()
                session = context.new_cdp_session(page)
                session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWED})
                session.send("Network.enable")
                received: list[int] = []
                session.on(
                    "Network.loadingFinished",
                    lambda event, to=received: to.append(event["encodedDataLength"]),
                )
                page.goto(f"http://127.0.0.1:{own.port}/")
                page.wait_for_selector(".total [data-count]", timeout=120_000)
                numbers.append(page.evaluate("() => performance.now()") / 1_000)
                page.wait_for_function(_SETTLED, timeout=120_000)
                paints.append(
                    page.evaluate(
                        "() => performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"
                    )
                )
                sizes.append(sum(received) / 1e6)
    yield _finding("first paint, demo city", paints[1:], "s", 3.0, 1.5)
    yield _finding("first number, demo city", numbers[1:], "s", None, None)
    yield _finding("transfer at start", sizes, "MB", 1.2, 0.8)


def _finding(name: str, values: list[float], unit: str, must: float | None, aim: float | None) -> Finding:
    """Return the median of values, with their spread."""
    return Finding(
        f"console: {name}", statistics.median(values), unit, must=None if must is None else Target(most=must),
        aim=None if aim is None else Target(most=aim), more={"least": min(values), "most": max(values)},
    )  # fmt: skip


def _slid(browser: Any, city: Path, count: int) -> Iterator[Finding]:
    """Measure from the slider that is let go to the numbers, to all views and to the map."""
    with served(city) as own, _page(browser, f"http://127.0.0.1:{own.port}/#explore") as page:
        page.evaluate(_SLIDE, 0.5)
        page.wait_for_function(_SETTLED, timeout=120_000)
        taken = []
        for turn in range(_TIMES):
            taken.append(page.evaluate(_SLIDE, 0.1 + 0.1 * turn))
            page.wait_for_function(_SETTLED, timeout=120_000)
    size = f"{count / 1e6:g}M events"
    yield _finding(f"slider to numbers, {size}", [each[0] for each in taken], "ms", 500, 250)
    yield _finding(f"slider to all views, {size}", [each[1] for each in taken], "ms", None, None)
    yield _finding(f"slider to map, {size}", [each[2] for each in taken], "ms", 1_500, 700)
