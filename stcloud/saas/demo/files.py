"""The files of the demo, as a town would have them: GeoJSON, CSV, and definitions of what the CSV files mean.

Tested by `tests/saas/demo/test_files.py`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from stcloud.saas.demo.ground import StreetPlan, feature, lonlat
from stcloud.saas.demo.requests import FIRST_DUMP, NEXT_DUMP, DemoRequest, dumped, requests_of
from stcloud.saas.demo.survey import Lamp, after_the_storm, first_survey

__all__ = ["LAMPS_FILE", "SEED", "write_files"]

SEED = 2024
LAMPS_FILE = "lamps.toml"
"""The definition of the surveys, among the files of each demo city."""

_REQUESTS = """\
# How to read the files of requests.
id = "alderport-requests"
kind = "event"
title = "Requests"
key = ["request_id"]

[time]
column = "opened"
formats = ["%Y-%m-%d %H:%M:%S"]

[space]
lon = "lon"
lat = "lat"
datum = "wgs84"

[columns]
subject = {}
channel = {} # app, phone, inspector
status = {} # open, closed

[columns.closed]
type = "instant"
formats = ["%Y-%m-%d %H:%M:%S"]
"""
_LAMPS = """\
# How to read the surveys of street lamps.
id = "alderport-lamps"
kind = "feature"
title = "Street lamps"
key = ["lamp_id"]

[space]
lon = "lon"
lat = "lat"
datum = "wgs84"

[shape]
kinds = ["Point"]

[columns]
street = {}
fitting = {} # sodium, LED
status = {} # working, dark, damaged
"""
_LAMP = ("lamp_id", "street", "fitting", "status", "lon", "lat")
_REQUEST = ("request_id", "opened", "closed", "subject", "channel", "status", "lon", "lat")


def write_files(folder: Path, seed: int = SEED) -> None:
    """Write the files into a folder that is there: the same bytes for the same seed."""
    ground = StreetPlan(seed)
    before = first_survey(ground)
    after = after_the_storm(ground, before)
    requests = requests_of(ground, [lamp for lamp in after if lamp.status == "damaged"])
    _write_features(folder / "communities.geojson", _communities(ground))
    _write_features(folder / "streets.geojson", _streets(ground))
    _write_table(folder / "lamps_2024-01.csv", _LAMP, _lamps(before))
    _write_table(folder / "lamps_2024-07.csv", _LAMP, _lamps(after))
    (folder / "requests.toml").write_text(_REQUESTS, encoding="utf-8")
    (folder / LAMPS_FILE).write_text(_LAMPS, encoding="utf-8")
    new_year, december = datetime(2024, 1, 1), datetime(2024, 12, 1)  # noqa: DTZ001
    for name, at, since in (
        ("requests_2024.csv", FIRST_DUMP, new_year),
        ("requests_2024_update.csv", NEXT_DUMP, december),
    ):
        _write_table(folder / name, _REQUEST, _requests(list(dumped(requests, at, since))))


def _communities(ground: StreetPlan) -> list[dict[str, Any]]:
    names = ("code", "name", "district", "population")
    return [feature(place["area"], **{name: place[name] for name in names}) for place in ground.communities]


def _streets(ground: StreetPlan) -> list[dict[str, Any]]:
    return [
        feature(line, code=f"S{number:02d}", name=name, **{"class": kind})
        for number, (name, kind, line) in enumerate(ground.streets, start=1)
    ]


def _lamps(lamps: list[Lamp]) -> Iterable[Sequence[object]]:
    places = lonlat(np.array([(lamp.x, lamp.y) for lamp in lamps])).tolist()
    for lamp, (lon, lat) in zip(lamps, places, strict=True):
        yield lamp.key, lamp.street, lamp.fitting, lamp.status, f"{lon:.8f}", f"{lat:.8f}"


def _requests(rows: list[tuple[str, DemoRequest, bool]]) -> Iterable[Sequence[object]]:
    places = lonlat(np.array([(request.x, request.y) for _, request, _ in rows])).tolist()
    for (key, request, is_closed), (lon, lat) in zip(rows, places, strict=True):
        closed, status = (request.closed, "closed") if is_closed else ("", "open")
        yield (
            key, request.opened, closed, request.subject, request.channel, status,
            f"{lon:.8f}", f"{lat:.8f}",
        )  # fmt: skip


def _write_features(path: Path, features: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def _write_table(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(names)
        table.writerows(rows)
