"""Towns to be served, with the plain rows that they were made of: one in Asia/Shanghai, one in Pacific/Auckland."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from starlette.testclient import TestClient

import stcloud
from stcloud.saas.web import Service, Settings, application

UTC = ZoneInfo("UTC")
ODD_KEYS = ("a/b", "a b", "ä%41", "<b>&\"'", "a.20240301T000000Z", "%2e")
"""Keys that must be encoded in addresses, and in pages."""


@dataclass
class Town:
    """A city, its folder, what it was loaded from, and a client of its service."""

    folder: Path
    city: stcloud.City
    client: TestClient
    zone: ZoneInfo
    calls: pd.DataFrame
    """Rows of the layer ``calls`` as they are now, with ``at`` in UTC; by the order of time, then key."""
    earlier: pd.DataFrame
    """The same as they were known before the second load."""
    plots: list[Plot] = field(default_factory=list)

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the document of an address; it must be there."""
        response = self.client.get(path, params=named(parameters))
        assert response.status_code == 200, response.text
        return response.json()

    def items(self, collection: str = "calls", **parameters: Any) -> Any:
        return self.get(f"/collections/{collection}/items", **parameters)

    def keys(self, collection: str = "calls", **parameters: Any) -> list[str]:
        """Return the ids that a request gives, of all pages."""
        document = self.items(collection, **parameters)
        ids = [feature["id"] for feature in document["features"]]
        while following := href(document, "next"):
            response = self.client.get(following)
            assert response.status_code == 200, response.text
            document = response.json()
            ids += [feature["id"] for feature in document["features"]]
        return ids

    def problem(self, path: str, status: int, **parameters: Any) -> Any:
        """Return the problem that a request has."""
        response = self.client.get(path, params=named(parameters))
        assert (response.status_code, response.headers["content-type"]) == (
            status,
            "application/problem+json",
        )
        return response.json()


@dataclass(frozen=True)
class Plot:
    """A version of a feature of the layer ``plots``: half-open in time."""

    key: str
    use: str
    shape: shapely.Geometry
    start: pd.Timestamp
    end: pd.Timestamp | None

    def holds(self, at: pd.Timestamp) -> bool:
        return self.start <= at and (self.end is None or at < self.end)

    def touches(self, first: pd.Timestamp | None, last: pd.Timestamp | None) -> bool:
        """Tell whether the closed interval of the version meets a closed interval."""
        after = last is not None and self.start > last
        before = first is not None and self.end is not None and self.end < first
        return not (after or before)


def named(parameters: dict[str, Any]) -> dict[str, str]:
    return {name.rstrip("_").replace("_", "-"): str(value) for name, value in parameters.items()}


def href(document: Any, relation: str) -> str | None:
    return next((made["href"] for made in document["links"] if made["rel"] == relation), None)


def calls(west: float, south: float, zone: str, days: tuple[str, ...]) -> pd.DataFrame:
    """Return calls at midnights of the city's clock, a microsecond beside them, and between; some have no place."""
    rows: list[dict[str, Any]] = []
    for day in days:
        midnight = pd.Timestamp(day, tz=zone)
        for shift in (
            pd.Timedelta(0),
            pd.Timedelta(1, "us"),
            pd.Timedelta(-1, "us"),
            pd.Timedelta("7h30min"),
        ):
            for _ in range(3):
                rows.append({"at": (midnight + shift).tz_convert("UTC")})
    for number, row in enumerate(rows):
        row["id"] = ODD_KEYS[number] if number < len(ODD_KEYS) else f"r{number:03}"
        row["lon"] = round(west + number % 7 * 0.01, 6) if number % 9 != 4 else np.nan
        row["lat"] = round(south + number % 5 * 0.01, 6) if number % 9 != 4 else np.nan
        row["category"] = ("pothole", "路灯", "O'Neil", None)[number % 4]
        row["n"] = number % 6
        row["weight"] = None if number % 8 == 3 else number / 4
        row["ok"] = (True, False, None)[number % 3]
        row["day"] = row["at"].tz_convert(zone).date()
    frame = pd.DataFrame(rows)
    frame["ok"] = frame["ok"].astype("boolean")
    return frame


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["at", "id"], key=lambda part: part, kind="stable").reset_index(drop=True)


