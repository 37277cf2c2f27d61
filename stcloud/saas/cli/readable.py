"""What a person reads of an answer in a table: short instants, rounded numbers, no columns of stcloud's own.

Files and formats for programs have everything, in full. Tested by `tests/saas/cli/test_readable.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from stcloud.paas.query import Answer

    Floats = NDArray[np.float64]

__all__ = ["Readable", "readable", "short_instant", "short_number"]

_OWN = "st_"
_KEY = "st_key"
_TIMES = ("st_time", "st_time_to", "st_valid_from", "st_valid_to")
_DECIMALS = 6
"""Of a degree these are a decimetre, of a metre a thousandth of a millimetre."""
_SIGNIFICANT = 4
_CENTRE, _COMMUNITY = ("lon", "lat"), "community"
_CENTRE_DECIMALS = 5


class Readable:
    """A table for a person.

    Attributes
    ----------
    names
        Its columns.
    """

    def __init__(self, table: pa.Table, names: Sequence[str], text: Callable[[Any], str]) -> None:
        self.names = list(names)
        self._table, self._text = table, text

    def rows(self) -> Iterator[dict[str, Any]]:
        """Give the rows; they need not be read to the end."""
        for batch in self._table.select(self.names).to_batches(max_chunksize=4096):
            yield from batch.to_pylist()

    def text(self, value: Any) -> str:
        """Return a value as short text."""
        if isinstance(value, datetime):
            return short_instant(value)
        return self._text(value)


def readable(
    answer: Answer, text: Callable[[Any], str], *, every_column: bool = False, most: int | None = None
) -> Readable:
    """Return what a person reads of an answer.

    Columns of stcloud's own (``st_…``) are left out, but for the time where no other column has one, and for an
    answer that has no other columns. A cell has its centre beside it, in degrees, and the community that the centre
    lies in where one is known. Codes of classes have their names before them.

    Parameters
    ----------
    answer
        The answer.
    text
        Returns what is neither an instant nor a number as text.
    every_column
        Whether columns of stcloud's own are shown too.
    most
        How many rows are shown at most; None: all.
    """
    from stcloud.paas.query.answer.coded import labelled  # noqa: PLC0415  (keeps --help light)

    table = _with_centres(answer, labelled(answer.plain.slice(0, most), answer.coded))
    is_row = _KEY in table.schema.names
    number = _rounded if is_row else short_number

    def shown(value: Any) -> str:
        return number(value) if isinstance(value, float) else text(value)

    return Readable(table, table.schema.names if every_column else _names(table.schema), shown)


def _names(schema: pa.Schema) -> list[str]:
    import pyarrow as pa  # noqa: PLC0415  (keeps --help light)

    others = [field for field in schema if not field.name.startswith(_OWN)]
    if not others:
        return list(schema.names)
    has_time = any(pa.types.is_temporal(field.type) for field in others)
    kept = {*(() if has_time else _TIMES), *(field.name for field in others)}
    return [name for name in schema.names if name in kept]


def _with_centres(answer: Answer, table: pa.Table) -> pa.Table:
    """Return a table with, beside a column of cells, the longitude and latitude of their centres, and communities."""
    import numpy as np  # noqa: PLC0415  (keeps --help light)
    import pyarrow as pa  # noqa: PLC0415

    from stcloud.space import project  # noqa: PLC0415

    name, names = answer.shape_column, table.schema.names
    if name is None or not name.startswith("cell_") or name not in names or set(_CENTRE) & set(names):
        return table
    cells = table[name].combine_chunks().fill_null(0).to_numpy(zero_copy_only=False)
    x, y = answer.lattice.centres(cells[cells > 0])
    if (communities := _communities(answer, x, y)) is not None and _COMMUNITY not in names:
        at = pa.array(np.cumsum(cells > 0) - 1, mask=cells <= 0)
        table = table.add_column(names.index(name) + 1, _COMMUNITY, communities.take(at))
    for at, degrees in enumerate(project(x, y, answer.lattice.crs, "OGC:CRS84"), 1):
        values = np.full(len(cells), np.nan)
        values[cells > 0] = np.round(degrees, _CENTRE_DECIMALS)
        column = pa.array(
            [None if math.isnan(value) else f"{value:.{_CENTRE_DECIMALS}f}" for value in values]
        )
        table = table.add_column(names.index(name) + at, _CENTRE[at - 1], column)
    return table


def _communities(answer: Answer, x: Floats, y: Floats) -> pa.Array | None:
    """Return the communities that points lie in; None where none is known."""
    communities = None if answer.communities is None else answer.communities(x, y)
    return communities if communities is not None and communities.null_count < len(communities) else None


def short_instant(value: datetime) -> str:
    """Return an instant on its own clock, to the second; with its offset only where the clock shows it twice.

    >>> from zoneinfo import ZoneInfo
    >>> short_instant(datetime(2024, 3, 5, 7, 30, tzinfo=ZoneInfo("Asia/Shanghai")))
    '2024-03-05 07:30'
    >>> short_instant(datetime(2024, 11, 3, 1, 30, fold=1, tzinfo=ZoneInfo("America/New_York")))
    '2024-11-03 01:30-05:00'
    """
    timespec = "seconds" if value.second or value.microsecond else "minutes"
    is_shown_twice = value.replace(fold=0).utcoffset() != value.replace(fold=1).utcoffset()
    clock = value.replace(microsecond=0) if is_shown_twice else value.replace(microsecond=0, tzinfo=None)
    return clock.isoformat(" ", timespec)


def short_number(value: float) -> str:
    """Return a measure with four digits that count, and never fewer than stand before the point.

    >>> short_number(0.3202044436854888), short_number(503326.7), short_number(3.0), short_number(1e-9)
    ('0.3202', '503327', '3', '1e-09')
    """
    if not math.isfinite(value):
        return ""
    if abs(value) >= 10**_SIGNIFICANT:
        return f"{value:.0f}"
    return f"{value:.{_SIGNIFICANT}g}"


def _rounded(value: float) -> str:
    """Return a value of a row with at most six digits after the point."""
    if not math.isfinite(value):
        return ""
    if value and abs(value) < 10.0**-_SIGNIFICANT:
        return f"{value:.{_SIGNIFICANT}g}"
    return f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
