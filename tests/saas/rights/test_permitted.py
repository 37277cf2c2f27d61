"""An answer is that of a city that never held what is forbidden.

The oracle is a second city, into which plain pandas loads only what a policy lets be seen, at the same instants.
"""

import hashlib
import hmac
import json
import math
from dataclasses import dataclass, field

import pandas as pd
import pyproj
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some

import stcloud
from stcloud.errors import StcloudError
from stcloud.saas.rights.permits import Permits
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import Principal

SECRET = "a secret of more than thirty-two letters"
CITIES = (
    ("EPSG:4548", "Asia/Shanghai", 500_000.0, 3_400_000.0),
    ("EPSG:2193", "Pacific/Auckland", 1_750_000.0, 5_900_000.0),
)
FIRST_US, STEP_US = 1_720_000_000_000_000, 86_400_000_000
EVENTS = """
id = "requests"
kind = "event"
key = ["id"]
[time]
column = "at"
[space]
column = "wkt"
crs = "{crs}"
[columns.n]
type = "integer"
"""
AREAS = """
id = "areas"
kind = "feature"
key = ["code"]
[space]
column = "wkt"
crs = "{crs}"
"""


@dataclass
class Town:
    """What is loaded: two loads of events, two snapshots of areas, in metres from a corner."""

    crs: str
    zone: str
    east: float
    north: float
    events: list[pd.DataFrame]
    areas: list[pd.DataFrame]

    def lonlat(self, x, y):
        return pyproj.Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True).transform(x, y)


@dataclass
class Limits:
    """A policy, and the same in pandas."""

    text: str = ""
    hidden: dict[str, list[str]] = field(default_factory=dict)
    kept: dict[str, list] = field(default_factory=dict)
    hashed: bool = False
    dropped: bool = False
    position: int | None = None
    absent: set[str] = field(default_factory=set)


def rectangle(xmin, ymin, xmax, ymax):
    return f"POLYGON(({xmin} {ymin},{xmax} {ymin},{xmax} {ymax},{xmin} {ymax},{xmin} {ymin}))"


@some.composite
def towns(draw):
    crs, zone, east, north = draw(some.sampled_from(CITIES))
    count = draw(some.integers(3, 9))
    metre = some.integers(0, 39).map(lambda number: number * 97.0 + 13.5)
    fixed = pd.DataFrame({
        "id": [f"e{number}" for number in range(count)],
        "at": [f"2024-{draw(some.integers(2, 5)):02}-{draw(some.integers(1, 28)):02} 23:30:00" for _ in range(count)],
        "kind": [draw(some.sampled_from("xyz")) for _ in range(count)],
        "phone": [draw(some.sampled_from(["110", "119", "120"])) for _ in range(count)],
        "x": [east + draw(metre) for _ in range(count)],
        "y": [north + draw(metre) for _ in range(count)],
    })  # fmt: skip
    fixed["wkt"] = [f"POINT({x} {y})" for x, y in zip(fixed.x, fixed.y, strict=True)]
    numbers = some.integers(0, 4)
    first, later = fixed.copy(), fixed[fixed.index % 2 == draw(some.integers(0, 1))].copy()
    for frame in (first, later):
        frame["n"] = [draw(numbers) for _ in range(len(frame))]
    first = first[first.index < draw(some.integers(2, count))]
    boxes = {
        "A": (0, 0, 2000, 2000),
        "B": (2000, 0, 4000, 2000),
        "C": (0, 2000, 4000, 4000),
        "D": (1000, 1000, 3000, 3000),
    }
    snapshots = []
    for _ in range(2):
        names = draw(some.lists(some.sampled_from("ABCD"), min_size=1, unique=True))
        snapshots.append(pd.DataFrame({
            "code": names, "name": [draw(some.sampled_from(["old", "new"])) for _ in names],
            "part": ["low" if name in "AB" else "high" for name in names],
            "owner": [f"owner {name}" for name in names],
            "wkt": [rectangle(*map(sum, zip(boxes[name], (east, north) * 2, strict=True))) for name in names],
        }))  # fmt: skip
    return Town(crs, zone, east, north, [first, later], snapshots)


