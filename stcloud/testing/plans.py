"""Plans, drawn and judged the slow way: a double loop over all pairs of versions, with plain shapely.

Tested by `tests/properties/test_plans.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from hypothesis import strategies as st

from stcloud.paas.conflict.planversions import PlanVersions

__all__ = [
    "CORNER", "OPEN_US", "DrawnVersion", "OracleConflict", "depths", "drawn_plans", "oracle_conflicts", "plan_of",
    "shapes",
]  # fmt: skip

CORNER = (500_000.0, 3_520_000.0)
"""South-west corner of drawn plans, metres."""

OPEN_US = 2**63 - 1
"""An end that is not known."""

_USES = (None, "dwelling", "school", "wood")


class DrawnVersion(NamedTuple):
    """A version of a feature of a plan."""

    key: str
    use: str | None
    from_us: int
    to_us: int
    shape: Any
    zmin: float = float("nan")
    zmax: float = float("nan")


@dataclass(frozen=True, slots=True)
class OracleConflict:
    """A conflict that the loop found; ``measure`` is its area, or distance, and ``slivers`` what was left out."""

    rule: str
    sides: tuple[tuple[str, str], tuple[str, str]]
    from_us: int
    to_us: int
    measure: float


def shapes(*, invalid: bool = False) -> st.SearchStrategy[Any]:
    """Draw areas on a lattice of metres: boxes, triangles, bent ones, with holes, in two parts; they often touch."""
    at = st.integers(0, 12)
    size = st.integers(1, 8)
    boxes = st.builds(lambda x, y, w, h: shapely.box(x, y, x + w, y + h), at, at, size, size)
    corners = st.lists(st.tuples(at, at), min_size=3, max_size=5, unique=True)
    bent = corners.map(shapely.Polygon)
    if not invalid:
        bent = bent.map(shapely.make_valid)
    bent = bent.filter(lambda shape: shape.area > 0 and shape.geom_type in ("Polygon", "MultiPolygon"))
    holed = st.builds(
        lambda x, y, w, h: shapely.box(x, y, x + w + 2, y + h + 2).difference(
            shapely.box(x + 1, y + 1, x + 2, y + 2)
        ),
        at, at, size, size,
    )  # fmt: skip
    slivers = st.builds(lambda x, y, h: shapely.box(x, y, x + 0.125, y + h), at, at, size)
    parts = st.tuples(boxes, boxes).map(lambda pair: pair[0].union(pair[1]))
    drawn = st.one_of(boxes, bent, holed, slivers, parts)
    return drawn.map(lambda shape: shapely.transform(shape, lambda xy: xy + CORNER))


def depths() -> st.SearchStrategy[tuple[float, float]]:
    """Draw ranges of heights, some of them not known."""
    known = st.tuples(st.integers(-8, 0), st.integers(0, 3)).map(lambda at: (at[0] / 4, (at[0] + at[1]) / 4))
    return st.one_of(known, st.just((float("nan"), float("nan"))))


@st.composite
def drawn_plans(draw: st.DrawFn, layers: Sequence[str] = ("b", "a")) -> Mapping[str, list[DrawnVersion]]:
    """Draw a few features for each layer, some of them with two versions, some with open ends."""
    plans: dict[str, list[DrawnVersion]] = {}
    for layer in layers:
        versions = []
        for number in range(draw(st.integers(0, 4))):
            cuts = sorted(draw(st.lists(st.integers(0, 9), min_size=2, max_size=3, unique=True)))
            if draw(st.booleans()):
                cuts[-1] = OPEN_US
            for start, end in itertools.pairwise(cuts):
                zmin, zmax = draw(depths())
                use, shape = draw(st.sampled_from(_USES)), draw(shapes())
                versions.append(DrawnVersion(f"{layer}{number}", use, start, end, shape, zmin, zmax))
        plans[layer] = draw(st.permutations(versions))
    return plans


def plan_of(layer: str, versions: Sequence[DrawnVersion]) -> PlanVersions:
    """Return drawn versions as arrays."""
    columns: list[Any] = [np.empty(len(versions), object) for _ in range(3)]
    for column, values in zip(
        columns, zip(*((at.key, at.use, at.shape) for at in versions), strict=True), strict=False
    ):
        column[:] = values
    key, use, shape = columns
    start, end = (np.array([getattr(at, name) for at in versions], np.int64) for name in ("from_us", "to_us"))
    zmin, zmax = (np.array([getattr(at, name) for at in versions], np.float64) for name in ("zmin", "zmax"))
    return PlanVersions(layer, layer, layer.upper(), key, use, start, end, shape, zmin, zmax)


def oracle_conflicts(
    plans: Mapping[str, Sequence[DrawnVersion]],
    rules: Sequence[Mapping[str, Any]],
    *,
    area_m2: float,
    width_m: float,
    window: tuple[int, int] = (-OPEN_US, OPEN_US),
) -> tuple[list[OracleConflict], float]:
    """Find the conflicts between plans pair by pair, and the area of all slivers.

    Parameters
    ----------
    plans
        Versions by layer.
    rules
        Documents of rules, with a key ``kind``, and ``from_us`` and ``to_us`` of when they bind.
    area_m2, width_m
        Pieces with less area, or less than so wide (twice the area by the perimeter), are slivers.
    window
        Only conflicts that hold at some instant of it.
    """
    conflicts, slivers = [], 0.0
    for first, second in itertools.permutations(sorted(plans), 2):
        for version, other, rule in itertools.product(plans[first], plans[second], rules):
            if not (_is_side(rule["first"], first, version) and _is_side(rule["second"], second, other)):
                continue
            if (
                first > second
                and _is_side(rule["first"], second, other)
                and _is_side(rule["second"], first, version)
            ):
                continue  # it was found in the other order
            start = max(version.from_us, other.from_us, rule.get("from_us", -OPEN_US))
            end = min(version.to_us, other.to_us, rule.get("to_us", OPEN_US))
            if max(start, window[0]) >= min(end, window[1]):
                continue
            measure, left_out = _measured(rule, version, other, area_m2, width_m)
            slivers += left_out
            if measure is not None:
                sides = sorted([(first, version.key), (second, other.key)])
                conflicts.append(OracleConflict(rule["id"], (sides[0], sides[1]), start, end, measure))
    return sorted(conflicts, key=lambda at: (at.rule, at.sides, at.from_us)), slivers


def _is_side(side: Mapping[str, Any], layer: str, version: DrawnVersion) -> bool:
    return side.get("layer", layer) == layer and (not side.get("use") or version.use in side["use"])


def _measured(
    rule: Mapping[str, Any], version: DrawnVersion, other: DrawnVersion, area_m2: float, width_m: float
) -> tuple[float | None, float]:
    """Return the area, or the distance, of a conflict, None where there is none; and the area of slivers."""
    if rule["kind"] == "exclude":
        kept, left_out = 0.0, 0.0
        for part in shapely.get_parts(shapely.get_parts(version.shape.intersection(other.shape))):
            if part.area < 1e-6:
                continue
            if part.area < area_m2 or 2 * part.area / part.length < width_m:
                left_out += part.area
            else:
                kept += part.area
        return (kept or None), left_out
    distance = version.shape.distance(other.shape)
    reach = rule["least_m"] if rule["kind"] == "distance" else rule["horizontal_m"]
    if distance > 0 and distance >= reach:
        return None, 0.0
    if rule["kind"] == "clearance":
        heights = (version.zmin, version.zmax, other.zmin, other.zmax)
        gap = max(version.zmin, other.zmin) - min(version.zmax, other.zmax)
        if any(map(np.isnan, heights)) or (gap > 0 and gap >= rule["vertical_m"]):
            return None, 0.0
    return distance, 0.0
