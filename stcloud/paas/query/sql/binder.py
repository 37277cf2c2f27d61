"""Values of a question, bound by name: what people write never becomes part of an SQL text.

Tested by `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from stcloud.paas.query.sql import exp

__all__ = ["Binder", "instant"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def instant(at_us: int) -> datetime:
    """Return an instant as a datetime in UTC; beyond the years 1 to 9999, where nothing happens, their end.

    >>> instant(0).isoformat(), instant(-(10**17)).isoformat()
    ('1970-01-01T00:00:00+00:00', '0001-01-01T00:00:00+00:00')
    """
    try:
        return _EPOCH + timedelta(microseconds=at_us)
    except OverflowError:
        return _FIRST if at_us < 0 else _LAST


class Binder:
    """Collects the values of one SQL stage.

    Parameters
    ----------
    prefix
        How the values' names begin: statements that are nested need different ones.

    Examples
    --------
    >>> binder = Binder()
    >>> binder.bind("x'; DROP TABLE").sql("duckdb"), dict(binder.values)
    ('$v0', {'v0': "x'; DROP TABLE"})
    """

    def __init__(self, prefix: str = "v") -> None:
        self._values: dict[str, Any] = {}
        self._prefix = prefix

    @property
    def values(self) -> Mapping[str, Any]:
        """Value by name."""
        return self._values

    def values_of(self, query: exp.Query) -> Mapping[str, Any]:
        """Return the values that a query names; some are bound and then not needed."""
        return {
            placeholder.name: self._values[placeholder.name]
            for placeholder in query.find_all(exp.Placeholder)
        }

    def bind(self, value: Any) -> exp.Expression:
        """Return a placeholder for ``value``."""
        name = f"{self._prefix}{len(self._values)}"
        self._values[name] = value
        return exp.Placeholder(this=name)

    def instant(self, at_us: int) -> exp.Expression:
        """Return a placeholder for an instant (UTC microseconds)."""
        return exp.cast(self.bind(instant(at_us)), "timestamptz")
