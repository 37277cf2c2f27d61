"""The inspection of a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stcloud.paas.grid.check.codecheck import malformed, misplaced, prefixes, repeated
from stcloud.paas.grid.check.community import Communities, fit
from stcloud.paas.grid.check.coverage import covered, enclosed_gaps, overlaps, unmatched
from stcloud.paas.grid.check.geometry import misshapen, unsuitable
from stcloud.paas.grid.check.inspected import InspectedGrid, Mask
from stcloud.paas.grid.check.order import out_of_order
from stcloud.paas.grid.check.report import Fault, Report
from stcloud.paas.grid.check.rules import Rules
from stcloud.paas.grid.scheme import Scheme

__all__ = ["inspect"]

Columns: TypeAlias = "NDArray[Any] | Sequence[Any]"

_RULES = Rules()


def inspect(
    cells: Columns,
    codes: Columns,
    communities: Columns | None = None,
    community_codes: Columns | None = None,
    valid_from: ArrayLike | None = None,
    valid_to: ArrayLike | None = None,
    *,
    scheme: Scheme,
    rules: Rules = _RULES,
) -> Report:
    """Find everything that is wrong with a unit grid.

    Parameters
    ----------
    cells
        ``(n,)`` polygons in a metric CRS; None and empty ones are faults. With dates, all versions of all cells.
    codes
        ``(n,)`` text; None is a fault.
    communities, community_codes
        Polygons of the newest state and the prefix that their cells' codes have. Without them a gap is found only
        where cells enclose it, and no cell is outside of or across anything.
    valid_from, valid_to
        ``(n,)`` int64, half-open periods in UTC microseconds; open ends are ``ALWAYS`` and ``FOREVER`` of
        `stcloud.daas.table.timeline`. None: all cells are valid always.
    scheme, rules
        Of the codes, its prefix ``community`` names a cell's community; what is tolerated.

    Returns
    -------
    The report, the same for any order of the cells but for the rows it names.

    Raises
    ------
    InvalidInput
        ``uneven-columns``, ``codes-not-text``, ``invalid-communities``; NotFound ``unknown-prefix``.

    Notes
    -----
    Overlaps, codes and dates are looked at for all time; gaps, communities and areas in the newest state, after the
    last change. A cell that reaches into one of another community has two faults: it overlaps and it crosses.
    Linear in the number of vertices; cells whose edges do not match exactly take some ten times as long.

    Examples
    --------
    >>> import shapely
    >>> from stcloud.iaas.bundle import bundled_text
    >>> scheme = Scheme.from_toml(bundled_text("grids", "unit-grid-15.toml"), name="unit-grid-15")
    >>> cells, codes = shapely.box([0, 98], 0, [100, 200], 100), ["320582110152001", "320582110152002"]
    >>> report = inspect(cells, codes, [shapely.box(0, 0, 203, 100)], ["320582110152"], scheme=scheme)
    >>> [(fault.kind, round(fault.area_m2)) for fault in report.faults]
    [('overlap', 200), ('gap', 300)]
    """
    grid = InspectedGrid.of(cells, codes, valid_from, valid_to)
    districts = None if communities is None else Communities.of(communities, community_codes)
    current = grid.current
    return Report.of(len(grid), int(current.sum()), rules, _faults(grid, current, districts, scheme, rules))


def _faults(
    grid: InspectedGrid, current: Mask, communities: Communities | None, scheme: Scheme, rules: Rules
) -> Iterator[Fault]:
    yield from misshapen(grid)
    yield from unsuitable(grid, current, rules)
    suspect = unmatched(grid, current)
    yield from overlaps(grid, suspect, rules)
    named = prefixes(grid, scheme.prefix_length("community"))
    misnamed = [*malformed(grid, scheme), *repeated(grid)]
    well = np.ones(len(grid), np.bool_)
    well[[row for fault in misnamed if fault.kind in {"malformed-code", "no-code"} for row in fault.rows]] = (
        False
    )
    if communities is None:
        yield from _gaps(grid, current, named, suspect, rules)
    else:
        fitted = fit(grid, current, communities, suspect, rules)
        yield from fitted.faults
        misnamed += misplaced(grid, named, fitted.home, communities.codes, current & well)
    yield from misnamed
    unclear = [row for fault in misnamed if fault.kind != "hole-in-time" for row in fault.rows]
    well[unclear] = False
    rows = np.flatnonzero(well & ~grid.faulty)
    yield from out_of_order(grid, rows, named, rules)


def _gaps(
    grid: InspectedGrid, current: Mask, named: NDArray[np.object_], suspect: Mask, rules: Rules
) -> Iterator[Fault]:
    """Find gaps without communities: dissolve what codes say is one, then all of it."""
    _, group = np.unique(named.astype(str), return_inverse=True)
    group = np.where(current, group, -1)
    unions = covered(grid, group, int(group.max(initial=-1)) + 1, suspect)
    yield from enclosed_gaps(grid, unions, current, rules)
