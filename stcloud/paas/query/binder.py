"""Values of a question, bound by name: what people write never becomes part of an SQL text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlglot import exp

__all__ = ["Binder", "instant"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(at_us: int) -> datetime:
    """Return an instant as a datetime in UTC.

    >>> instant(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=at_us)


class Binder:
    """Collects the values of one SQL stage.

    >>> binder = Binder()
    >>> binder.bind("x'; DROP TABLE").sql("duckdb"), dict(binder.values)
    ('$v0', {'v0': "x'; DROP TABLE"})
    """

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    @property
    def values(self) -> Mapping[str, Any]:
        """Value by name."""
        return self._values

    def bind(self, value: Any) -> exp.Expression:
        """Return a placeholder for ``value``."""
        name = f"v{len(self._values)}"
        self._values[name] = value
        return exp.Placeholder(this=name)

    def instant(self, at_us: int) -> exp.Expression:
        """Return a placeholder for an instant (UTC microseconds)."""
        return exp.cast(self.bind(instant(at_us)), "timestamptz")
