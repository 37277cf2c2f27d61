"""What a chart shows of a timeline: values that hold from one instant to the next. Pure values.

Tested by `tests/saas/report/test_stepdata.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.errors import Unsupported
from stcloud.saas.report.chartdata import (
    MOST_MEASURES,
    MOST_PANELS,
    ChartData,
    Floats,
    Panel,
    Series,
    group_text,
)
from stcloud.saas.report.roundinstants import round_instants
from stcloud.saas.report.symbol import is_number

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["step_data"]

Ints = NDArray[np.int64]

_FROM, _TO = "from", "to"
_EARLIEST, _LATEST = (int(np.datetime64(text, "s").astype(np.int64)) for text in ("1000", "9000"))
"""What lies beyond stands for no instant in many files."""
_DAY_S = 86_400
_MOST_TICKS, _MOST_OF_MANY, _EDGE = 10, 5, 25


def step_data(answer: Answer, measures: Mapping[str, str], zone: str, known_s: int) -> ChartData:
    """Return what a chart shows of a timeline.

    Parameters
    ----------
    answer
        Of `Query.timeline`: groups, ``from``, ``to``, measures; by group, then time.
    measures
        Measures as they were written, by their fields.
    zone
        The city's, in which instants are written.
    known_s
        Instant at which the answer was known, UTC seconds: what changes only once is drawn up to it.

    Returns
    -------
    Steps: positions are UTC seconds, and a value holds from its position up to the next.

    Raises
    ------
    Unsupported
        ``no-chart``: nothing changes, or there are too many groups or measures for one picture.
    """
    groups = answer.groups
    fields = [
        field.name
        for field in answer.plain.schema
        if field.name not in (*groups, _FROM, _TO) and is_number(field.type)
    ]
    _refuse(answer, groups, fields)
    since, until = _seconds(answer)
    positions = _positions(since, until, known_s)
    names: list[Any] = list(dict.fromkeys(answer.table[groups[0]].to_pylist())) if groups else [None]
    if len(names) > MOST_PANELS:
        raise Unsupported(
            "no-chart",
            f"a chart has at most {MOST_PANELS} parts, and '{groups[0]}' has {len(names):,} values",
            hint="narrow the question: --what, or group by something coarser",
        )
    panels = []
    for name in names:
        rows = _rows_of(answer, groups, name)
        for field in fields:
            values = _values(answer.table[field], rows, since, until, positions)
            measure = measures.get(field, field)
            title = group_text(name, groups[0]) if groups else measure if len(fields) > 1 else ""
            panels.append(Panel(title, measure, (Series(measure, values),)))
    first, last, most = int(positions[0]), int(positions[-1]), _MOST_TICKS
    if len(panels) > 1:
        last, most = (
            last - (last - first) // _EDGE,
            _MOST_OF_MANY,
        )  # or a label would reach into the next panel
    ticks = round_instants(first, last, ZoneInfo(zone), most)
    return ChartData("steps", "time", positions, (), tuple(panels), ticks=ticks)


def _refuse(answer: Answer, groups: Sequence[str], fields: Sequence[str]) -> None:
    if not len(answer):
        raise Unsupported("no-chart", "this timeline has nothing to draw", hint="widen the question")
    if len(groups) > 1 or (groups and len(fields) > 1):
        raise Unsupported(
            "no-chart", "a chart of a timeline shows one measure by one group, or several of all",
            hint="leave out a --by or a --measure, or write the answer: -o FILE.csv",
        )  # fmt: skip
    if len(fields) > MOST_MEASURES:
        raise Unsupported(
            "no-chart", f"a chart shows at most {MOST_MEASURES} measures", hint="give fewer --measure"
        )


def _seconds(answer: Answer) -> tuple[Floats, Floats]:
    """Return when each step begins and ends, UTC seconds; infinite where no instant is known."""
    ends = []
    for name, beyond in ((_FROM, -np.inf), (_TO, np.inf)):
        us = pc.fill_null(answer.table[name].cast(pa.int64()), np.iinfo(np.int64).max).to_numpy() / 1e6
        ends.append(np.where((us < _EARLIEST) | (us > _LATEST), beyond, us))
    return ends[0], ends[1]


def _positions(since: Floats, until: Floats, known_s: int) -> Ints:
    """Return all instants at which something changes; before and after them some room for what is open there."""
    instants = np.concatenate([since, until])
    known = np.unique(np.floor(instants[np.isfinite(instants)])).astype(np.int64)
    if not len(known):
        raise Unsupported(
            "no-chart", "nothing changes in this timeline at any instant", hint="give a period: --during 2024"
        )
    first, last = int(known[0]), int(known[-1])
    room = (last - first) // 20 or max(known_s - last, _DAY_S)
    before = [first - room] if np.isinf(since).any() else []
    after = [last + room] if np.isinf(until).any() else []
    return np.array([*before, *known.tolist(), *after], np.int64)


def _rows_of(answer: Answer, groups: Sequence[str], name: Any) -> Ints:
    if not groups:
        return np.arange(len(answer))
    values = answer.table[groups[0]].to_pylist()
    return np.array([at for at, value in enumerate(values) if value == name], np.int64)


def _values(column: pa.ChunkedArray, rows: Ints, since: Floats, until: Floats, positions: Ints) -> Floats:
    """Return the value from each position on; NaN where no step holds."""
    numbers = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)[rows]
    starts, ends = (np.floor(instants[rows]) for instants in (since, until))
    at = np.searchsorted(starts, positions, side="right") - 1
    held = (at >= 0) & (positions < ends[np.maximum(at, 0)])
    return np.where(held, numbers[np.maximum(at, 0)], np.nan)
