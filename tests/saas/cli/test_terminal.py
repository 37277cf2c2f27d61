"""What the main commands show on terminals of 80 and 120 columns, as a person sees it, letter by letter.

What is expected lies in ``terminal/``. A run with ``STCLOUD_WRITE_TERMINAL=1`` writes it anew: look at what differs.
"""

import io
import os
import re
import shlex
import sys
from itertools import count
from pathlib import Path

import geopandas
import pandas as pd
import pytest
from rich.cells import cell_len
from shapely import box

import stcloud
from stcloud.saas.cli import main
from stcloud.testing.cases import CRS, GRID, grid_of
from stcloud.testing.town import quads

EXPECTED = Path(__file__).parent / "terminal"
WRITES = os.environ.get("STCLOUD_WRITE_TERMINAL") == "1"
NOON_US = 1_735_700_400_000_000
"""The clock of the loads: 1 January 2025, noon in Asia/Kathmandu less a quarter of an hour."""

COMMANDS = {
    "layers": "layers town",
    "layer": "layers town calls",
    "rows": "query town calls --limit 4",
    "rows-all-columns": "query town calls --limit 2 --all-columns",
    "page": "query town calls --limit 2 --page --order -cost",
    "count": "query town calls --when 2024-02 --count",
    "groups": "query town calls --by kind --measure count --measure 'median(cost)' --order -count",
    "two-groups": "query town calls --by month,kind --when 2024-01/2024-03",
    "cells": "query town calls --by cell:500m --order -count --limit 5",
    "units": "query town calls --by community --compare year --when 2024-03",
    "nothing": "query town calls --what \"kind = 'pothol'\" --when 2024-03",
    "nothing-measured": "query town calls --when 2031 --measure 'mean(cost)'",
    "joined": "join town calls areas --when 2024-01-05/2024-01-12",
    "features": "show town areas --as-of 2024-06-01",
    "history": "history town areas harbour",
    "diff": "diff town areas 2022-01-01 2024-01-01",
    "lineage": "diff town areas 2022-01-01 2024-01-01 --lineage",
    "timeline": "timeline town areas",
    "conflicts": "conflicts town areas cells --at 2024-06-01 --rules rules.toml",
    "conflicts-grouped": "conflicts town areas cells --at 2024-06-01 --rules rules.toml --by department,rule",
    "blueprint": "blueprint town areas cells --at 2024-06-01 --rules rules.toml --by layer,state",
    "unknown-use": "conflicts town areas cells --at 2024-06-01 --rules misspelt.toml",
    "quarantine": "quarantine town calls",
    "unknown-column": "query town calls --what \"knd = 'lamp'\"",
    "unknown-cells": "query town calls --by cell:300m",
    "indicators": "indicators list town",
    "indicator-values": "indicators values town 2024-02 --by in:areas",
    "indicator-ranks": "indicators rank town 2024-02 --by in:areas --indicator calls_rate --seed 7 --draws 20",
    "carried": "carry town census.csv --from areas@2014 --to areas@2024",
}


INDICATORS = {
    "id": "town", "extends": "smart-city-2016",
    "indicators": {
        "calls_rate": {
            "title": "Calls per 10,000 inhabitants", "node": "liveable_environment", "direction": "lower",
            "factor": 10_000, "unit": "per 10,000", "cadence": "month", "source": "calls",
            "numerator": {"layer": "calls"},
            "denominator": {"layer": "areas", "by": "name", "measure": "sum(people)"},
        },
        "cost": {
            "title": "Mean cost of a call", "node": "precise_governance", "direction": "lower", "unit": "CNY",
            "numerator": {"layer": "calls", "measure": "mean(cost)"},
        },
    },
}  # fmt: skip
"""Indicators of the town."""


RULES = """
id = "distances"
[plans.areas]
department = "Harbour office"
use = "name"
[[distance]]
id = "island-apart"
first = { layer = "areas", use = "island" }
second = { layer = "cells" }
least_m = 250
"""


