"""Pieces of streets: lines, cut where they cross others if that is wanted, and at barriers.

Tested by `tests/paas/reach/test_streetpieces.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.ops import substring

from stcloud.paas.reach.streetlines import Flags, Floats, Ints, Shapes, StreetLines

__all__ = ["MEET_M", "StreetPieces", "crossed_lines"]

MEET_M = 0.01
"""Ends of lines so near to each other are one node, metres."""

_AT_END_M = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class StreetPieces:
    """Pieces of lines that no barrier touches inside, ``(n,)``, ordered by line, then place along it.

    Parameters
    ----------
    line, level, line_m
        Number of each piece's line, its level, and how long it is, metres.
    start_m, end_m
        Where it begins and ends along its line, metres.
    starts_open, ends_open
        Whether it meets others there; False: there is a barrier.
    shapes
        Lines of shapely.
    """

    line: Ints
    level: Ints
    line_m: Floats
    start_m: Floats
    end_m: Floats
    starts_open: Flags
    ends_open: Flags
    shapes: Shapes

    def __len__(self) -> int:
        return len(self.line)

    @property
    def length_m(self) -> Floats:
        """Length of each piece, metres."""
        return self.end_m - self.start_m

    @classmethod
    def of(cls, lines: StreetLines, barriers: Shapes, *, crossings: bool) -> StreetPieces:
        """Cut lines.

        Parameters
        ----------
        lines, crossings
            The lines; whether they are cut, and so joined, where they cross others of their level.
        barriers
            Lines and areas, closed: what they touch of a line on the ground is taken out.
        """
        length = lines.lengths_m()
        line, at_m = _crossings(lines) if crossings else (np.zeros(0, np.int64), np.zeros(0))
        cut = _by_line(line, at_m, at_m)
        blocked = _by_line(*_blocked(lines, barriers))
        numbers, parts = [], []
        for number in sorted(cut.keys() | blocked.keys()):
            free = _free(length[number], blocked.get(number, []))
            pieces = [piece for part in free for piece in _split(part, cut.get(number, []))]
            numbers += [number] * len(pieces)
            parts += pieces
        whole = np.setdiff1d(np.arange(len(lines)), np.array(sorted(cut.keys() | blocked.keys()), np.int64))
        columns = np.array(parts, np.float64).reshape(-1, 4).T
        where = np.concatenate([whole, np.array(numbers, np.int64)])
        start_m = np.concatenate([np.zeros(len(whole)), columns[0]])
        end_m = np.concatenate([length[whole], columns[1]])
        open_parts = [np.concatenate([np.ones(len(whole), np.bool_), part > 0]) for part in columns[2:]]
        shapes = np.empty(len(where), object)
        shapes[: len(whole)] = lines.shapes[whole]
        for place in range(len(whole), len(where)):
            shapes[place] = substring(lines.shapes[where[place]], start_m[place], end_m[place])
        order = np.lexsort((start_m, where))
        line = where[order]
        open_starts, open_ends = (part[order] for part in open_parts)
        extent = (start_m[order], end_m[order], open_starts, open_ends)
        return cls(line, lines.level[line], length[line], *extent, shapes[order])


_Part = tuple[float, float, bool, bool]
"""Where it begins and ends, metres, and whether it meets others there."""


def _free(length_m: float, blocked: list[tuple[float, float]]) -> list[_Part]:
    """Return what closed blocked stretches leave of a line; a stretch may be a point."""
    parts: list[_Part] = []
    start, is_open = 0.0, True
    for first, last in sorted(blocked):
        if first > start + _AT_END_M:
            parts.append((start, first, is_open, False))
        if last + _AT_END_M >= start:
            start, is_open = max(start, last), False
    if start < length_m - _AT_END_M:
        parts.append((start, length_m, is_open, True))
    return parts


def _split(part: _Part, cuts: list[tuple[float, float]]) -> list[_Part]:
    """Cut a part at points, where its pieces meet."""
    start, end, starts_open, ends_open = part
    inside = sorted({at for at, _ in cuts if start + _AT_END_M < at < end - _AT_END_M})
    edges = [start, *inside, end]
    last = len(edges) - 2
    return [
        (edges[number], edges[number + 1], starts_open or number > 0, ends_open or number < last)
        for number in range(last + 1)
    ]


def _by_line(line: Ints, first_m: Floats, last_m: Floats) -> dict[int, list[tuple[float, float]]]:
    stretches: dict[int, list[tuple[float, float]]] = {}
    for number, first, last in zip(line.tolist(), first_m.tolist(), last_m.tolist(), strict=True):
        stretches.setdefault(number, []).append((first, last))
    return stretches


@dataclass(frozen=True, slots=True, eq=False)
class _Straights:
    """Straight parts of lines: a line that passes a place twice is cut at both."""

    line: Ints
    shapes: Shapes
    base_m: Floats

    @classmethod
    def of(cls, lines: StreetLines, wanted: Ints) -> _Straights:
        points, number = shapely.get_coordinates(lines.shapes[wanted], return_index=True)
        same = number[1:] == number[:-1]
        line = wanted[number[:-1][same]]
        ends = np.stack([points[:-1][same], points[1:][same]], axis=1)
        far = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
        before = np.concatenate([[0.0], np.cumsum(far)])[:-1]
        first = np.concatenate([[True], line[1:] != line[:-1]]) if len(line) else np.zeros(0, np.bool_)
        base = before - before[np.flatnonzero(first)][np.cumsum(first) - 1]
        kept = far > 0
        return cls(line[kept], shapely.linestrings(ends[kept]), base[kept])

    def stretches(self, straight: Ints, others: Shapes) -> tuple[Ints, Floats, Floats]:
        """Return what straights share with other shapes: lines, and where it begins and ends along them."""
        parts, pair = shapely.get_parts(
            shapely.intersection(self.shapes[straight], others), return_index=True
        )
        row = straight[pair]
        ends = shapely.boundary(parts)
        is_line = (shapely.get_dimensions(parts) == 1) & ~shapely.is_empty(ends)
        first = np.where(is_line, shapely.get_geometry(ends, 0), parts)
        last = np.where(is_line, shapely.get_geometry(ends, 1), parts)
        at = [
            self.base_m[row] + shapely.line_locate_point(self.shapes[row], point) for point in (first, last)
        ]
        return self.line[row], np.minimum(*at), np.maximum(*at)


def _blocked(lines: StreetLines, barriers: Shapes) -> tuple[Ints, Floats, Floats]:
    """Return the stretches of lines on the ground that barriers touch."""
    ground = np.flatnonzero(lines.level == 0)
    tree = shapely.STRtree(barriers)
    touched = np.unique(tree.query(lines.shapes[ground], predicate="intersects")[0])
    straights = _Straights.of(lines, ground[touched])
    straight, barrier = tree.query(straights.shapes, predicate="intersects")
    return straights.stretches(straight.astype(np.int64), barriers[barrier])


def crossed_lines(lines: StreetLines) -> int:
    """Return how many lines share a point between their ends with another one of their level."""
    return len(np.unique(_crossings(lines)[0]))


def _crossings(lines: StreetLines) -> tuple[Ints, Floats]:
    """Return where lines share points, between their ends, with others of their level: lines, and metres along."""
    tree = shapely.STRtree(lines.shapes)
    one_side, other_side = tree.query(lines.shapes, predicate="intersects")
    crossing = (one_side != other_side) & (lines.level[one_side] == lines.level[other_side])
    straights = _Straights.of(lines, np.unique(one_side[crossing]))
    first, second = shapely.STRtree(straights.shapes).query(straights.shapes, predicate="intersects")
    line, beside = straights.line[first], straights.line[second]
    pairs = (line != beside) & (lines.level[line] == lines.level[beside])
    cut, start_m, end_m = straights.stretches(first[pairs].astype(np.int64), straights.shapes[second[pairs]])
    passed, at_m = np.concatenate([cut, cut]), np.concatenate([start_m, end_m])
    inside = (at_m > MEET_M) & (at_m < lines.lengths_m()[passed] - MEET_M)  # else an end meets there
    return passed[inside], at_m[inside]
