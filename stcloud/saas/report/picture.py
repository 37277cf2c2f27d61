"""The picture of a query: its answer as a map, with its conditions as the title.

Tested by `tests/saas/report/test_picture.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from stcloud.errors import StcloudError
from stcloud.paas.query import Query
from stcloud.paas.query.condition.period import AsOf
from stcloud.paas.query.run.rate import rated_us
from stcloud.saas.report.caption import (
    compared_with,
    instant_text,
    left_out,
    measures_of,
    places_of,
    title_of,
)
from stcloud.saas.report.glyph import advice
from stcloud.saas.report.map import MapText, draw_map
from stcloud.saas.report.symbol import Symbols, symbols_of
from stcloud.saas.report.underlay import underlays

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from stcloud.paas.query import Answer, Question

__all__ = ["MapOptions", "area_of", "map_answer"]

_MOST_AREAS = 20_000


def _silent(_: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class MapOptions:
    """How a map is wished.

    Parameters
    ----------
    title
        Title; None: what the question says.
    shade
        Field to shade areas by; None: the first measure, or its change where it is compared.
    under
        Layers underneath; None: streets and communities, if there are such layers and they are small.
    """

    title: str | None = None
    shade: str | None = None
    under: tuple[str, ...] | None = None


_NO_OPTIONS = MapOptions()


def map_answer(
    query: Query,
    answer: Answer,
    path: Path,
    tell: Callable[[str], None] | None = None,
    *,
    question: Question | None = None,
    options: MapOptions = _NO_OPTIONS,
) -> Path:
    """Draw the answer of a query as a map.

    Parameters
    ----------
    query
        The query; it gives the title, the outline, and the layers underneath.
    answer
        Its rows, features, or measures by group.
    path
        PNG, SVG or PDF file to write.
    tell
        Called with the fonts to install, where characters have none, and with what is not drawn underneath.
    question
        The question as it was put: what it limits, compares and calls its measures is written on the map.
    options
        How it is wished.

    Returns
    -------
    The file.

    Raises
    ------
    Unsupported, InvalidInput, StorageError
        As `draw_map` and `symbols_of`.
    NotFound
        ``unknown-layer`` underneath.
    """
    tell = tell or _silent
    subject, configuration = query.subject, query.subject.configuration
    groups = None if question is None else tuple(answer.plain.schema.names[: len(question.by)])
    symbols = symbols_of(answer, options.shade, groups, measures_of(answer, question))
    symbols = replace(symbols, counted=subject.layer.kind)
    at_us = _seen_us(query)
    absent = _absent(query, answer, groups, at_us)
    places = "".join(f"  ·  in {place}" for place in places_of(query))
    known = answer.facts.get("known_at")
    text = MapText(
        options.title or title_of(query),
        f"{configuration.name}, layer {subject.layer.name}{places}",
        left_out(answer, question),
        f"{instant_text(known)}, {configuration.zone.name}" if known else "",
        _heading(symbols, compared_with(question)),
    )
    under = underlays(subject, options.under, at_us, tell)
    canvas = draw_map(
        symbols, area_of(query), text, crs=configuration.crs, under=under, absent=absent, path=path
    )
    if canvas.missing:
        tell(advice(canvas.missing))
    return path


def _heading(symbols: Symbols, other: str) -> str:
    """Return what stands above the classes of changes; empty: what is usual."""
    ends = {"_change_pct": "change in %", "_change": "change"}
    for end, change in ends.items():
        if symbols.changes and symbols.measure.endswith(end):
            return f"{change} of {symbols.measure.removesuffix(end)} per {symbols.noun} from {other or 'the other'}"
    return ""


def _seen_us(query: Query) -> int:
    """Return the instant whose layers are drawn: that of the features, or the last of the question's time."""
    instants = [condition.at_us for condition in query.conditions if isinstance(condition, AsOf)]
    return instants[0] if instants else rated_us(query.inquiry())


def _absent(query: Query, answer: Answer, groups: Sequence[str] | None, at_us: int) -> list[BaseGeometry]:
    """Return the features of the layer that an answer is grouped by of which it has no row, if they are not many."""
    column = answer.shape_column or ""
    layers = [name.removeprefix("in_") for name in groups or () if name == column and name.startswith("in_")]
    if not layers or any(query.conditions[at].area(query.subject.configuration.lattice) is not None
                         for at in range(len(query.conditions))):  # fmt: skip
        return []
    try:
        layer = query.subject.other(layers[0])
    except StcloudError:  # grouped by a column of the layer: its areas are unions
        return []
    if layer.events > _MOST_AREAS:
        return []
    valid = layer.as_of(at_us)
    present = set(answer.table[column].to_pylist())
    keys, shapes = valid.table["st_key"].to_pylist(), np.asarray(valid.geometry(), object)
    return [
        shape for key, shape in zip(keys, shapes, strict=True)
        if key not in present and shape is not None and not shapely.is_empty(shape)
    ]  # fmt: skip


def area_of(query: Query) -> BaseGeometry | None:
    """Return the area that a query asks for, cells included, in the city's CRS; None: the whole city."""
    lattice = query.subject.configuration.lattice
    shapes = [area for condition in query.conditions if (area := condition.area(lattice)) is not None]
    return functools.reduce(shapely.intersection, shapes) if shapes else None
