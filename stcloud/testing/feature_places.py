"""Places that name features, as plain data: written for a city, and decided one event and one version after another.

A tree is a tuple: ``("and", trees)``, ``("or", trees)``, ``("not", tree)``, or a leaf: what and how far.
They fit a city with CRS EPSG:4548 whose layers of features are those of `layers`.

Tested by `tests/conformance/test_where.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd
import pyproj
import shapely
from hypothesis import strategies as st

import stcloud
from stcloud.testing.cases import EVENTS
from stcloud.testing.ground import Ground

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from stcloud.city import City

__all__ = [
    "CRS",
    "Happening",
    "Tree",
    "Version",
    "built",
    "happenings",
    "layers",
    "lies",
    "spec",
    "touches",
    "trees",
]

CRS = "EPSG:4548"
EAST, NORTH = 500_000, 3_500_000
_FEATURES = """
id = "things"
kind = "feature"
key = ["k"]
[space]
column = "wkt"
crs = "EPSG:4548"
[valid]
from = "since"
to = "until"
"""
_ORIGIN = (-4_000_000, -1_000_000)
_FIRST = datetime(2024, 3, 1, tzinfo=UTC)
_DAYS = 6
_KEYS = ("1", "b c", "x:y", "v@w", 'q"r', "a and b", "(p")
_PLAIN_KEYS = _KEYS[:2]

Tree: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """A feature as it was from one day until another; None: no end is known."""

    key: str
    since: datetime
    until: datetime | None
    shape: BaseGeometry | None

    def there(self, at: datetime) -> bool:
        """Tell whether it was so at an instant."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Happening:
    """An event: where, in metres, or nowhere; and when."""

    x: float | None
    y: float | None
    at: datetime


def layers() -> st.SearchStrategy[dict[str, list[Version]]]:
    """Draw two layers of features with histories: gaps, shapes that change, of several kinds or missing."""
    return st.fixed_dictionaries({"things": _versions(), "near-by": _versions()})


@st.composite
def _versions(draw: st.DrawFn) -> list[Version]:
    drawn = []
    for key in draw(st.lists(st.sampled_from(_KEYS), min_size=1, max_size=3, unique=True)):
        days = sorted(draw(st.lists(st.integers(0, _DAYS), min_size=2, max_size=5, unique=True)))
        ends: list[int | None] = [*days[1:-1], draw(st.sampled_from([days[-1], None]))]
        shapes = [draw(_shapes())] + [draw(st.one_of(st.none(), _shapes(), _shapes())) for _ in ends[1:]]
        versions = [
            Version(key, _day(since), None if until is None else _day(until), shape)
            for since, until, shape in zip(days, ends, shapes, strict=False)
        ]
        gap = draw(st.integers(0, 3))
        drawn += [version for number, version in enumerate(versions) if number == 0 or number != gap]
    return drawn


def _day(number: int) -> datetime:
    return _FIRST + timedelta(days=number)


def _corners() -> st.SearchStrategy[tuple[float, float]]:
    along = st.integers(-1, 7).map(lambda step: 50.0 * step)
    return st.tuples(along.map(lambda x: EAST + x), along.map(lambda y: NORTH + y))


@st.composite
def _shapes(draw: st.DrawFn) -> BaseGeometry:
    """Draw areas, some with a hole or of two parts, lines and points, on corners of cells."""
    first, second, third = (draw(_corners()) for _ in range(3))
    kind = draw(st.sampled_from(["box", "box", "hull", "hole", "parts", "line", "point"]))
    if kind == "line" and first != second:
        return shapely.LineString([first, second, third] if third not in (first, second) else [first, second])
    if kind == "point":
        return shapely.Point(first)
    west, south = min(first[0], second[0]), min(first[1], second[1])
    box = shapely.box(west, south, max(first[0], second[0]) + 50, max(first[1], second[1]) + 50)
    if kind == "hole":
        ring = shapely.box(west, south, west + 150, south + 150)
        return ring.difference(shapely.box(west + 50, south + 50, west + 100, south + 100))
    if kind == "parts":
        return shapely.union_all(
            [box, shapely.box(box.bounds[2] + 50, south, box.bounds[2] + 100, south + 50)]
        )
    hull = shapely.convex_hull(shapely.multipoints([first, second, third]))
    return hull if kind == "hull" and hull.area > 0 else box