@some.composite
def policies(draw, town):
    limits = Limits()
    lines = ["[[allow]]", 'who = "zhao"', 'do = "read"', 'layers = "requests"']
    limits.hidden["requests"] = draw(some.sampled_from([[], ["phone"], ["phone", "n"]]))
    if limits.hidden["requests"]:
        lines.append(f"hide = {json.dumps(limits.hidden['requests'])}")
    kept = []
    way = draw(some.sampled_from(["what", "where", "when", "area", "two", "none"]))
    if way in ("what", "two"):
        lines.append("what = \"kind <> 'z'\"")
        kept.append(lambda frame: frame.kind != "z")
    if way == "where":
        corners = town.lonlat([town.east - 5, town.east + 1960], [town.north - 5, town.north + 1960])
        lines.append(f'where = "bbox:{corners[0][0]},{corners[1][0]},{corners[0][1]},{corners[1][1]}"')
        kept.append(
            lambda frame: pd.Series(
                [in_box(town, corners, x, y) for x, y in zip(frame.x, frame.y, strict=True)],
                frame.index,
                dtype=bool,
            )
        )
    if way in ("when", "two"):
        lines.append('when = ["2024-03", "2024-05"]')
        kept.append(lambda frame: frame["at"].str[:7].isin(["2024-03", "2024-05"]))
    if way == "area" and all("A" in frame.code.tolist() for frame in town.areas):
        lines.append('where = "areas:A"')
        kept.append(lambda frame: (frame.x <= town.east + 2000) & (frame.y <= town.north + 2000))
    limits.position = draw(some.sampled_from([None, 100, 500, 1000]))
    if limits.position:
        lines.append(f'position = "cell:{limits.position}m"'.replace("1000m", "1km"))
    masks = []
    if "phone" not in limits.hidden["requests"] and draw(some.booleans()):
        limits.hashed = True
        masks.append('phone = "hash"')
    if draw(some.booleans()):
        limits.dropped = True
        masks.append('kind = "drop"')
    lines += ["[allow.mask]", *masks] if masks else []
    limits.kept["requests"] = kept
    limits.kept["areas"], limits.hidden["areas"] = [], []
    shown = draw(some.sampled_from(["absent", "whole", "hidden", "part", "both"]))
    if shown == "absent":
        limits.absent.add("areas")
    else:
        lines += ["[[allow]]", 'who = "role:desk"', 'do = "read"', 'layers = "are*"']
        if shown in ("hidden", "both"):
            lines.append('columns = ["code", "name", "part"]')
            limits.hidden["areas"] = ["owner"]
        if shown in ("part", "both"):
            lines.append("what = \"part = 'low'\"")
            limits.kept["areas"] = [lambda frame: frame.part == "low"]
    limits.text = "\n".join([f'secret = "{SECRET}"', *lines])
    return limits


def in_box(town, corners, x, y):
    lon, lat = town.lonlat(x, y)
    return corners[0][0] <= lon <= corners[0][1] and corners[1][0] <= lat <= corners[1][1]


def permitted(frame, layer, limits, town, origin):
    """Return what of a frame may be seen."""
    for keeps in limits.kept[layer]:
        frame = frame[keeps(frame)]
    frame = frame.copy()
    if layer == "requests":
        if limits.position:
            side = limits.position
            for axis, start in zip("xy", origin, strict=True):
                frame[axis] = [
                    start + math.floor((value - start) / side) * side + side / 2 for value in frame[axis]
                ]
            frame["wkt"] = [f"POINT({x} {y})" for x, y in zip(frame.x, frame.y, strict=True)]
        if limits.hashed:
            frame["phone"] = [
                hmac.new(SECRET.encode(), f"phone\0{text}".encode(), hashlib.sha256).hexdigest()[:16]
                for text in frame.phone
            ]
        if limits.dropped:
            frame["kind"] = pd.Series([None] * len(frame), frame.index, dtype="string")
    texts = [name for name in frame.columns if name not in ("x", "y", "n")]
    return frame.astype(dict.fromkeys(texts, "string")).drop(columns=limits.hidden[layer])


def city_of(path, town, events, areas):
    now = [FIRST_US]
    stcloud.create(path, crs=town.crs, zone=town.zone, name="town").close()
    city = stcloud.open(path, clock=lambda: now[0])
    area_days = ("2024-01-01", "2024-04-01")
    for number in range(2):
        now[0] += STEP_US
        if areas is not None:
            definition = stcloud.Definition.from_toml(AREAS.format(crs=town.crs), name="areas")
            city.load("areas", areas[number], definition=definition, valid_from=area_days[number], empty=True)
        now[0] += STEP_US
        text = EVENTS.format(crs=town.crs)
        text = text if "n" in events[number] else text.partition("[columns.n]")[0]
        definition = stcloud.Definition.from_toml(text, name="requests")
        city.load("requests", events[number].drop(columns=["x", "y"]), definition=definition)
    now[0] += STEP_US
    return city


