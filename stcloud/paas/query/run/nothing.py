"""Why an answer is empty: when and where the layer has rows, and the values nearest to those that it has not.

Values are looked for in at most a million rows, and only in columns of at most five thousand different values, as a
few rows show first, so that a note does not take longer than the answer.

Tested by `tests/paas/query/run/test_nothing.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np

from stcloud.daas.known import layer_as_known
from stcloud.daas.table.schema import Attribute
from stcloud.errors import nearest
from stcloud.iaas.table.table import File
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.condition.period import Related
from stcloud.paas.query.condition.predicate import Predicate
from stcloud.paas.query.measure.measure import COUNT
from stcloud.paas.query.place.extent import Box
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.plan.plan import Rows, Summary
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.space import LONLAT, project
from stcloud.time import Relation, Span, Spans

__all__ = ["why_empty"]

_MOST_ROWS, _FEW_ROWS, _MOST_VALUES, _MOST_LETTERS = 1_000_000, 20_000, 5_000, 60
_LISTED, _MOST_NOTES, _MOST_LAT = 8, 3, 90.0


def why_empty(inquiry: Inquiry, answer: Answer) -> tuple[str, ...]:
    """Return why an answer has nothing, in lines; none where it has something.

    Parameters
    ----------
    inquiry
        The question.
    answer
        Its answer: rows, groups, or measures of all rows, which are none or zero where there are no rows.
    """
    if not _may_be_empty(answer):
        return ()
    if len(answer) and answer.table.schema.names != ["count"]:
        (rows,) = inquiry.run(Summary((), (COUNT,))).read_all().column(0).to_pylist()
        if rows:
            return (f"no value was found: none of the {rows:,} rows has one",) if _has_none(answer) else ()
    return (f"nothing was found: {_extent(inquiry)}", *_elsewhere(inquiry), *_absent(inquiry))


def _may_be_empty(answer: Answer) -> bool:
    if len(answer) != 1 or answer.groups or "st_key" in answer.table.schema.names:
        return len(answer) == 0
    return not any(answer.table.to_pylist()[0].values())


def _has_none(answer: Answer) -> bool:
    return all(value is None for value in answer.table.to_pylist()[0].values())


def _extent(inquiry: Inquiry) -> str:
    """Say from when to when a layer has rows, as it was known; before its first load, when that was."""
    layer, zone = inquiry.subject.layer, inquiry.subject.zone
    if layer.span_us is None:
        return f"layer {layer.name} is empty"
    known = layer_as_known(layer, inquiry.known_us)
    if known is None:
        first_us = min(load.recorded_at_us for load in layer.loads)
        return (
            f"layer {layer.name} was not known yet: its first load was recorded at {zone.iso(first_us)[:16]}"
        )
    first, last = (zone.iso(at_us)[:10] for at_us in known.span_us or layer.span_us)
    until = f"from {first} to {last}" if inquiry.subject.kind.indexed else f"since {first}"
    return f"layer {layer.name} has {layer.kind}s {until}"


def _elsewhere(inquiry: Inquiry) -> Iterator[str]:
    """Say that a place lies outside of what the layer's rows lie in, and where latitude was given first."""
    layer, crs = inquiry.subject.layer, inquiry.subject.configuration.crs
    whole = layer.extent
    if whole is None:
        return
    for condition in inquiry.resolver.resolution(inquiry.plan(Rows())).conditions:
        boxes = _boxes(condition.limits)
        if not boxes or any(_meet(box, whole) for box in boxes):
            continue
        bounds = np.array(whole)
        lons, lats = project(bounds[[0, 2, 0, 2]], bounds[[1, 1, 3, 3]], crs, LONLAT)
        yield (
            f"the place is outside of where layer {layer.name} has {layer.kind}s: "
            f"lon {lons.min():.4f} to {lons.max():.4f}, lat {lats.min():.4f} to {lats.max():.4f}"
        )
        west, south, east, north = boxes[0]
        lon, lat = project((west + east) / 2, (south + north) / 2, crs, LONLAT)
        if abs(lon) <= _MOST_LAT and _holds(whole, *project(lat, lon, LONLAT, crs)):
            yield "with latitude and longitude exchanged it is inside: write the longitude first"