def happenings() -> st.SearchStrategy[list[Happening]]:
    """Draw events on corners and borders, where versions end, and nowhere."""
    moment = st.tuples(st.integers(-1, _DAYS + 1), st.sampled_from([-1, 0, 0, 1, 43_200_000_000]))
    at = moment.map(lambda drawn: _day(drawn[0]) + timedelta(microseconds=drawn[1]))
    beside = st.tuples(st.floats(-80, 430), st.floats(-80, 430)).map(lambda to: (EAST + to[0], NORTH + to[1]))
    place = st.one_of(_corners(), _corners(), beside, st.just((None, None)))
    return st.lists(
        st.tuples(place, at).map(lambda drawn: Happening(drawn[0][0], drawn[0][1], drawn[1])),
        min_size=5,
        max_size=25,
    )


def trees(known: Mapping[str, Sequence[Version]]) -> st.SearchStrategy[Tree]:
    """Draw trees of places, features among them those of some layers."""
    metres = st.one_of(st.sampled_from([0.0, 50.0, 100.0, 70.71067811865476]), st.floats(0.001, 300))
    names = st.sampled_from(sorted(known))
    feature = names.flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(sorted(_keys(known[name]))))
    )
    days = st.one_of(st.none(), st.none(), st.integers(0, _DAYS).map(_day))
    inside = st.tuples(feature, days).map(lambda drawn: _there(known, ("in", *drawn[0], None, drawn[1])))
    near = st.tuples(feature, metres, days).map(
        lambda drawn: _there(known, ("in", *drawn[0], drawn[1], drawn[2]))
    )
    layer = st.tuples(names, metres, days).map(lambda drawn: ("in", drawn[0], None, drawn[1], drawn[2]))
    point = st.tuples(st.floats(116.999, 117.005), st.floats(31.62, 31.63), st.floats(1, 500))
    cell = _corners().map(lambda at: Ground(CRS, _ORIGIN).cell(*at))
    part = st.tuples(cell, st.integers(3, 6)).map(lambda drawn: ("cell", str(drawn[0])[: 1 + 2 * drawn[1]]))
    area = _shapes().filter(lambda drawn: drawn.area > 0).map(lambda drawn: ("area", drawn))
    leaf = st.one_of(inside, near, layer, point.map(lambda drawn: ("point", *drawn)), part, area)
    return st.recursive(leaf, _wholes, max_leaves=5)


