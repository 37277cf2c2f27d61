"""What a purge removes: rows by time, by a filter, all of them or values of some columns, stated without any value.

Tested by `tests/daas/purge/test_scope.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.definition import Definition
from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, NotFound, Unsupported, nearest
from stcloud.time import Instant, When, Zone, instant_us

__all__ = ["PurgeScope", "RowTest", "purge_columns", "read_before"]


@dataclass(frozen=True, slots=True)
class RowTest:
    """A filter that is read: which rows of a batch it keeps, and the names of the columns that it looks at."""

    mask: Callable[[pa.RecordBatch], NDArray[np.bool_]]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PurgeScope:
    """What a purge removes.

    Parameters
    ----------
    before, before_us
        Rows that were over before this instant: as it was written, and UTC microseconds; None: of any time.
    columns
        Names of the columns whose values go; empty: whole rows go.
    filtered
        Names of the columns that a filter on rows looks at; None: there is no filter. The filter itself is recorded
        nowhere, since it may hold what is to be removed.
    """

    before: str | None = None
    before_us: int | None = None
    columns: tuple[str, ...] = ()
    filtered: tuple[str, ...] | None = None

    @property
    def repeats(self) -> bool:
        """Whether the record says which rows are meant, so that the purge can be repeated, and loads heed it."""
        return self.before_us is not None and self.filtered is None

    def __str__(self) -> str:
        what = f"{', '.join(self.columns)} of rows" if self.columns else "rows"
        when = "" if self.before is None else f" before {self.before}"
        which = (
            ""
            if self.filtered is None
            else f" that a filter on {', '.join(self.filtered) or 'nothing'} keeps"
        )
        return f"{what}{when}{which}"

    def to_json(self) -> dict[str, Any]:
        """Return what the ledger records."""
        return {
            "before": self.before,
            "before_us": self.before_us,
            "columns": list(self.columns),
            "filtered": None if self.filtered is None else list(self.filtered),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PurgeScope:
        """Return what the ledger recorded."""
        filtered = document.get("filtered")
        return cls(
            document.get("before"), document.get("before_us"), tuple(document.get("columns", ())),
            None if filtered is None else tuple(filtered),
        )  # fmt: skip


Before: TypeAlias = Instant | None


def read_before(before: Before, zone: Zone, now_us: int) -> tuple[str | None, int | None]:
    """Return an instant as it was written, and in UTC microseconds: of a span of time, its first.

    Relative spans are as of now: ``last 2 years`` is the instant two years ago.

    Raises
    ------
    InvalidInput
        ``unreadable-time``; ``out-of-range``: the span has no beginning.
    """
    if before is None:
        return None, None
    if not isinstance(before, str):
        at_us = instant_us(before, zone)
        return zone.iso(at_us), at_us
    (span,) = When.of(before, zone=zone, now=now_us).spans.parts
    if span.start_us is None:
        raise InvalidInput(
            "out-of-range", f"'{before}' has no beginning", hint="write an instant, as in 2022-01-01"
        )
    return before, span.start_us


def purge_columns(
    definition: Definition, attributes: Sequence[Attribute], columns: Iterable[str]
) -> tuple[Attribute, ...]:
    """Return the columns of a layer whose values are to go, each once.

    Raises
    ------
    NotFound
        ``unknown-column``, with the nearest names.
    InvalidInput
        ``needed-column``: the key, the time or the place of rows is made of it.
    Unsupported
        ``no-key``: the rows have no key but the digest of all their values.
    """
    known = {attribute.name: attribute for attribute in attributes}
    names = list(dict.fromkeys(columns))
    for name in names:
        if name not in known:
            raise NotFound(
                "unknown-column",
                f"layer '{definition.id}' has no column '{name}'",
                nearest=nearest(name, known),
            )
    roles = {name: definition.column(name).rename or name for name in definition.roles}
    needed = {*roles, *roles.values()}
    for name in names:
        if name in needed:
            raise InvalidInput(
                "needed-column",
                f"the key, the time or the place of rows is made of column '{name}': it cannot become null alone",
                hint="purge whole rows: leave out --columns",
            )
    if names and not definition.key_columns:
        raise Unsupported(
            "no-key",
            f"rows of layer '{definition.id}' have no key but the digest of all their values",
            hint="purge whole rows: leave out --columns",
        )
    return tuple(known[name] for name in names)
