"""Spans of time: half-open ``[start, end)`` in UTC microseconds, and sets of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stcloud.time.micros import Bools, Micros
    from stcloud.time.zone import Zone

__all__ = ["Span", "Spans"]


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span of time ``[start_us, end_us)``.

    Parameters
    ----------
    start_us
        First microsecond inside, since 1970-01-01T00:00Z; None: it has always been so.
    end_us
        First microsecond outside; None: it has no end.

    Raises
    ------
    InvalidInput
        ``empty-span``: the end is not after the start.

    Examples
    --------
    >>> day = Span(0, 86_400_000_000)
    >>> day.contains(0), day.contains(86_400_000_000)
    (True, False)
    """

    start_us: int | None
    end_us: int | None

    def __post_init__(self) -> None:
        if self.start_us is not None and self.end_us is not None and self.start_us >= self.end_us:
            raise InvalidInput(
                "empty-span",
                f"a span from {self.start_us} to {self.end_us} holds no time",
                hint="a span ends after it starts, and its end is outside",
            )

    def contains(self, at_us: int) -> bool:
        """Tell whether an instant (UTC microseconds) lies inside: the start does, the end does not."""
        return (self.start_us is None or self.start_us <= at_us) and (
            self.end_us is None or at_us < self.end_us
        )

    def intersect(self, other: Span) -> Span | None:
        """Return the time in both spans, or None where there is none (spans that only touch share nothing)."""
        start_us = max(_low(self), _low(other))
        end_us = min(_high(self), _high(other))
        return _span(start_us, end_us) if start_us < end_us else None

    def text(self, zone: Zone) -> str:
        """Both ends in ISO 8601 on the wall clock of a zone, an open end as ``..``.

        Notes
        -----
        ``parse_when(span.text(zone), zone) == span`` within the years 1 to 9999.

        Examples
        --------
        >>> from stcloud.time import Zone
        >>> Span(0, None).text(Zone("Asia/Shanghai"))
        '1970-01-01T08:00+08:00/..'
        """
        return "/".join(".." if at_us is None else zone.iso(at_us) for at_us in (self.start_us, self.end_us))


@dataclass(frozen=True, slots=True)
class Spans:
    """A set of instants as spans: sorted, disjoint, none touching the next, so equal sets are equal values.

    Make it with ``Spans.of``; ``Spans(())`` holds no time at all.

    Raises
    ------
    InvalidInput
        ``unordered-spans``: the parts are not sorted, or overlap or touch.

    Examples
    --------
    >>> Spans.of([Span(5, 9), Span(0, 3), Span(3, 6)])
    Spans(parts=(Span(start_us=0, end_us=9),))
    """

    parts: tuple[Span, ...]

    def __post_init__(self) -> None:
        for earlier, later in pairwise(self.parts):
            if _high(earlier) >= _low(later):
                raise InvalidInput(
                    "unordered-spans",
                    f"{earlier} and {later} are out of order, overlap or touch",
                    hint="make it with Spans.of",
                )

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Spans:
        """Unite spans given in any order; those that overlap or touch become one."""
        parts: list[Span] = []
        for span in sorted(spans, key=lambda span: (_low(span), _high(span))):
            if parts and _low(span) <= _high(parts[-1]):
                parts[-1] = _span(_low(parts[-1]), max(_high(parts[-1]), _high(span)))
            else:
                parts.append(span)
        return cls(tuple(parts))

    @classmethod
    def always(cls) -> Spans:
        """Return all time."""
        return cls((Span(None, None),))

    def __iter__(self) -> Iterator[Span]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def union(self, other: Spans) -> Spans:
        """Return the time in either set."""
        return Spans.of((*self.parts, *other.parts))

    def intersect(self, other: Spans) -> Spans:
        """Return the time in both sets."""
        shared = (mine.intersect(theirs) for mine in self.parts for theirs in other.parts)
        return Spans.of(span for span in shared if span is not None)

    def complement(self) -> Spans:
        """Return the time outside the set; the complement of the complement is the set."""
        edges = [-math.inf, *(edge for part in self.parts for edge in (_low(part), _high(part))), math.inf]
        gaps = zip(edges[::2], edges[1::2], strict=True)
        return Spans(tuple(_span(low, high) for low, high in gaps if low < high))

    def contains(self, at_us: Micros) -> Bools:
        """Tell for each instant whether it lies inside.

        Parameters
        ----------
        at_us
            ``(n,)`` int64 UTC microseconds.

        Returns
        -------
        ``(n,)`` bool. O(n log k) for k spans.
        """
        limits = np.iinfo(np.int64)
        starts = [limits.min if part.start_us is None else part.start_us for part in self.parts]
        ends = [limits.max if part.end_us is None else part.end_us for part in self.parts]
        begun = np.searchsorted(np.array(starts, dtype=np.int64), at_us, side="right")
        ended = np.searchsorted(np.array(ends, dtype=np.int64), at_us, side="right")
        return np.asarray(begun > ended, dtype=np.bool_)

    def text(self, zone: Zone) -> str:
        """Write the spans in order, as ``Span.text`` does, with commas between; ``never`` for none."""
        return ", ".join(part.text(zone) for part in self.parts) or "never"


def _low(span: Span) -> float:
    return -math.inf if span.start_us is None else span.start_us


def _high(span: Span) -> float:
    return math.inf if span.end_us is None else span.end_us


def _span(low: float, high: float) -> Span:
    return Span(None if low == -math.inf else int(low), None if high == math.inf else int(high))
