"""The picture of a query: its answer as a map, with its conditions as the title.

Tested by `tests/saas/report/test_map.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from stcloud.paas.query import Place, Predicate
from stcloud.paas.query.condition.during import During
from stcloud.paas.query.condition.located import Located
from stcloud.saas.report.glyph import advice
from stcloud.saas.report.map import draw_map
from stcloud.time import When
from stcloud.time.recurrence import hours_text, weekdays_text
from stcloud.time.season import months_text

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from stcloud.paas.query import Answer, Query
    from stcloud.time import Span, Zone

__all__ = ["area_of", "map_answer", "title_of"]

_ROUND = ("Y", "M", "D")


def map_answer(query: Query, answer: Answer, path: Path, tell: Callable[[str], None] | None = None) -> Path:
    """Draw the answer of a query as a map.

    Parameters
    ----------
    query
        The query; it gives the title and the outline.
    answer
        Its rows, or its counts by cell.
    path
        PNG file to write.
    tell
        Called with the fonts to install, where characters have none.

    Returns
    -------
    The file.

    Raises
    ------
    Unsupported, InvalidInput, StorageError
        As `draw_map`.
    """
    subject = query.subject
    places = [condition.text for condition in query.conditions if isinstance(condition, Place | Located)]
    subtitle = f"{subject.configuration.name}, layer {subject.layer.name}"
    subtitle += "".join(f"  ·  in {place}" for place in places)
    canvas = draw_map(answer, area_of(query), title=title_of(query), subtitle=subtitle, path=path)
    if tell is not None and canvas.missing:
        tell(advice(canvas.missing))
    return path


def title_of(query: Query) -> str:
    """Return what and when a query looks for, as the title of a map.

    Days, months and years are written as people read them, the last one included.
    """
    layer = query.subject.layer
    parts = [condition.text for condition in query.conditions if isinstance(condition, Predicate)]
    parts += [_when(condition.when) for condition in query.conditions if isinstance(condition, During)]
    stated = "; ".join(part for part in parts if part)
    name = layer.definition.title or layer.name
    return f"{name}: {stated}" if stated else name


def area_of(query: Query) -> BaseGeometry | None:
    """Return the area that a query asks for, cells included, in the city's CRS; None: the whole city."""
    lattice = query.subject.configuration.lattice
    shapes = [area for condition in query.conditions if (area := condition.area(lattice)) is not None]
    return functools.reduce(shapely.intersection, shapes) if shapes else None


def _when(when: When) -> str:
    """Write a time condition: ``2024-07 to 2024-09, mon–fri, 07:00-10:00``."""
    periods = [period for span in when.spans if (period := _period(span, when.zone))]
    parts = [" and ".join(periods) if len(when.spans) else "never"]
    if when.months is not None:
        parts.append(months_text(when.months).replace(",", ", "))
    if when.weekdays is not None:
        days = weekdays_text(when.weekdays).split(",")
        running = len(days) > 2 and max(when.weekdays) - min(when.weekdays) == len(days) - 1
        parts.append(f"{days[0]}–{days[-1]}" if running else ", ".join(days))
    if when.days is not None:
        parts.append(str(when.days))
    if when.hours is not None:
        parts.append(hours_text(when.hours))
    return ", ".join(part for part in parts if part)


def _period(span: Span, zone: Zone) -> str:
    ends = [None if end_us is None else _local(end_us, zone) for end_us in (span.start_us, span.end_us)]
    unit = next((unit for unit in _ROUND if all(end is None or _is_round(end, unit) for end in ends)), "m")
    last = 0 if unit == "m" or span.start_us is None else 1
    start, end = (
        "" if end is None else str(end.astype(f"M8[{unit}]") - less).replace("T", " ")
        for end, less in zip(ends, (0, last), strict=True)
    )
    if start and end:
        return start if start == end else f"{start} to {end}"
    return f"since {start}" if start else f"before {end}" if end else ""


def _local(at_us: int, zone: Zone) -> np.datetime64:
    return np.datetime64(int(zone.to_local(np.array([at_us]))[0]), "us")


def _is_round(at: np.datetime64, unit: str) -> bool:
    return bool(at.astype(f"M8[{unit}]") == at)
