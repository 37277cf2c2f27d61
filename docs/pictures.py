"""Draw the pictures that README and pages show: of the demo, and of what the examples of pages come to.

::

    python docs/pictures.py    rewrites docs/images/*.png; needs Chromium for console.png

Tested by ``tests/saas/demo/test_tour.py``, which draws those of the demo again and compares, and
``tests/docs/test_pictures.py``.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import geopandas
import pandas as pd
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure
from PIL import Image

import stcloud as st
from stcloud.saas.cli import main as cli
from stcloud.saas.demo import run

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PICTURES = {"map.png": "units.png", "chart.png": "months.png", "hotspots.png": "hotspots.png"}
"""What a picture is called here, and in the demo."""
DRAWN = ("grid.png", "console.png", "clocks.png", "alert.png", "conflicts.png", "reach.png")
"""The other pictures."""
COLOURS = 128
_BLUE, _ORANGE, _GREY = "#2166ac", "#d95f02", "#767676"
_SETTLED = "() => document.querySelector('.total') && !document.querySelector('[aria-busy=\"true\"]')"


def main() -> None:
    """Run the demo and the examples in folders of their own, and draw them in few colours."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        folder = Path(scratch) / "demo"
        run(folder)
        for name, drawn in PICTURES.items():
            keep(Image.open(folder / "pictures" / drawn), name)
        titled = ("--map", "grid.png", "--title", "Unit grid of Alderport")
        _stcloud("show", "demo", "grid", "--as-of", "2024-12-31", *titled)
        keep(Image.open("grid.png"), "grid.png")
        keep(console(folder), "console.png")
        keep(clocks(), "clocks.png")
        for page, name, draw in (
            ("tutorials/a-fire.md", "alert.png", alert),
            ("how-to/bring-plans-together.md", "conflicts.png", conflicts),
            ("how-to/show-who-reaches-a-school.md", "reach.png", reach),
        ):
            with example(page):
                keep(draw(), name)


def keep(picture: Image.Image, name: str) -> None:
    """Write a picture in few colours, which are enough for maps and charts."""
    picture.convert("RGB").quantize(COLOURS).save(IMAGES / name, optimize=True)


