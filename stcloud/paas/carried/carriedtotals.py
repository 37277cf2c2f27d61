"""Totals of sources as values of targets: nothing is lost, and how sure each value is.

Tested by `tests/paas/carried/test_carriedtotals.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.carried.areapieces import AreaPieces, Ints
from stcloud.paas.carried.wholeparts import whole_parts

__all__ = ["CarriedValues", "carry_values"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CarriedValues:
    """What targets have of the totals of sources.

    Attributes
    ----------
    values
        ``(targets,)`` float64; NaN: no source lies in the target, or one without a total does.
    least, most
        ``(targets,)`` float64: what the value could be, however totals are spread within their sources; NaN likewise.
    carried
        ``(targets,)`` float64: share of the value that comes from sources which lie in the target in part only, of
        magnitudes; 0 is known exactly. NaN likewise, and where nothing comes from any source.
    lacking
        ``(targets,)``: the sources without a total that lie in each target.
    outside
        ``(sources,)`` float64: what of each source's total lies outside of all targets; NaN: it has no total.
    total, withheld
        All totals together, and what of them lies in targets whose value is missing, since another source there has
        no total. ``fsum(values) + fsum(outside) + withheld == total``, to rounding.
    """

    values: Floats
    least: Floats
    most: Floats
    carried: Floats
    lacking: tuple[tuple[str, ...], ...]
    outside: Floats
    total: float
    withheld: float


def carry_values(pieces: AreaPieces, totals: Floats, *, whole: bool = False) -> CarriedValues:
    """Return what targets have of the totals of sources.

    Parameters
    ----------
    pieces
        The pieces of the sources.
    totals
        ``(sources,)`` float64; NaN: not known.
    whole
        Share out whole numbers in whole numbers, by largest remainder.

    Raises
    ------
    InvalidInput
        ``not-whole``: a total is no whole number, and whole numbers are wanted; ``not-finite``.

    Examples
    --------
    >>> import shapely
    >>> from stcloud.paas.carried import pieces_of_areas
    >>> pieces = pieces_of_areas([shapely.box(0, 0, 10, 10)], ["a"], [shapely.box(4, 0, 10, 10)], ["b"])
    >>> carried = carry_values(pieces, np.array([50.0]))
    >>> carried.values.tolist(), carried.least.tolist(), carried.most.tolist(), carried.outside.tolist()
    ([30.0], [0.0], [50.0], [20.0])
    """
    if np.isinf(totals).any():
        name = pieces.sources[int(np.argmax(np.isinf(totals)))]
        raise InvalidInput(
            "not-finite", f"the total of '{name}' is infinite", hint="give a number, or nothing"
        )
    part = _whole(pieces, totals) if whole else totals[pieces.source] * pieces.share
    total = totals[pieces.source]
    of_target: list[list[int]] = [[] for _ in pieces.targets]
    of_source: list[list[int]] = [[] for _ in pieces.sources]
    for piece, target in enumerate(pieces.target.tolist()):
        if target >= 0:
            of_target[target].append(piece)
        else:
            of_source[int(pieces.source[piece])].append(piece)
    lacking = tuple(_lacking(pieces, rows, total) for rows in of_target)
    columns = [
        (np.nan,) * 4 if lacks else _of_target(rows, part, total, pieces.is_whole)
        for rows, lacks in zip(of_target, lacking, strict=True)
    ]
    values, least, most, carried = np.array(columns, np.float64).reshape(-1, 4).T
    withheld = [
        float(part[piece]) for rows, lacks in zip(of_target, lacking, strict=True) if lacks
        for piece in rows if not np.isnan(part[piece])
    ]  # fmt: skip
    outside = np.array([fsum(part[rows]) if rows else 0.0 for rows in of_source]).reshape(-1)
    outside = np.where(np.isnan(totals), np.nan, outside)
    known = fsum(totals[~np.isnan(totals)])
    return CarriedValues(values, least, most, carried, lacking, outside, known, fsum(withheld))


def _of_target(
    rows: list[int], part: Floats, total: Floats, is_whole: NDArray[np.bool_]
) -> tuple[float, float, float, float]:
    """Return value, least, most and the carried share of a target by its pieces; NaN of one without any."""
    if not rows:
        return (np.nan,) * 4
    known = [float(part[row]) for row in rows if is_whole[row]]
    partial = [row for row in rows if not is_whole[row]]
    value = fsum([*known, *(float(part[row]) for row in partial)])
    least = fsum([*known, *(min(float(total[row]), 0.0) for row in partial)])
    most = fsum([*known, *(max(float(total[row]), 0.0) for row in partial)])
    magnitude = fsum(abs(float(part[row])) for row in rows)
    carried = fsum(abs(float(part[row])) for row in partial) / magnitude if magnitude > 0 else np.nan
    return value, least, most, carried


def _lacking(pieces: AreaPieces, rows: list[int], total: Floats) -> tuple[str, ...]:
    return tuple(sorted(pieces.sources[pieces.source[row]] for row in rows if np.isnan(total[row])))


def _whole(pieces: AreaPieces, totals: Floats) -> Floats:
    """Return the parts of pieces in whole numbers: of equal remainders, the first target by key gets one more."""
    broken = ~np.isnan(totals) & (totals != np.floor(totals))
    if broken.any():
        at = int(np.argmax(broken))
        raise InvalidInput(
            "not-whole", f"the total of '{pieces.sources[at]}' is {totals[at]:g}, no whole number",
            hint="leave out whole", in_shell="leave out --whole",
        )  # fmt: skip
    parts = np.full(len(pieces.source), np.nan)
    for source, rows in enumerate(_by_source(pieces)):
        if len(rows) and not np.isnan(totals[source]):
            parts[rows] = whole_parts(float(totals[source]), pieces.share[rows])
    return parts


def _by_source(pieces: AreaPieces) -> list[Ints]:
    """Return the pieces of each source, by the keys of their targets; what is outside comes last."""
    keys = [*pieces.targets, ""]
    rows: list[list[int]] = [[] for _ in pieces.sources]
    for piece in sorted(
        range(len(pieces.source)), key=lambda at: (pieces.target[at] < 0, keys[pieces.target[at]])
    ):
        rows[int(pieces.source[piece])].append(piece)
    return [np.array(each, np.int64) for each in rows]