def questions(town):
    """Return questions by name, each of a city."""
    corners = town.lonlat([town.east, town.east + 2500], [town.north, town.north + 2500])
    box = f"bbox:{corners[0][0]},{corners[1][0]},{corners[0][1]},{corners[1][1]}"
    then = FIRST_US + 2 * STEP_US + STEP_US // 2
    asked = {
        "rows": lambda city: city.query("requests").rows(),
        "rows then": lambda city: city.query("requests").known_at(then).rows(),
        "page": lambda city: city.query("requests").rows(2, order=["-n", "kind"]),
        "second page": lambda city: city.query("requests").rows(2, after=city.query("requests").rows(2).next),
        "count": lambda city: city.query("requests").count(),
        "box": lambda city: city.query("requests").where(box).count(by=["month"]),
        "kinds": lambda city: city.query("requests").count(by=["kind", "week"]),
        "cells": lambda city: city.query("requests").count(by=["cell:100m"]),
        "sums": lambda city: city.query("requests").measure("sum(n)", "max(kind)", by=["month"]),
        "phones": lambda city: city.query("requests").what("phone = '110'").count(by=["phone"]),
        "of a kind": lambda city: city.query("requests").what("kind = 'z' or n > 2").rows(),
        "a typing error": lambda city: city.query("requests").what("fone = '110'").count(),
        "before": lambda city: city.query("requests").when("2024-03").measure(by="kind", compare="previous"),
        "elsewhere": lambda city: city.ask(
            stcloud.Question(layer="requests", where=(box,), count=True, compare="where:areas:C")
        ),
        "join": lambda city: city.query("requests").join("areas"),
        "near": lambda city: city.query("requests").join("areas", "nearest", inner=True),
        "in areas": lambda city: city.query("requests").count(by=["in:areas"]),
        "in names": lambda city: city.query("requests").count(by=["in:areas.name"]),
        "of owners": lambda city: city.query("requests").count(by=["in:areas.owner"]),
        "rates": lambda city: city.query("requests").measure("per_km2", by=["in:areas"]),
        "timeline": lambda city: city.query("requests").timeline(during="2024", end="at"),
        "areas": lambda city: city.query("areas").as_of("2024-05-01").rows(),
        "area counts": lambda city: city.query("areas").when("2024").count(by=["part"]),
        "as of": lambda city: city.features("areas").as_of("2024-02-01", where=box),
        "as of then": lambda city: city.features("areas").as_of("2024-05-01", known_at=then),
        "between": lambda city: city.features("areas").between("2024-01-01", "2025-01-01"),
        "diff": lambda city: city.features("areas").diff("2024-02-01", "2024-05-01"),
    }  # fmt: skip
    for code in "ACE":
        asked |= {
            f"area {code}": lambda city, code=code: city.query("requests").where(f"areas:{code}").count(),
            f"near {code}": lambda city, code=code: (
                city.query("requests").where(f"near:areas:{code}:500m").count()
            ),
            f"history {code}": lambda city, code=code: city.features("areas").history(code),
        }
    return asked


def plain(answer):
    """Return all that an answer says; the identity of a load is the digest of a whole file."""
    names = [name for name in answer.table.schema.names if name != "st_load"]
    table = answer.table.select(names)
    said = {
        "types": [(column.name, str(column.type)) for column in table.schema],
        "rows": table.to_pylist(),
        "facts": answer.facts,
        "next": answer.next,
    }
    said["pin"] = answer.pin.text if answer.pin else None
    return json.dumps(said, default=str, ensure_ascii=False).encode()


def outcome(question, city):
    try:
        return plain(question(city))
    except StcloudError as error:
        return error.kind, str(error), str(error.context)


def facts_of(city):
    """Return what is seen of layers without a question, and of an empty answer and a cube."""
    empty = city.query("requests").what("kind = 'none' and id = 'e'")
    cube = outcome_of(lambda: str(city.query("requests").cube("1km", "1M").to_arrow().to_pylist()))
    return (
        [(layer.name, layer.span_us, layer.extent, layer.rows, layer.events, repr(layer)) for layer in city.layers()],
        outcome_of(lambda: empty.why_empty(empty.count())),
        outcome_of(lambda: city.layer("area")),
        outcome_of(lambda: city.layer("secrets")),
        [layer.definition.columns for layer in city.layers()],
        cube,
    )  # fmt: skip


def outcome_of(make):
    try:
        return make()
    except StcloudError as error:
        return error.kind, str(error)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@settings(
    phases=(Phase.explicit, Phase.reuse, Phase.generate)
)  # two cities an example: shrinking takes minutes
@given(some.data())
def test_an_answer_is_that_of_a_city_that_never_held_what_is_forbidden(tmp_path_factory, data):
    town = data.draw(towns())
    limits = data.draw(policies(town))
    place = tmp_path_factory.mktemp("rights")
    if (
        "n" in limits.hidden["requests"]
    ):  # that a row was stated anew is seen, also where nothing else differs
        for frame in town.events:
            frame["n"] = frame.index % 5
    whole = city_of(place / "whole", town, town.events, town.areas)
    origin = whole.configuration.lattice.origin
    events = [permitted(frame, "requests", limits, town, origin) for frame in town.events]
    areas = (
        None
        if "areas" in limits.absent
        else [permitted(frame, "areas", limits, town, origin) for frame in town.areas]
    )
    bare = city_of(place / "bare", town, events, areas)
    permits = Permits(whole, Policy.from_toml(limits.text, name="policy.toml"))
    seen = permits.city_for(Principal("zhao", frozenset({"desk"})))
    for name, question in questions(town).items():
        shown, expected = outcome(question, seen), outcome(question, bare)
        assert shown == expected, f"{name}\n{shown}\n{expected}"
    assert facts_of(seen) == facts_of(bare)
    permits.close()
    for city in (whole, bare):
        city.close()