def load_calls(city: stcloud.City, frame: pd.DataFrame) -> None:
    city.load("calls", frame, key="id", time="at", lon="lon", lat="lat", datum="wgs84", max_rejected="100%")


@contextmanager
def serving(city: stcloud.City, **settings: Any) -> Iterator[TestClient]:
    service = Service({city.name: city}, Settings(**{"rate": "100000/second", **settings}))
    with TestClient(application(service), raise_server_exceptions=False) as client:
        yield client


@contextmanager
def town(
    folder: Path, crs: str, zone: str, corner: tuple[float, float], days: tuple[str, ...]
) -> Iterator[Town]:
    """Make a town of two loads of calls and three of plots, and serve it."""
    city = stcloud.create(folder / "town", crs=crs, zone=zone, name="Town <1>")
    whole = calls(*corner, zone, days)
    late = whole["id"].iloc[-5:].tolist()
    earlier = whole[~whole["id"].isin(late)].copy()
    earlier.loc[earlier["n"] == 2, "category"] = "earlier"
    load_calls(city, earlier)
    load_calls(city, whole)
    versions = load_plots(city, corner, zone)
    with serving(city) as client:
        yield Town(
            folder / "town", city, client, ZoneInfo(zone), in_order(whole), in_order(earlier), versions
        )


def load_plots(city: stcloud.City, corner: tuple[float, float], zone: str) -> list[Plot]:
    """Load three states of plots: one goes, one comes, one changes; return their versions."""
    west, south = corner
    box = {name: shapely.box(west + at, south, west + at + 0.009, south + 0.02) for at, name in
           ((0.0, "p/1"), (0.01, "p 2"), (0.02, "p3"))}  # fmt: skip
    days = [pd.Timestamp(day, tz=zone) for day in ("2020-01-01", "2022-07-01", "2024-03-02")]
    states = [{"p/1": "school", "p 2": "park"}, {"p/1": "school", "p 2": "road", "p3": "park"},
              {"p 2": "road", "p3": "park"}]  # fmt: skip
    for day, uses in zip(days, states, strict=True):
        frame = gpd.GeoDataFrame(
            {"k": list(uses), "use": list(uses.values())},
            geometry=[box[key] for key in uses],
            crs="EPSG:4326",
        )
        city.load("plots", frame, key="k", valid_from=day)
    ends = [day.tz_convert("UTC") for day in days]
    return [
        Plot("p/1", "school", box["p/1"], ends[0], ends[2]),
        Plot("p 2", "park", box["p 2"], ends[0], ends[1]),
        Plot("p 2", "road", box["p 2"], ends[1], None),
        Plot("p3", "park", box["p3"], ends[1], None),
    ]


def building(folder: Path) -> stcloud.City:
    """Make the city of the building of the draft *Versioned Features*, with its two versions."""
    city = stcloud.create(folder / "building", crs="EPSG:32632", zone="Pacific/Auckland", name="building")
    for since, height_m in (("2001-07-02T10:43:17Z", 10.8), ("2012-10-14T16:43:17Z", 14.0)):
        frame = gpd.GeoDataFrame(
            {"id": ["1"], "use": ["residential building"], "height_m": [height_m]},
            geometry=[shapely.Point(7, 50)], crs="EPSG:4326",
        )  # fmt: skip
        city.load("building", frame, key="id", valid_from=since)
    return city


__all__ = ["ODD_KEYS", "Plot", "Town", "building", "heads_of", "href", "serving", "town"]


def heads_of(tokens: Any, roles: Mapping[str, Sequence[str]], now_us: int) -> dict[str, dict[str, str]]:
    """Return the headers of principals by their names, with new tokens in which they have these roles."""
    return {
        name: {"Authorization": f"Bearer {tokens.add(name, list(of), now_us=now_us)}"}
        for name, of in roles.items()
    }