def _wholes(parts: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    several = st.lists(parts, min_size=2, max_size=3)
    return st.one_of(
        parts.map(lambda part: ("not", part)), several.map(lambda inner: ("and", inner)),
        several.map(lambda inner: ("or", inner)),
    )  # fmt: skip


def _keys(versions: Sequence[Version]) -> set[str]:
    return {version.key for version in versions}


def _there(known: Mapping[str, Sequence[Version]], leaf: Tree) -> Tree:
    """Return a leaf that may be queried: of a day when the feature was not there it is of all days."""
    _, layer, key, metres, at = leaf
    is_there = any(
        version.key == key and at is not None and version.there(at) and version.shape
        for version in known[layer]
    )
    return leaf if is_there else ("in", layer, key, metres, None)


def spec(tree: Tree) -> str:
    """Write a tree as people do, with more parentheses."""
    kind = tree[0]
    if kind == "not":
        return f"not ({spec(tree[1])})"
    if kind in ("and", "or"):
        return "(" + f" {kind} ".join(spec(part) for part in tree[1]) + ")"
    if kind == "point":
        return f"near:{tree[1]!r},{tree[2]!r}:{tree[3]!r}m"
    if kind == "cell":
        return f"cell:{tree[1]}"
    if kind == "area":
        return f"wkt:{shapely.to_wkt(tree[1], rounding_precision=-1)}"
    _, layer, key, metres, at = tree
    doubled = "" if key is None else key.replace('"', '""')
    named = "" if key is None else f":{key}" if key in _PLAIN_KEYS else f':"{doubled}"'
    until = "" if at is None else f"@{at.isoformat()}"
    return f"{layer}{named}{until}" if metres is None else f"near:{layer}{named}:{metres!r}m{until}"


def lies(tree: Tree, event: Happening, known: Mapping[str, Sequence[Version]]) -> bool | None:
    """Tell whether an event lies in a tree; None: it is nowhere, in no place and outside of none."""
    kind = tree[0]
    if kind == "not":
        inner = lies(tree[1], event, known)
        return None if inner is None else not inner
    if kind in ("and", "or"):
        answers = [lies(part, event, known) for part in tree[1]]
        decisive = kind == "or"
        return decisive if decisive in answers else None if None in answers else not decisive
    if event.x is None or event.y is None:
        return None
    return _in_feature(tree, event, known) if kind == "in" else _on_ground(tree, event.x, event.y)


def _on_ground(leaf: Tree, x: float, y: float) -> bool:
    if leaf[0] == "area":
        return bool(shapely.intersects(leaf[1], shapely.Point(x, y)))
    if leaf[0] == "cell":
        return str(Ground(CRS, _ORIGIN).cell(x, y)).startswith(leaf[1])
    return _at_most(math.dist(_lonlat().transform(leaf[1], leaf[2]), (x, y)), leaf[3])


def _in_feature(leaf: Tree, event: Happening, known: Mapping[str, Sequence[Version]]) -> bool:
    _, layer, key, metres, at = leaf
    point = shapely.Point(event.x, event.y)
    shapes = [
        version.shape
        for version in known[layer]
        if (key is None or version.key == key) and version.there(at or event.at) and version.shape is not None
    ]
    if metres is None:
        return any(shapely.intersects(shape, point) for shape in shapes)
    return any(_at_most(shapely.distance(shape, point), metres) for shape in shapes)


def touches(
    tree: Tree, version: Version, known: Mapping[str, Sequence[Version]], start: datetime, end: datetime
) -> bool | None:
    """Tell whether a feature lies in a tree at some instant of ``[start, end)``; None: it has no shape."""
    if version.shape is None:
        return None
    kind = tree[0]
    if kind == "not":
        return not touches(tree[1], version, known, start, end)
    if kind in ("and", "or"):
        answers = [bool(touches(part, version, known, start, end)) for part in tree[1]]
        return any(answers) if kind == "or" else all(answers)
    if kind == "in":
        return _touches_feature(tree, version, known, start, end)
    if kind == "point":
        point = shapely.Point(_lonlat().transform(tree[1], tree[2]))
        return _at_most(shapely.distance(point, version.shape), tree[3])
    return bool(shapely.intersects(tree[1] if kind == "area" else _square(tree[1]), version.shape))


def _touches_feature(
    leaf: Tree, version: Version, known: Mapping[str, Sequence[Version]], start: datetime, end: datetime
) -> bool:
    _, layer, key, metres, at = leaf
    first, last = max(version.since, start), min(version.until or end, end)
    for other in known[layer]:
        then = other.there(at) if at else max(other.since, first) < min(other.until or last, last)
        if then and other.shape is not None and (key is None or other.key == key):
            apart = shapely.distance(other.shape, version.shape)
            if shapely.intersects(other.shape, version.shape) if metres is None else _at_most(apart, metres):
                return True
    return False


def _square(cell: str) -> BaseGeometry:
    """Draw a cell from the digits of its number: pairs of column and row, the largest cells first."""
    column, row, digits = cell[1::2], cell[2::2], len(cell) // 2
    side = 10.0 ** (7 - digits)
    west, south = _ORIGIN[0] + int(column) * side, _ORIGIN[1] + int(row) * side
    return shapely.box(west, south, west + side, south + side)


@cache
def _lonlat() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("OGC:CRS84", CRS, always_xy=True)


def _at_most(distance_m: float, most_m: float) -> bool:
    """Compare as whole micrometres."""
    return math.floor(distance_m * 1e6 + 0.5) <= math.floor(most_m * 1e6 + 0.5)


def built(folder: Path, known: Mapping[str, Sequence[Version]], events: Sequence[Happening]) -> City:
    """Make a city of a layer ``cases``, whose keys are the events' numbers, and of layers of features."""
    city = stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    rows = [
        {"id": number, "at": event.at.isoformat(), "x": event.x, "y": event.y}
        for number, event in enumerate(events)
    ]
    pd.DataFrame(rows).to_csv(folder / "cases.csv", index=False)
    definition = stcloud.Definition.from_toml(EVENTS.replace("EPSG:4547", CRS), name="cases")
    city.load("cases", folder / "cases.csv", definition=definition)
    for name, versions in known.items():
        file = folder / f"{name}.csv"
        pd.DataFrame([_row(version) for version in versions]).to_csv(file, index=False)
        city.load(
            name, file, definition=stcloud.Definition.from_toml(_FEATURES, name="things"), mode="changes"
        )
    return city


def _row(version: Version) -> dict[str, str]:
    return {
        "k": version.key,
        "wkt": "" if version.shape is None else shapely.to_wkt(version.shape, rounding_precision=-1),
        "since": version.since.isoformat(),
        "until": "" if version.until is None else version.until.isoformat(),
    }