def calls():
    """Calls of half a year: kinds, long notes, and two of them without a time."""
    kinds = ("pothole", "potholes", "street light", "井盖缺失")
    notes = (
        "",
        "The cover of a manhole is missing in front of the school, children pass there every day",
        "twice",
    )
    west, south, east, north = bounds()
    rows = range(60)
    frame = pd.DataFrame(
        {
            "id": [f"C-{row:04}" for row in rows], "kind": [kinds[row * 3 % 4] for row in rows],
            "at": [f"2024-{1 + row // 12:02}-{1 + row * 5 % 28:02} {row * 7 % 24:02}:30" for row in rows],
            "cost": [row * 12.345 for row in rows], "note": [notes[row % 3] for row in rows],
            "x": [west + (row * 37 % 100) / 100 * (east - west) for row in rows],
            "y": [south + (row * 61 % 100) / 100 * (north - south) for row in rows],
        }
    )  # fmt: skip
    frame.loc[[7, 50], "at"] = "some day"
    return frame


def bounds():
    shapes, _ = quads(34, 4)
    return geopandas.GeoSeries(shapes).total_bounds


def areas(year):
    west, south, east, north = bounds()
    middle = (west + east) / 2 + (0 if year == 2013 else 120)
    boxes = {"harbour": (west, south, middle, north), "hill": (middle, south, east, north)}
    if year == 2023:
        boxes["island"] = (east + 200, south, east + 400, south + 200)
    geometry = [box(*corners) for corners in boxes.values()]
    frame = geopandas.GeoDataFrame({"name": list(boxes)}, geometry=geometry, crs=CRS)
    frame["people"] = [1200, 34_500, 7][: len(frame)]
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "rules.toml").write_text(RULES, encoding="utf-8")
    (folder / "misspelt.toml").write_text(RULES.replace('"island"', '"ilsand"'), encoding="utf-8")
    ticks = count(NOON_US, 60_000_000)
    shapes, codes = quads(34, 4)
    with stcloud.create(folder / "town", crs=CRS, zone="Asia/Kathmandu"):
        pass
    with stcloud.open(folder / "town", clock=lambda: next(ticks)) as city:
        for year in (2013, 2023):
            keyed = {"key": "name"} if year == 2013 else {}
            city.load("areas", areas(year), valid_from=f"{year}-01-01", **keyed)
        grid = stcloud.Definition.from_toml(GRID, name="cells")
        city.load("cells", grid_of(shapes, codes.astype(str)), definition=grid, valid_from="2020-01-01")
        city.load("calls", calls(), key="id", time="at", x="x", y="y", crs=CRS)
        city.indicators.define(INDICATORS)
    (folder / "census.csv").write_text("name,people\nharbour,1200\nhill,34500\n", encoding="utf-8")
    return folder


def lasting(text):
    """Return what was shown without what depends on versions of libraries: bytes, and rules of time in cursors."""
    text = re.sub(r"(?m)^(bytes +)\d+$", r"\1####", text)
    return re.sub(r"--after \S+", "--after CURSOR", text)


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_what_is_expected(folder, monkeypatch, name, width):
    monkeypatch.chdir(folder)
    for variable, value in {"COLUMNS": width, "LINES": 40, "TERM": "dumb", "NO_COLOR": 1}.items():
        monkeypatch.setenv(variable, str(value))
    monkeypatch.setattr(sys, "argv", ["stcloud", *shlex.split(COMMANDS[name])])
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with pytest.raises(SystemExit) as ended:
        main()
    shown = "\n".join(line.rstrip() for line in out.getvalue().splitlines())
    text = (
        f"$ stcloud {COMMANDS[name]}\n{shown}\n--- notes\n{err.getvalue()}--- exit code {ended.value.code}\n"
    )
    text = lasting(text)
    path = EXPECTED / f"{name}-{width}.txt"
    if WRITES:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
    assert max(map(cell_len, out.getvalue().splitlines()), default=0) <= width


def test_nothing_is_expected_that_no_command_shows():
    names = {f"{name}-{width}.txt" for name in COMMANDS for width in (80, 120)}
    assert {path.name for path in EXPECTED.iterdir()} == names
