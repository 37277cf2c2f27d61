"""Rates: counts per square kilometre, and per 1,000 of what a layer's column counts, such as inhabitants.

Tested by `tests/paas/query/run/test_comparing.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.query.measure.measure import Measure
from stcloud.paas.query.plan.plan import FeatureGroup, Part, Summary
from stcloud.paas.query.resolve.rows_of_kind import times_of
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.space import Level

__all__ = ["rated", "rated_us"]

_KM2 = 1e6
_THOUSAND = 1000.0
_Floats = NDArray[np.float64]


def rated_us(asked: Inquiry) -> int:
    """Return the instant whose areas and inhabitants rates are of: the last of the time asked for, or known."""
    ends = [spans.parts[-1].end_us for spans in times_of(asked.conditions) if spans.parts]
    known = [one for one in ends if one is not None]
    return min(known) - 1 if known else asked.known_us


def rated(found: pa.Table, goal: Summary, asked: Inquiry, at_us: int) -> pa.Table:
    """Return an answer with counts made rates where rates were asked for.

    Parameters
    ----------
    found
        Groups and measures; of rates still the counts.
    goal, asked
        What was asked.
    at_us
        Areas and inhabitants as they were then, UTC microseconds.

    Raises
    ------
    InvalidInput
        ``no-area``: no group has an area, or several do, and no place was asked for; ``no-inhabitants``: the groups
        are not those of a layer; ``wrong-type``.
    NotFound
        ``unknown-column``
    """
    for one in goal.measures:
        if one.is_rate:
            place = found.schema.get_field_index(one.name)
            count = found.column(place).to_numpy(zero_copy_only=False)
            of = (
                _areas_km2(found, goal, asked, at_us)
                if not one.tree
                else _thousands(found, goal, one, asked, at_us)
            )
            rate = np.divide(count, of, out=np.full(len(count), np.nan), where=of > 0)
            found = found.set_column(place, one.name, pa.array(rate, mask=np.isnan(rate)))
    return found


def _areas_km2(found: pa.Table, goal: Summary, asked: Inquiry, at_us: int) -> _Floats:
    by = [(at, one) for at, one in enumerate(goal.by) if isinstance(one, Level | Part | FeatureGroup)]
    if not by:
        return np.full(len(found), _asked_km2(asked))
    if len(by) > 1:
        raise InvalidInput("no-area", "several of the groups have an area", hint="group by one of them only")
    at, one = by[0]
    if isinstance(one, Level):
        side = np.full(len(found), one.side_m**2 / _KM2)
        side[found.column(at).is_null().to_numpy()] = np.nan
        return side
    areas = _of_features(one, asked, at_us) if isinstance(one, FeatureGroup) else _of_units(one, asked, at_us)
    return _looked_up(found.column(at), {name: area / _KM2 for name, area in areas.items()})


def _asked_km2(asked: Inquiry) -> float:
    lattice = asked.subject.configuration.lattice
    places = [area for one in asked.conditions if (area := one.area(lattice)) is not None]
    if not places:
        raise InvalidInput(
            "no-area", "per_km2 of what? neither the groups nor the question have an area",
            hint="group by cells, units or in:LAYER, or ask where",
        )  # fmt: skip
    return float(shapely.intersection_all(places).area) / _KM2


def _of_units(by: Part, asked: Inquiry, at_us: int) -> dict[str, float]:
    index = asked.subject.index
    assert index is not None  # noqa: S101  (there are no parts without)
    versions = index.grid.versions(index.pinned_us(asked.known))
    valid = (versions.start_us <= at_us) & (at_us < versions.end_us)
    codes = [str(code)[: by.length] for code in versions.codes[valid]]
    return _summed(codes, shapely.area(versions.shapes[valid]).tolist())


def _of_features(by: FeatureGroup, asked: Inquiry, at_us: int) -> dict[str, float]:
    rows = asked.resolver.layer(by.layer).as_of(at_us, known_at=asked.resolver.known_us(by.layer)).table
    areas = shapely.area(shapely.from_wkb(rows["st_geom"].to_numpy()))
    return _summed(rows[by.column or "st_key"].to_pylist(), areas.tolist())


def _thousands(found: pa.Table, goal: Summary, measure: Measure, asked: Inquiry, at_us: int) -> _Floats:
    by = [(at, one) for at, one in enumerate(goal.by) if isinstance(one, FeatureGroup)]
    if len(by) != 1:
        raise InvalidInput(
            "no-inhabitants", f"'{measure.name}' is of the features of one layer, and the groups are not these",
            hint="group by in:LAYER",
        )  # fmt: skip
    at, one = by[0]
    rows = asked.resolver.layer(one.layer).as_of(at_us, known_at=asked.resolver.known_us(one.layer)).table
    name = _column(measure, one, rows)
    keys = rows[one.column or "st_key"].to_pylist()
    people = [(key, value) for key, value in zip(keys, rows[name].to_pylist(), strict=True) if value]
    counted = _summed([key for key, _ in people], [float(value) for _, value in people])
    return _looked_up(found.column(at), {key: value / _THOUSAND for key, value in counted.items()})


def _column(measure: Measure, by: FeatureGroup, rows: pa.Table) -> str:
    asked = str(json.loads(measure.tree).get("property", "")).removeprefix(f"{by.layer}.")
    if asked not in rows.schema.names:
        near = nearest(asked, rows.schema.names)
        raise NotFound("unknown-column", f"layer '{by.layer}' has no column '{asked}'", nearest=near)
    kind = rows.schema.field(asked).type
    if not pa.types.is_integer(kind) and not pa.types.is_floating(kind):
        raise InvalidInput(
            "wrong-type", f"'{asked}' of layer '{by.layer}' is {kind}, and a rate is per 1,000 of a number",
            hint="declare the column a number in the layer's definition",
        )  # fmt: skip
    return asked


def _summed(names: list[str], values: list[float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in zip(names, values, strict=True):
        found[name] = found.get(name, 0.0) + value
    return found


def _looked_up(names: pa.ChunkedArray, values: Mapping[str, float]) -> _Floats:
    return np.array([np.nan if one is None else values.get(one, np.nan) for one in names.to_pylist()], float)
