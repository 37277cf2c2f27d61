"""Maps of features in time: what differs between two instants, and the versions of a feature.

Tested by `tests/saas/report/test_versionmap.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from stcloud.errors import Unsupported
from stcloud.saas.report.caption import instant_text
from stcloud.saas.report.glyph import advice
from stcloud.saas.report.map import MapText, draw_map
from stcloud.saas.report.palette import DIFFERING, LINES
from stcloud.saas.report.picture import MapOptions
from stcloud.saas.report.symbol import Category, Shapes, Symbols
from stcloud.saas.report.underlay import underlays
from stcloud.time import instant_us

if TYPE_CHECKING:
    from stcloud.paas.query import Answer, Subject

__all__ = ["map_changes", "map_versions"]

_USUAL = MapOptions()


def map_changes(
    subject: Subject,
    answer: Answer,
    path: Path,
    tell: Callable[[str], None],
    *,
    options: MapOptions = _USUAL,
) -> Path:
    """Draw what differs between two instants: features that were removed, changed or added.

    Parameters
    ----------
    subject
        The layer, in its city.
    answer
        Of `Features.diff`.
    path, tell
        As for `map_answer`.
    options
        Title, and layers underneath; of these by default the layer itself as it was at the first instant.

    Returns
    -------
    The file; raises as `map_answer`.
    """
    kinds = answer.table["change"].to_pylist()
    categories = [Category(kind, *DIFFERING[kind]) for kind in DIFFERING if kind in kinds]
    labels = [category.label for category in categories]
    since, until = (instant_text(answer.facts[name]) for name in ("from", "to"))
    symbols = _symbols(answer.geometry(), [labels.index(kind) for kind in kinds], "change", categories)
    title = f"{_named(subject)}: changes from {since} to {until}"
    text, itself = MapText(title, heading="features"), (subject.layer.name,)
    return _drawn(subject, answer, symbols, path, tell, options, text, itself, answer.facts["from"])


def map_versions(
    subject: Subject,
    answer: Answer,
    path: Path,
    tell: Callable[[str], None],
    *,
    options: MapOptions = _USUAL,
) -> Path:
    """Draw the versions of a feature, each where and while it was valid.

    Versions that follow each other in the same place are drawn as one; what is not believed any more is left out.

    Parameters
    ----------
    subject, path, tell, options
        As for `map_changes`.
    answer
        Of `Features.history`.

    Returns
    -------
    The file.

    Raises
    ------
    Unsupported
        ``no-map``: more versions than colours that can be told apart. Otherwise as `map_answer`.
    """
    rows = answer.plain.to_pylist()
    shapes = answer.geometry()
    order = sorted(
        (at for at, row in enumerate(rows) if row["st_recorded_to"] is None),
        key=lambda at: (rows[at]["st_valid_from"] is not None, rows[at]["st_valid_from"], rows[at]["st_key"]),
    )
    runs = _runs([rows[at] for at in order], [shapes[at] for at in order])
    if len(runs) > len(LINES):
        raise Unsupported(
            "no-map", f"a map shows at most {len(LINES)} versions, and there are {len(runs)}",
            hint="draw the layer at one instant: stcloud show CITY LAYER --as-of T --map FILE.png",
        )  # fmt: skip
    several = len({row["st_key"] for row in rows}) > 1
    categories = [
        Category(_period_of(first, last, several=several), f"{colour}30", colour)
        for (first, last, _), colour in zip(runs, LINES, strict=False)
    ]
    symbols = _symbols(
        np.array([shape for _, _, shape in runs], object), range(len(runs)), "version", categories
    )
    hidden = len(rows) - len(order)
    alone = "1 version that is not believed any more is not shown"
    several_hidden = f"{hidden:,} versions that are not believed any more are not shown"
    left_out = () if not hidden else (alone if hidden == 1 else several_hidden,)
    title = f"{_named(subject)}: versions of {answer.facts['key']}"
    starts = [row["st_valid_from"] for row in rows if isinstance(row["st_valid_from"], datetime)]
    text = MapText(title, left_out=left_out, heading="valid")
    at = max(starts).isoformat() if starts else None
    return _drawn(subject, answer, symbols, path, tell, options, text, None, at)


def _named(subject: Subject) -> str:
    return subject.layer.definition.title or subject.layer.name


def _symbols(shapes: Shapes, kinds: Iterable[int], noun: str, categories: Sequence[Category]) -> Symbols:
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    values = np.array([*kinds], np.float64)[placed]
    return Symbols(shapes[placed], values, noun, unplaced=int((~placed).sum()), categories=tuple(categories))


def _drawn(
    subject: Subject,
    answer: Answer,
    symbols: Symbols,
    path: Path,
    tell: Callable[[str], None],
    options: MapOptions,
    text: MapText,
    names: tuple[str, ...] | None,
    at: str | None,
) -> Path:
    configuration, known = subject.configuration, answer.facts.get("known_at")
    zone = configuration.zone
    text = replace(
        text,
        title=options.title or text.title,
        subtitle=f"{configuration.name}, layer {subject.layer.name}",
        known=f"{instant_text(known)}, {zone.name}" if known else "",
    )
    at_us = subject.layer.pin_us() if at is None else instant_us(at, zone)
    known_us = None if known is None else instant_us(known, zone)
    under = underlays(subject, names if options.under is None else options.under, at_us, tell, known_us)
    canvas = draw_map(symbols, None, text, crs=configuration.crs, under=under, path=path)
    if canvas.missing:
        tell(advice(canvas.missing))
    return path


def _runs(rows: Sequence[Any], shapes: Sequence[Any]) -> list[tuple[Any, Any, Any]]:
    """Return first row, last row and shape of the versions that follow each other in the same place."""
    runs: list[tuple[Any, Any, Any]] = []
    for row, shape in zip(rows, shapes, strict=True):
        for at, (first, last, there) in enumerate(runs):
            follows = last["st_key"] == row["st_key"] and last["st_valid_to"] == row["st_valid_from"]
            if follows and shape is not None and there is not None and shape.equals(there):
                runs[at] = (first, row, there)
                break
        else:
            runs.append((row, row, shape))
    return runs


def _period_of(first: Any, last: Any, *, several: bool) -> str:
    since, until = first["st_valid_from"], last["st_valid_to"]
    texts = [instant_text(at.isoformat()) if isinstance(at, datetime) else "" for at in (since, until)]
    if all(texts):
        period = f"{texts[0]} to {texts[1]}"
    else:
        period = f"since {texts[0]}" if texts[0] else f"until {texts[1]}" if texts[1] else "always"
    return f"{first['st_key']}, {period}" if several else period
