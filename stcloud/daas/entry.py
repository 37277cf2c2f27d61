"""An entry of the catalogue: a layer of a city, with its definition, columns, loads and extent.

Tested by `tests/daas/test_display.py` and `tests/city/test_city.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stcloud.daas.completeness import Completeness, completeness_of
from stcloud.daas.definition import Definition
from stcloud.daas.description import Description
from stcloud.daas.display import days_text, html_table, one_line
from stcloud.daas.kind.protocol import LayerKind
from stcloud.daas.kind.registry import kind_of
from stcloud.daas.purge.record import PurgeRecord
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.schema import Attribute
from stcloud.errors import FormatError
from stcloud.iaas.table.table import File, Snapshot

if TYPE_CHECKING:
    from stcloud.daas.exchange.receipt import Receipt

__all__ = ["Layer"]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a city: its definition, columns, loads and extent.

    Instants are UTC microseconds. ``span_us`` and ``extent`` include all rows that were ever loaded.
    """

    name: str
    definition: Definition
    snapshot: Snapshot
    attributes: tuple[Attribute, ...]
    read_loads: Callable[[], list[Reckoning]] = field(repr=False, compare=False)
    purges: tuple[PurgeRecord, ...] = field(repr=False, compare=False)
    """Purges of the layer up to this version, oldest first."""
    read_description: Callable[[], Description] = field(
        default=Description, repr=False, compare=False, kw_only=True
    )
    former: tuple[str, ...] = field(default=(), repr=False, compare=False, kw_only=True)
    """Other names that it had: pins of that time have them."""
    read_receipts: Callable[[], tuple[Receipt, ...]] = field(
        default=tuple, repr=False, compare=False, kw_only=True
    )
    """Reads what was received of it, oldest first; of a layer of the city's own nothing."""

    def __repr__(self) -> str:
        names = ", ".join(one_line(attribute.name) for attribute in self.attributes)
        return f"{self._title}\n  {one_line(names)}"

    def _repr_html_(self) -> str:
        columns = [{"column": attribute.name, "type": attribute.type} for attribute in self.attributes]
        return html_table(self._title, ["column", "type"], columns)

    @property
    def _title(self) -> str:
        span = f", {days_text(self.span_us)}" if self.span_us else ""
        return f"Layer {one_line(self.name)}: {self.size_text}{span}, {len(self.attributes)} columns"

    @property
    def loads(self) -> tuple[Reckoning, ...]:
        """Loads of the layer, oldest first; reads the ledger."""
        return tuple(self.read_loads())

    @property
    def description(self) -> Description:
        """What people wrote of the layer, as it is now; reads a small file. See `City.describe`."""
        return self.read_description()

    @property
    def title(self) -> str | None:
        """What the layer is called for people, in its description, or in its definition; None: in neither.

        A damaged description has no title: `City.check` names the damage.
        """
        try:
            return self.description.title or self.definition.title
        except FormatError:
            return self.definition.title

    @property
    def personal(self) -> tuple[str, ...]:
        """Names of the columns that hold what is personal, as its definition marks them."""
        marked = self.definition.personal_columns
        return tuple(attribute.name for attribute in self.attributes if attribute.name in marked)

    @property
    def kind(self) -> str:
        """Name of the layer's kind: ``event`` or ``feature``."""
        return self.definition.kind

    @property
    def layer_kind(self) -> LayerKind:
        """The layer's kind, which knows what its rows look like."""
        return kind_of(self.definition)

    @property
    def rows(self) -> int:
        """Number of stored rows, including those that are no longer current."""
        return sum(file.rows for file in self._rows)

    @property
    def events(self) -> int:
        """Number of current events, or of current versions of features."""
        ended = sum(file.rows for file in self.snapshot.files) - self.rows
        return sum(file.nulls.get("st_recorded_to", file.rows) for file in self._rows) - ended

    @property
    def size_text(self) -> str:
        """What it has now, in words: ``30 events``; of features ``12 versions of features``."""
        single, plural = self.layer_kind.row_names
        return f"{self.events:,} {single if self.events == 1 else plural}"

    @property
    def _rows(self) -> list[File]:
        return self.layer_kind.row_files(self.snapshot)

    @property
    def bytes(self) -> int:
        """Size of the current files in bytes."""
        return self.snapshot.bytes

    @property
    def span_us(self) -> tuple[int, int] | None:
        """Closed interval from the earliest to the latest start, UTC microseconds; None without rows."""
        name = self.layer_kind.time_columns[0]
        return _bounds_us(self.snapshot, name, name)

    @property
    def recorded_us(self) -> tuple[int, int] | None:
        """Closed interval of recorded instants that changed the layer, UTC microseconds; None without rows."""
        bounds = _bounds_us(self.snapshot, "st_recorded_from", "st_recorded_from")
        ended = _bounds_us(self.snapshot, "st_recorded_to", "st_recorded_to")
        return (bounds[0], max(bounds[1], ended[1] if ended else bounds[1])) if bounds else None

    def pin_us(self, known_us: int | None = None) -> int:
        """Return the recorded instant, UTC microseconds, at which an answer from this version is pinned.

        The result is the earlier one of ``known_us`` (None: now) and the newest recorded instant of this version, be
        it of a load or of a purge. Later commits are recorded after it: what was known at the pin never changes.
        """
        recorded = self.recorded_us
        newest_us = max([recorded[1] if recorded else 0, *(purge.recorded_at_us for purge in self.purges)])
        return newest_us if known_us is None else min(known_us, newest_us)

    def axis_us(self, known_us: int) -> int:
        """Return which recorded instant of the layer an instant of the city means, UTC microseconds.

        It is the instant itself; of a layer that was received from another city that of its owner until which it was
        known here then.
        """
        if self.definition.origin is None:
            return known_us
        from stcloud.daas.exchange.receipt import origin_us  # noqa: PLC0415  (few layers are received)

        return origin_us(self.read_receipts(), known_us)

    def completeness(self, known_us: int | None = None) -> Completeness | None:
        """Return until when its rows are complete, as known at a recorded instant; None: no load says so.

        Reads the ledger. Loads that are later than this version do not count.
        """
        return completeness_of(self.read_loads(), known_us, self.pin_us())

    @property
    def extent(self) -> tuple[float, float, float, float] | None:
        """Bounding box of all rows with a place: west, south, east, north in metres of the city's CRS."""
        west, south, east, north = self.layer_kind.bounds_columns
        files = [file for file in self.snapshot.files if west in file.low]
        if not files:
            return None
        return (
            min(file.low[west] for file in files),
            min(file.low[south] for file in files),
            max(file.high[east] for file in files),
            max(file.high[north] for file in files),
        )


def _bounds_us(snapshot: Snapshot, low: str, high: str) -> tuple[int, int] | None:
    lows = [file.low[low] for file in snapshot.files if low in file.low]
    highs = [file.high[high] for file in snapshot.files if high in file.high]
    return (_us(min(lows)), _us(max(highs))) if lows and highs else None


def _us(at: datetime) -> int:
    delta = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