@contextlib.contextmanager
def example(page: str) -> Iterator[None]:
    """Run the blocks of a page in a new folder, in order, and stay there."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        Path("fixtures").symlink_to(ROOT / "fixtures", target_is_directory=True)
        for language, block in re.findall(
            r"^```(python|console)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
        ):
            if language == "python":
                exec(block, names)  # noqa: S102  (a page of this repository)
                continue
            for command in re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE):
                _run(command)
        yield


def _run(command: str) -> None:
    """Run a command of a page; a plain one of stcloud in this process, which saves starting one."""
    if command.startswith("stcloud ") and not set(command) & set("|<>&;$`"):
        _stcloud(*shlex.split(command.replace("\\\n", " "))[1:])
        return
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["sh", "-c", command], check=True, capture_output=True, env=os.environ | {"PATH": path})  # noqa: S603, S607


def _stcloud(*words: str) -> None:
    with mock.patch.object(sys, "argv", ["stcloud", *words]), contextlib.redirect_stdout(io.StringIO()):
        try:
            cli()
        except SystemExit as end:
            if end.code:
                raise


def _drawn(figure: Figure) -> Image.Image:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110, bbox_inches="tight", facecolor="white")
    return Image.open(buffer)


def console(city: Path) -> Image.Image:
    """Draw the console of the demo as Chromium shows it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    served = subprocess.Popen(  # noqa: S603
        [Path(sys.executable).parent / "stcloud", "console", str(city)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        address = next(
            found[0] for line in served.stdout or () if (found := re.search(r"http://[\d.:]+/\S*", line))
        )
        with sync_playwright() as playwright:
            options = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
            browser = playwright.chromium.launch(executable_path=program, args=options)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address)
            page.wait_for_function(_SETTLED, timeout=120_000)
            page.wait_for_timeout(3_000)  # the map fades in
            shown = page.screenshot()
            browser.close()
    finally:
        served.terminate()
        served.wait()
    return Image.open(io.BytesIO(shown))


def clocks() -> Image.Image:
    """Draw the rows of a plot of land by both clocks: three loads, of which the last one corrects the second."""
    plot = geopandas.GeoDataFrame(
        {"id": ["P7"], "use": [""]},
        geometry=geopandas.points_from_xy([117.0], [31.9]).buffer(0.001),
        crs=4326,
    )
    st.create("plots", crs="EPSG:4548", zone="Asia/Shanghai")
    for recorded, since, use in (
        ("2024-01-15", "2024-01-01", "field"),
        ("2024-06-01", "2024-05-01", "building site"),
        ("2024-09-01", "2024-03-01", "building site"),
    ):
        now_us = int(datetime.fromisoformat(f"{recorded}T09:00+08:00").timestamp() * 1_000_000)
        city = st.open("plots", clock=lambda now_us=now_us: now_us)
        city.load("plots", plot.assign(use=use), key=["id"], valid_from=since)
    figure = Figure(figsize=(7.4, 4.2))
    axes = figure.subplots()
    ends = pd.to_datetime(["2024-01-15", "2024-06-01", "2024-09-01", "2024-12-01"])
    days = pd.to_datetime(["2024-01-01", "2024-03-01", "2024-05-01", "2024-12-01"])
    for known, until in pairwise(ends):
        before = None
        for day, next_day in pairwise(days):
            rows = city.features("plots").as_of(day.date(), known_at=(known + timedelta(days=1)).isoformat())
            [use] = rows.to_pandas()["use"]
            colour = _BLUE if use == "field" else _ORANGE
            axes.barh(known, next_day - day, until - known, day, align="edge", color=colour)
            if use != before:
                axes.text(day + timedelta(days=3), known + timedelta(days=6), use, color="white", fontsize=10)
            before = use
        axes.axhline(known, color="white", linewidth=2)
    axes.set(xlabel="valid time: when it was so", ylabel="recorded time: when it was known")
    axes.set(xlim=(days[0], days[-1]), ylim=(ends[0], ends[-1]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(DateFormatter("%b"))
    return _drawn(figure)


def alert() -> Image.Image:
    """Draw the calls about smoke within 20 minutes, the threshold, and the alert."""
    city = st.open("lantang")
    now = city.standing.alerts("smoke").to_arrow().to_pylist()[0]
    calls = city.query("calls").what("kind = 'smoke'").when("2024-03-05T08:10/2024-03-05T09:00")
    times = sorted(pd.Timestamp(row["st_time"]) for row in calls.rows().to_records())
    minutes = pd.date_range(now["from"] - timedelta(minutes=15), now["to"] + timedelta(minutes=5), freq="min")
    window = timedelta(minutes=20)
    counts = [sum(minute - window < time <= minute for time in times) for minute in minutes]
    figure = Figure(figsize=(7.4, 3.2))
    axes = figure.subplots()
    axes.axvspan(now["from"], now["to"], color=_ORANGE, alpha=0.2, label="the alert, as it is known at last")
    axes.step(minutes, counts, where="post", color=_BLUE, label="calls about smoke within 20 minutes")
    axes.axhline(now["threshold"], color=_ORANGE, linestyle="--", label="threshold")
    axes.plot(times, [0.1] * len(times), "|", color=_GREY, markersize=14, label="a call")
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=now["from"].tzinfo))
    axes.set(ylim=(0, 5.9), xlabel="5 March 2024", ylabel="calls")
    axes.legend(loc="upper right", fontsize=8, frameon=False)
    return _drawn(figure)


def conflicts() -> Image.Image:
    """Draw the plans of two departments and where they contradict each other."""
    city = st.open("bay")
    figure = Figure(figsize=(7.4, 3.2))
    axes = figure.subplots()
    for layer, colour in (("landuse", _GREY), ("greenland", "#4d9221")):
        plan = city.features(layer).as_of("2024-06-01").to_geopandas(4548)
        plan.plot(ax=axes, color=colour, alpha=0.35, edgecolor=colour, linewidth=1.5)
        for shape, key, use in zip(plan.geometry, plan["id"], plan["use"], strict=True):
            axes.annotate(f"{key}: {use}", shape.bounds[:2], (4, 4), textcoords="offset points", fontsize=9)
    found = city.conflicts(["landuse", "greenland"], rules="plans.toml", at="2024-06-01").to_geopandas(4548)
    found.plot(ax=axes, facecolor="none", edgecolor=_ORANGE, linewidth=2.5, hatch="///")
    axes.set_title("landuse (grey), greenland (green), conflicts (orange)", fontsize=10)
    axes.set_axis_off()
    return _drawn(figure)


def reach() -> Image.Image:
    """Draw who walks to a school in 15 minutes, before a new one and after."""
    city = st.open("lantang")
    question: dict[str, Any] = {"barriers": "river", "level": "level", "speeds": "speeds.csv"}
    figure = Figure(figsize=(9, 4))
    for axes, day in zip(figure.subplots(1, 2), ("2024-08-31", "2024-09-01"), strict=True):
        asked = city.reach("streets", "schools", people="buildings:inhabitants", at=day, **question)
        streets, people = asked.streets().to_geopandas(4548), asked.people().to_geopandas(4548)
        city.features("river").as_of(day).to_geopandas(4548).plot(
            ax=axes, color="#9ecae1", linewidth=8, zorder=0
        )
        city.features("streets").as_of(day).to_geopandas(4548).plot(
            ax=axes, color="#bbbbbb", linewidth=2, zorder=1
        )
        streets[streets["reached"]].plot(ax=axes, color=_BLUE, linewidth=4, zorder=2)
        colours = [_BLUE if reached else _ORANGE for reached in people["reached"]]
        people.plot(ax=axes, color=colours, markersize=people["people"], zorder=3)
        city.features("schools").as_of(day).to_geopandas(4548).plot(
            ax=axes, color="black", marker="s", zorder=4
        )
        axes.set_title(day, fontsize=10)
        axes.set_axis_off()
    words = "black: schools; blue: reached in 15 minutes; orange: inhabitants who are not"
    figure.text(0.5, 0.14, words, ha="center", fontsize=9)
    return _drawn(figure)


if __name__ == "__main__":
    main()