def _boxes(limits: Limits) -> list[Box]:
    """Return boxes that together hold what lies within limits; none where they are not of a place."""
    areas = [area.bounds for area in limits.areas]
    return [*(limits.extent.boxes if limits.extent is not None else ()), *areas]


def _meet(box: Box, other: Box) -> bool:
    return box[0] <= other[2] and other[0] <= box[2] and box[1] <= other[3] and other[1] <= box[3]


def _holds(box: Box, x: Any, y: Any) -> bool:
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _absent(inquiry: Inquiry) -> Iterator[str]:
    """Say which texts that columns are to equal are not among their values, and which are near."""
    attributes = inquiry.subject.attributes
    filters = [condition for condition in inquiry.conditions if isinstance(condition, Predicate)]
    pairs = dict.fromkeys(pair for condition in filters for pair in _equalities(json.loads(condition.json)))
    files = _looked_at(inquiry)
    few = files if not inquiry.subject.kind.indexed else tuple(_first(files, _FEW_ROWS)) or files[:1]
    for name, value in [pair for pair in pairs if pair[0] in attributes and files][:_MOST_NOTES]:
        if len(_values(inquiry, attributes[name], few)) > _MOST_VALUES:
            continue  # it tells rows apart, as a key does
        values = _values(inquiry, attributes[name], files)
        if value not in values and len(values) <= _MOST_VALUES:
            whole = len(files) == len(inquiry.subject.layer.snapshot.files)
            rows = sum(file.rows for file in files)
            among = "" if whole else f" in the {rows:,} rows that were looked at"
            yield f"{name} has no '{_short(value)}'{among}{_instead(value, values)}"


def _equalities(tree: Any) -> Iterator[tuple[str, str]]:
    """Give each column that is to equal a text, with the text; what is negated is left out."""
    if not isinstance(tree, dict):
        return
    operator, parts = tree.get("op"), tree.get("args", [])
    if operator in ("and", "or"):
        for part in parts:
            yield from _equalities(part)
    if operator not in ("=", "in") or len(parts) != 2:
        return
    (column, other) = parts if isinstance(parts[0], dict) else reversed(parts)
    if isinstance(column, dict) and "property" in column:
        values = other if isinstance(other, list) else [other]
        yield from ((str(column["property"]), value) for value in values if isinstance(value, str))


def _looked_at(inquiry: Inquiry) -> tuple[File, ...]:
    """Return files that together have few rows, the newest first; of features all, which are read together."""
    files, layer = inquiry.subject.layer.snapshot.files, inquiry.subject.layer
    if not inquiry.subject.kind.indexed:
        return files if layer.rows <= _MOST_ROWS else ()
    return tuple(_first(files[::-1], _MOST_ROWS))


def _first(files: Sequence[File], most: int) -> Iterator[File]:
    """Give the first files that together have at most so many rows."""
    for file, rows in zip(files, accumulate(file.rows for file in files), strict=True):
        if rows <= most:
            yield file


def _values(inquiry: Inquiry, attribute: Attribute, files: tuple[File, ...]) -> set[str]:
    """Return the different values of a column, as they are believed, at any time."""
    whole = Related(Relation.INTERSECTS, Spans.of([Span(None, None)]), "all time")
    conditions = () if inquiry.subject.kind.indexed else (whole,)
    few = replace(inquiry.of_files(files), conditions=conditions)
    values = few.run(Summary((attribute,), (COUNT,))).read_all().column(0)
    return {str(value) for value in values.to_pylist() if value is not None}


def _instead(value: str, values: set[str]) -> str:
    known = sorted(name for name in values if name and len(name) <= _MOST_LETTERS)
    if not known:
        return f"; it has {len(values):,} other values" if values else "; it has no value at all"
    near: Sequence[str] = nearest(value, known)
    if near:
        return f"; nearest: {_quoted(near)}"
    if len(known) <= _LISTED:
        return f"; it has {_quoted(known)}"
    return f"; it has {len(values):,} other values"


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _short(value: str) -> str:
    return value if len(value) <= _MOST_LETTERS else f"{value[: _MOST_LETTERS - 2]} …"
