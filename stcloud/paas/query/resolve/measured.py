"""What a question needs of a series whose values are given to events; series lie above, and fit these protocols.

Tested by `tests/paas/query/test_valuing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.query.join.how import Nearest
from stcloud.paas.query.resolve.scope import Scope

__all__ = ["EventValues", "SeriesSource"]


class EventValues(Protocol):
    """What stations measured, ready to be given to events."""

    @property
    def pin(self) -> Pin:
        """What readings and stations are pinned at."""

    def described(self) -> str:
        """Return the rule, for people."""

    def columns(self, events: pa.Table) -> Mapping[str, pa.Array]:
        """Return columns beside events, which have ``st_x``, ``st_y`` and ``st_time``; null: no value."""


class SeriesSource(Protocol):
    """A question about a layer of readings."""

    def for_events(
        self, values: Sequence[str], how: Nearest, within: str | None, scope: Scope, known: int | Pin | None
    ) -> EventValues:
        """Return what was measured near the events of a scope, as it was known."""
