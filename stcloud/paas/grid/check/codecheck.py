"""Codes of cells: their form, their prefix, and that no two cells have the same at one time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.grid.check.inspected import InspectedGrid, Mask, Positions
from stcloud.paas.grid.check.report import Fault
from stcloud.paas.grid.code import problems
from stcloud.paas.grid.scheme import Scheme

__all__ = ["malformed", "misplaced", "prefixes", "repeated"]


def malformed(grid: InspectedGrid, scheme: Scheme) -> Iterator[Fault]:
    """Give cells without a code, and codes that are none of the scheme, with the reason."""
    reasons = problems(grid.codes, scheme)
    for row in np.flatnonzero(reasons.is_valid().to_numpy(zero_copy_only=False)).tolist():
        code = str(grid.codes[row])
        kind, message = (
            ("malformed-code", f"{code!r}: {reasons[row]}") if code else ("no-code", "there is no code")
        )
        yield grid.fault(kind, (row,), message, grid.cells[row], sized=False)


def prefixes(grid: InspectedGrid, length: int) -> NDArray[np.object_]:
    """Return the first characters of each code."""
    return np.array([code[:length] for code in grid.codes], object)


def misplaced(
    grid: InspectedGrid,
    named: NDArray[np.object_],
    home: Positions,
    known: NDArray[np.object_],
    current: Mask,
) -> Iterator[Fault]:
    """Give current cells whose code names a community that there is not, or another than the one they lie in.

    Parameters
    ----------
    named
        ``(n,)``, community that each code names.
    home
        ``(n,)``, position in ``known`` of the community each cell lies in; -1 for none.
    known
        Codes of the communities.
    current
        Cells to look at.
    """
    there = np.isin(named.astype(str), known.astype(str)) if len(known) else np.zeros(len(named), np.bool_)
    actual = np.where(home >= 0, known[home], "") if len(known) else np.full(len(named), "", object)
    for row in np.flatnonzero(current & (~there | ((home >= 0) & (actual != named)))).tolist():
        kind = "wrong-community" if there[row] else "unknown-community"
        message = f"the code names {named[row]}, the cell lies in {actual[row] or 'no community'}"
        yield grid.fault(kind, (row,), message, grid.cells[row], sized=False)


def repeated(grid: InspectedGrid) -> Iterator[Fault]:
    """Give codes that two cells have at one time, codes that end and come back, and periods that are none.

    Versions of one code in periods that meet are one cell that changed.
    """
    for row in np.flatnonzero(grid.start_us >= grid.end_us).tolist():
        yield grid.fault(
            "empty-period", (row,), "the cell ends before it begins, or as it begins", grid.cells[row]
        )
    rows = np.flatnonzero((grid.codes != "") & (grid.start_us < grid.end_us))
    rows = rows[np.lexsort((grid.end_us[rows], grid.start_us[rows], grid.codes[rows].astype(str)))]
    same = np.flatnonzero(grid.codes[rows[1:]] == grid.codes[rows[:-1]])
    previous, latest = -2, 0
    for at in same.tolist():
        before, after = int(rows[at]), int(rows[at + 1])
        latest = int(grid.end_us[before]) if at != previous + 1 else max(latest, int(grid.end_us[before]))
        previous = at
        yield from _version(grid, before, after, latest)


def _version(grid: InspectedGrid, before: int, after: int, latest_us: int) -> Iterator[Fault]:
    """Compare a cell with those before it that have the same code, the last of which ends at ``latest_us``."""
    start, named = int(grid.start_us[after]), f"code {grid.codes[after]}"
    if start > latest_us:
        hole = f"{named} ends at {_date(latest_us)} and begins again at {_date(start)}"
        yield grid.fault("hole-in-time", (before, after), hole, grid.cells[after], sized=False)
    elif start < latest_us:
        equal = start == grid.start_us[before] and grid.end_us[after] == grid.end_us[before]
        kind = "duplicate-code" if equal else "overlapping-dates"
        end = min(latest_us, int(grid.end_us[after]))
        at_once = "" if equal else f" from {_date(start)} to {_date(end)}"
        yield grid.fault(
            kind, (before, after), f"{named} names two cells{at_once}", grid.cells[after], sized=False
        )


def _date(instant_us: int) -> str:
    """Return the instant in UTC, for people."""
    if instant_us == FOREVER:
        return "an unknown end"
    return str(np.datetime64(instant_us, "us").astype("datetime64[s]")) + "Z"
