"""How two intervals lie to each other: the relations of Allen (ISO 19108, CQL2), by comparing their ends.

::

    a is [start, end), b is [other_start, other_end)

    before         end < other_start                     after           other_end < start
    meets          end = other_start                     met-by          other_end = start
    overlaps       start < other_start < end < other_end overlapped-by   other_start < start < other_end < end
    starts         start = other_start, end < other_end  started-by      start = other_start, end > other_end
    during         other_start < start, end < other_end  contains        start < other_start, other_end < end
    finishes       other_start < start, end = other_end  finished-by     start < other_start, end = other_end
    equals         start = other_start, end = other_end

    intersects     start < other_end, other_start < end  disjoint        not intersects

Of any two intervals exactly one of the first thirteen holds. Intervals that meet share no instant: they are disjoint.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple, Self, overload

from stcloud.errors import InvalidInput, nearest
from stcloud.time.micros import Bools, Micros

__all__ = ["Comparison", "End", "Relation"]


class End(IntEnum):
    """One of the four ends of two intervals; its number is its place in ``(start, end, other_start, other_end)``."""

    START = 0
    END = 1
    OTHER_START = 2
    OTHER_END = 3


class Comparison(NamedTuple):
    """``left sign right``; the sign is ``<``, ``<=`` or ``=``."""

    left: End
    sign: str
    right: End


_A, _B, _C, _D = End
_SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {"<": operator.lt, "<=": operator.le, "=": operator.eq}


class Relation(StrEnum):
    """A relation of one interval to another.

    Examples
    --------
    >>> Relation.parse("metBy"), Relation.MET_BY.inverse
    (<Relation.MET_BY: 'met-by'>, <Relation.MEETS: 'meets'>)
    >>> Relation.OVERLAPS.holds(0, 2, 1, 3), Relation.INTERSECTS.holds(0, 2, 2, 3)
    (True, False)
    """

    AFTER = "after"
    BEFORE = "before"
    CONTAINS = "contains"
    DISJOINT = "disjoint"
    DURING = "during"
    EQUALS = "equals"
    FINISHED_BY = "finished-by"
    FINISHES = "finishes"
    INTERSECTS = "intersects"
    MEETS = "meets"
    MET_BY = "met-by"
    OVERLAPPED_BY = "overlapped-by"
    OVERLAPS = "overlaps"
    STARTED_BY = "started-by"
    STARTS = "starts"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name: ``met-by``, ``metBy``, ``MET_BY``.

        Raises
        ------
        InvalidInput
            ``unknown-relation``, with the nearest.
        """
        known = {_plain(relation.value): relation for relation in cls}
        relation = known.get(_plain(text))
        if relation is None:
            near = [known[name].value for name in nearest(_plain(text), known)]
            raise InvalidInput(
                "unknown-relation", f"'{text}' is no relation of intervals",
                hint="use " + ", ".join(near or [relation.value for relation in cls]),
            )  # fmt: skip
        return relation

    @property
    def inverse(self) -> Relation:
        """The relation of the other interval to this one."""
        return _INVERSES.get(self, self)

    @property
    def denies(self) -> bool:
        """Whether it holds where its `comparisons` do *not* all hold: of ``disjoint`` alone."""
        return self is Relation.DISJOINT

    def comparisons(self, *, closed: bool = False) -> tuple[Comparison, ...]:
        """Return what must all hold (for ``disjoint``: must not), of four ends.

        Parameters
        ----------
        closed
            Ends are inside, as those of days are in CQL2: intervals that meet share what they meet at.
        """
        if self in (Relation.INTERSECTS, Relation.DISJOINT):
            sign = "<=" if closed else "<"
            return Comparison(_A, sign, _D), Comparison(_C, sign, _B)
        return _RULES[self]

    @overload
    def holds(self, start: int, end: int, other_start: int, other_end: int) -> bool: ...

    @overload
    def holds(
        self, start: Micros, end: Micros, other_start: Micros | int, other_end: Micros | int
    ) -> Bools: ...

    def holds(self, start: Any, end: Any, other_start: Any, other_end: Any) -> Any:
        """Tell whether it holds.

        Parameters
        ----------
        start, end, other_start, other_end
            Numbers of one unit, or arrays of them, broadcast; half-open intervals that are not empty. An open end is
            a number beyond all others.

        Returns
        -------
        bool, or one for each.

        Notes
        -----
        Of any two intervals exactly one of the thirteen relations of Allen holds;
        ``one.holds(a, b, c, d) == one.inverse.holds(c, d, a, b)``.
        """
        ends = (start, end, other_start, other_end)
        parts = (_SIGNS[sign](ends[left], ends[right]) for left, sign, right in self.comparisons())
        met = functools.reduce(operator.and_, parts)
        return met ^ True if self.denies else met


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")


def _rule(*parts: tuple[End, str, End]) -> tuple[Comparison, ...]:
    return tuple(Comparison(*part) for part in parts)


_RULES: Mapping[Relation, tuple[Comparison, ...]] = {
    Relation.BEFORE: _rule((_B, "<", _C)),
    Relation.AFTER: _rule((_D, "<", _A)),
    Relation.MEETS: _rule((_B, "=", _C)),
    Relation.MET_BY: _rule((_D, "=", _A)),
    Relation.OVERLAPS: _rule((_A, "<", _C), (_C, "<", _B), (_B, "<", _D)),
    Relation.OVERLAPPED_BY: _rule((_C, "<", _A), (_A, "<", _D), (_D, "<", _B)),
    Relation.STARTS: _rule((_A, "=", _C), (_B, "<", _D)),
    Relation.STARTED_BY: _rule((_A, "=", _C), (_D, "<", _B)),
    Relation.DURING: _rule((_C, "<", _A), (_B, "<", _D)),
    Relation.CONTAINS: _rule((_A, "<", _C), (_D, "<", _B)),
    Relation.FINISHES: _rule((_C, "<", _A), (_B, "=", _D)),
    Relation.FINISHED_BY: _rule((_A, "<", _C), (_B, "=", _D)),
    Relation.EQUALS: _rule((_A, "=", _C), (_B, "=", _D)),
}
_PAIRS = (
    (Relation.BEFORE, Relation.AFTER), (Relation.MEETS, Relation.MET_BY),
    (Relation.OVERLAPS, Relation.OVERLAPPED_BY), (Relation.STARTS, Relation.STARTED_BY),
    (Relation.DURING, Relation.CONTAINS), (Relation.FINISHES, Relation.FINISHED_BY),
)  # fmt: skip
_INVERSES: Mapping[Relation, Relation] = dict(_PAIRS) | {inverse: relation for relation, inverse in _PAIRS}
