"""What a question needs of a layer whose values are given to events; series and scenes lie above, and fit this.

Tested by `tests/paas/query/test_valuing.py` and `tests/paas/scene/test_atevents.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from stcloud.paas.query.answer.pin import Known, Pin
from stcloud.paas.query.join.how import At, How
from stcloud.paas.query.resolve.scope import Scope

__all__ = ["EventValues", "ValueRequest", "ValueSource"]


@dataclass(frozen=True, slots=True)
class ValueRequest:
    """What is wanted of a layer that was measured.

    Parameters
    ----------
    names
        Values of a series; a band of scenes, or arithmetic of bands.
    how
        Which place of the layer an event takes.
    within
        How far in time, as text; None: the layer's step.
    at_us
        Instant of valid time, UTC microseconds; None: each event's own.
    """

    names: tuple[str, ...]
    how: How | At
    within: str | None = None
    at_us: int | None = None


class EventValues(Protocol):
    """What was measured, ready to be given to events."""

    @property
    def pin(self) -> Pin:
        """What the values are pinned at."""

    @property
    def deciding(self) -> tuple[str, ...]:
        """Columns beside an event of which one is not null where it has a value."""

    @property
    def rows_at_once(self) -> int:
        """How many events are wanted at once, so that what is measured is read few times; memory holds them."""

    def described(self) -> str:
        """Return the rule, for people."""

    def columns(self, events: pa.Table) -> Mapping[str, pa.Array | pa.ChunkedArray]:
        """Return columns beside events, which have ``st_x``, ``st_y`` and ``st_time``; null: no value."""


class ValueSource(Protocol):
    """A layer that was measured."""

    def for_events(self, request: ValueRequest, scope: Scope, known: Known) -> EventValues:
        """Return what was measured near the events of a scope, as it was known; refuse what it cannot give."""
