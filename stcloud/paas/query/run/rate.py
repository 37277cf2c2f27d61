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
from stcloud.paas.query.answer.pin import OriginInstant
from stcloud.paas.query.measure.measure import Measure
from stcloud.paas.query.plan.plan import FeatureGroup, Part, Summary
from stcloud.paas.query.resolve.resolver import Resolver
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.space import CellSize

__all__ = ["rated", "rated_us"]

_KM2 = 1e6
_THOUSAND = 1000.0
_Floats = NDArray[np.float64]


def rated_us(inquiry: Inquiry) -> int:
    """Return the instant whose areas and inhabitants rates are of: the last of the question's time, or known."""
    times = [spans for condition in inquiry.conditions if (spans := condition.time()) is not None]
    ends = [spans.parts[-1].end_us for spans in times if spans.parts]
    known = [end for end in ends if end is not None]
    return min(known) - 1 if known else inquiry.known_us


def rated(table: pa.Table, goal: Summary, inquiry: Inquiry, at_us: int) -> pa.Table:
    """Return an answer with counts made rates where measures are rates.

    Parameters
    ----------
    table
        Groups and measures; of rates still the counts.
    goal, inquiry
        The groups and measures, and the question.
    at_us
        Areas and inhabitants as they were then, UTC microseconds.

    Raises
    ------
    InvalidInput
        ``no-area``: no group has an area, or several do, and the question has no place; ``no-inhabitants``: the
        groups are not those of a layer; ``wrong-type``.
    NotFound
        ``unknown-column``
    """
    for measure in goal.measures:
        if measure.is_rate:
            place = table.schema.get_field_index(measure.name)
            count = table.column(place).to_numpy(zero_copy_only=False)
            of = (
                _areas_km2(table, goal, inquiry, at_us)
                if not measure.tree
                else _thousands(table, goal, measure, inquiry, at_us)
            )
            rate = np.divide(count, of, out=np.full(len(count), np.nan), where=of > 0)
            table = table.set_column(place, measure.name, pa.array(rate, mask=np.isnan(rate)))
    return table


def _areas_km2(table: pa.Table, goal: Summary, inquiry: Inquiry, at_us: int) -> _Floats:
    by = [
        (at, group) for at, group in enumerate(goal.by) if isinstance(group, CellSize | Part | FeatureGroup)
    ]
    if not by:
        return np.full(len(table), _place_km2(inquiry))
    if len(by) > 1:
        raise InvalidInput("no-area", "several of the groups have an area", hint="group by one of them only")
    at, group = by[0]
    if isinstance(group, CellSize):
        side = np.full(len(table), group.side_m**2 / _KM2)
        side[table.column(at).is_null().to_numpy()] = np.nan
        return side
    areas = (
        _of_features(group, inquiry, at_us)
        if isinstance(group, FeatureGroup)
        else _of_units(group, inquiry, at_us)
    )
    return _looked_up(table.column(at), {name: area / _KM2 for name, area in areas.items()})


def _place_km2(inquiry: Inquiry) -> float:
    lattice = inquiry.subject.configuration.lattice
    places = [area for condition in inquiry.conditions if (area := condition.area(lattice)) is not None]
    if not places:
        raise InvalidInput(
            "no-area", "per_km2 of what? neither the groups nor the question have an area",
            hint="group by cells, units or in:LAYER, or ask where",
        )  # fmt: skip
    return float(shapely.intersection_all(places).area) / _KM2


def _of_units(by: Part, inquiry: Inquiry, at_us: int) -> dict[str, float]:
    index = inquiry.subject.index
    assert index is not None  # noqa: S101  (there are no parts without)
    versions = index.grid.versions(index.pinned_us(inquiry.known))
    valid = (versions.start_us <= at_us) & (at_us < versions.end_us)
    codes = [str(code)[: by.length] for code in versions.codes[valid]]
    return _summed(codes, shapely.area(versions.shapes[valid]).tolist())


def _of_features(by: FeatureGroup, inquiry: Inquiry, at_us: int) -> dict[str, float]:
    at_us = at_us if by.at_us is None else by.at_us
    rows = _rows_of(inquiry.resolver, by.layer, at_us)
    areas = shapely.area(shapely.from_wkb(rows["st_geom"].to_numpy()))
    return _summed(rows[by.column or "st_key"].to_pylist(), areas.tolist())


def _rows_of(resolver: Resolver, layer: str, at_us: int) -> pa.Table:
    """Return the features that were valid at an instant, as known when the question is pinned."""
    return resolver.layer(layer).as_of(at_us, known_at=OriginInstant(resolver.known_us(layer))).table


def _thousands(table: pa.Table, goal: Summary, measure: Measure, inquiry: Inquiry, at_us: int) -> _Floats:
    by = [(at, group) for at, group in enumerate(goal.by) if isinstance(group, FeatureGroup)]
    if len(by) != 1:
        raise InvalidInput(
            "no-inhabitants", f"'{measure.name}' is of the features of one layer, and the groups are not these",
            hint="group by in:LAYER",
        )  # fmt: skip
    at, group = by[0]
    resolver = inquiry.resolver
    at_us = at_us if group.at_us is None else group.at_us
    rows = _rows_of(resolver, group.layer, at_us)
    name = _column(measure, group, rows)
    keys = rows[group.column or "st_key"].to_pylist()
    people = [(key, value) for key, value in zip(keys, rows[name].to_pylist(), strict=True) if value]
    counted = _summed([key for key, _ in people], [float(value) for _, value in people])
    return _looked_up(table.column(at), {key: value / _THOUSAND for key, value in counted.items()})


def _column(measure: Measure, by: FeatureGroup, rows: pa.Table) -> str:
    name = str(json.loads(measure.tree).get("property", "")).removeprefix(f"{by.layer}.")
    if name not in rows.schema.names:
        near = nearest(name, rows.schema.names)
        raise NotFound("unknown-column", f"layer '{by.layer}' has no column '{name}'", nearest=near)
    kind = rows.schema.field(name).type
    if not pa.types.is_integer(kind) and not pa.types.is_floating(kind):
        raise InvalidInput(
            "wrong-type", f"'{name}' of layer '{by.layer}' is {kind}, and a rate is per 1,000 of a number",
            hint="declare the column a number in the layer's definition",
        )  # fmt: skip
    return name


def _summed(names: list[str], values: list[float]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for name, value in zip(names, values, strict=True):
        sums[name] = sums.get(name, 0.0) + value
    return sums


def _looked_up(names: pa.ChunkedArray, values: Mapping[str, float]) -> _Floats:
    return np.array(
        [np.nan if name is None else values.get(name, np.nan) for name in names.to_pylist()], float
    )
