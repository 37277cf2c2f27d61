"""Scope: where and when the events of a query may be, by the plan and the log, before any is read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from stcloud.paas.query.join.how import How, Within
from stcloud.paas.query.resolve.bounds import Bounds
from stcloud.paas.query.resolve.prune import Box, time_spans
from stcloud.time import Spans

__all__ = ["Scope"]

_NOWHERE: Box = (math.inf, math.inf, -math.inf, -math.inf)
_MARGIN_M = 1e-3  # far more than coordinates and distances are rounded by


@dataclass(frozen=True, slots=True)
class Scope:
    """A span and a box that hold all events.

    Parameters
    ----------
    start_us, end_us
        UTC microseconds, half-open; empty where there is no event.
    box
        ``(xmin, ymin, xmax, ymax)``, closed, metres; None: anywhere.
    """

    start_us: int
    end_us: int
    box: Box | None = None

    @classmethod
    def of(cls, bounds: Bounds, times: Iterable[Spans]) -> Scope:
        """Return it for a query's bounds and its times."""
        spans = time_spans(bounds.files, times).parts
        start = min((span.start_us for span in spans if span.start_us is not None), default=0)
        end = max((span.end_us for span in spans if span.end_us is not None), default=0)
        enclosing = [_enclosing(boxes) for boxes in bounds.wants.boxes]
        return cls(start, end, _shared(enclosing) if enclosing else None)

    @property
    def empty(self) -> bool:
        """Whether there is no event."""
        return self.start_us >= self.end_us or (self.box is not None and _is_empty(self.box))

    def at(self, at_us: int | None) -> Scope:
        """Return it with the span of one instant, at which features are taken; None: with its own."""
        return self if at_us is None or self.empty else Scope(at_us, at_us + 1, self.box)

    def reach(self, how: How) -> Box | None:
        """Return a box that all partners of the events touch; None: they may be anywhere.

        Examples
        --------
        >>> Scope(0, 9, (0.0, 0.0, 10.0, 10.0)).reach(Within())
        (-0.001, -0.001, 10.001, 10.001)
        """
        metres = 0.0 if isinstance(how, Within) else how.metres
        if self.box is None or math.isinf(metres):
            return None
        xmin, ymin, xmax, ymax = self.box
        far = metres + _MARGIN_M
        return xmin - far, ymin - far, xmax + far, ymax + far


def _enclosing(boxes: Iterable[Box]) -> Box:
    """Return the box that holds boxes; of none, such as of a feature that was not there, a box without inside."""
    west, south, east, north = zip(*boxes, _NOWHERE, strict=True)
    return min(west), min(south), max(east), max(north)


def _shared(boxes: Iterable[Box]) -> Box:
    west, south, east, north = zip(*boxes, strict=True)
    return max(west), max(south), min(east), min(north)


def _is_empty(box: Box) -> bool:
    west, south, east, north = box
    return west > east or south > north
