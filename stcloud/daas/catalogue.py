"""The catalogue: which layers a city has, what each holds, and how its sources are read.

Tested by `tests/reliability/test_kill.py`, `tests/reliability/test_delete.py` and `tests/properties/test_ingest.py`.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.definition import Definition
from stcloud.daas.definition.document import with_digest
from stcloud.daas.display import html_table, one_line, span_text
from stcloud.daas.kind.protocol import LayerKind
from stcloud.daas.kind.registry import kind_of
from stcloud.daas.ledger import UNDO, Ledger, Reckoning
from stcloud.daas.quarantine import Quarantine
from stcloud.daas.table.feature import FeatureLayer
from stcloud.daas.table.layer import EventLayer, LayerTable
from stcloud.daas.table.schema import Attribute, attributes
from stcloud.errors import FormatError, InvalidInput, NotFound, StorageError, nearest
from stcloud.iaas.bundle import bundled_text, definitions
from stcloud.iaas.clock import Clock
from stcloud.iaas.store.folder import Folder, check_name, is_name, read_text
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.table import File, Snapshot, Table

__all__ = ["Catalogue", "Layer", "read_definition"]


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

    def __repr__(self) -> str:
        names = ", ".join(one_line(attribute.name) for attribute in self.attributes)
        return f"{self._title}\n  {one_line(names)}"

    def _repr_html_(self) -> str:
        columns = [{"column": attribute.name, "type": attribute.type} for attribute in self.attributes]
        return html_table(self._title, ["column", "type"], columns)

    @property
    def _title(self) -> str:
        span = f", {span_text(self.span_us)}" if self.span_us else ""
        nouns = f"{self.kind}{'' if self.events == 1 else 's'}"
        return f"Layer {one_line(self.name)}: {self.events:,} {nouns}{span}, {len(self.attributes)} columns"

    @property
    def loads(self) -> tuple[Reckoning, ...]:
        """Loads of the layer, oldest first; reads the ledger."""
        return tuple(self.read_loads())

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

        The result is the earlier one of ``known_us`` (None: now) and the newest recorded instant of this version.
        Later commits are recorded after it, so what was known at the pin never changes.
        """
        recorded = self.recorded_us
        newest_us = recorded[1] if recorded else 0
        return newest_us if known_us is None else min(known_us, newest_us)

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


_RECENT = 50
"""Commits that are looked at for what the ledger may lack."""


class Catalogue:
    """The layers of the city in ``folder``."""

    def __init__(self, folder: Folder, configuration: CityConfiguration) -> None:
        self._folder = folder
        self._configuration = configuration
        self._tables: dict[str, LayerTable] = {}
        self._definitions: dict[str, tuple[str, Definition]] = {}
        self.ledger = Ledger(Table.at(folder, "ledger"))
        self.quarantine = Quarantine(Table.at(folder, "quarantine"))

    def names(self) -> tuple[str, ...]:
        """Return the names of the layers that hold something, sorted; of those without a definition too."""
        return tuple(name for name in self.begun() if self.table(name).exists)

    def begun(self) -> list[str]:
        """Return the names under which something of a layer lies there, be it a table or a definition alone."""
        below = self._folder.children("layers")
        tables = (key.rpartition("/")[2] for key in below.folders)
        definitions = (key.rpartition("/")[2] for key in below.keys if key.endswith(".toml"))
        return sorted(filter(is_name, {*tables, *(name.removesuffix(".toml") for name in definitions)}))

    def layers(self) -> tuple[Layer, ...]:
        """Return all layers, by name."""
        return tuple(self.layer(name) for name in self.names())

    def layer(self, name: str) -> Layer:
        """Return one layer; `NotFound` ``unknown-layer`` names the nearest."""
        check_name(name)
        snapshot = self.table(name).current()
        if snapshot is None:
            raise self._unknown(name)
        loads = functools.partial(self._loads, name)
        try:
            saved = self._saved(name)
        except (StorageError, FormatError) as error:
            if self.table(name).current() is None:  # it was deleted right now
                raise self._unknown(name) from error
            raise
        return Layer(name, saved, snapshot, attributes(snapshot.schema), loads)

    def _unknown(self, name: str) -> NotFound:
        known = self.names()
        have = ", ".join(known) or "none"
        return NotFound(
            "unknown-layer",
            f"city '{self._configuration.name}' has no layer '{name}' (it has: {have})",
            nearest=nearest(name, known),
        )

    def table(self, name: str) -> LayerTable:
        """Return a layer's table, there or not, of whatever kind."""
        check_name(name)
        return self._tables.setdefault(name, LayerTable(name, Table.at(self._folder, "layers", name)))

    def events(self, name: str) -> EventLayer:
        """Return the table of a layer of events, there or not."""
        return EventLayer(name, self.table(name).table)

    def features(self, name: str) -> FeatureLayer:
        """Return the table of a layer of features, there or not."""
        return FeatureLayer(name, self.table(name).table)

    def shared_tables(self) -> list[Table]:
        """Return the tables that loads of all layers append to, those that are there."""
        return [table for table in (self.ledger.table, self.quarantine.table) if table.exists]

    def definition_for(self, layer: str, given: str | os.PathLike[str] | Definition | None) -> Definition:
        """Return the definition that a load of ``layer`` uses.

        Raises
        ------
        InvalidInput
            ``definition-needed`` at a first load without one; ``other-definition`` when a later load brings one that
            means something else than the city's.
        NotFound
            ``unknown-definition``, with the nearest bundled names.
        """
        saved = self._saved(layer) if self.table(layer).exists else None
        if given is None:
            if saved is None:
                raise InvalidInput(
                    "definition-needed",
                    f"layer '{layer}' is new: nothing says how to read its source",
                    hint="name a definition, or at least --time, and --lon and --lat or --x, --y and --crs",
                )
            return saved
        named = read_definition(given)
        if saved is not None and saved.digest() != named.digest():
            raise InvalidInput(
                "other-definition",
                f"layer '{layer}' was loaded with another definition than '{named.id}'",
                hint=f"leave it out, or edit layers/{layer}.toml in the city's folder",
            )
        return saved or named

    def recovered(self, layer: str, load: str, clock: Clock) -> tuple[list[Reckoning], int]:
        """Return the loads with this identity that stand, and how many there were; mends what a killed load left.

        One that was killed between its commit and its entry is entered from its commit's note; files that it wrote
        and did not commit are deleted. The caller holds the layer's lock.
        """
        self.table(layer).table.discard_uncommitted()
        if not self.table(layer).exists and self.ledger.has_loads(layer):
            self.ledger.delete(layer, clock())  # its deletion was killed before it was entered
        missed = self._missed(layer)
        self.ledger.write(missed)
        loads = self.ledger.loads_of(layer, load)
        same = [entry for entry in loads if entry.mode != UNDO]
        undone = {entry.source for entry in loads if entry.mode == UNDO}
        return [replace(entry, known=True) for entry in same if entry.load not in undone], len(same)

    def _loads(self, layer: str) -> list[Reckoning]:
        """Return a layer's loads in the order of recording, entered in the ledger or just committed."""
        return sorted([*self.ledger.loads(layer), *self._missed(layer)], key=lambda load: load.recorded_at_us)

    def _missed(self, layer: str) -> list[Reckoning]:
        """Return the loads that were committed and are not in the ledger, oldest first."""
        layer_table = self.table(layer)
        notes = layer_table.table.notes(_RECENT) if layer_table.exists else []
        loads = {load.attempt: load for load in map(Reckoning.from_row, reversed(notes))}
        lacking = self.ledger.lacking(layer, loads)
        return [load for attempt, load in loads.items() if attempt in lacking]

    def rejected(self, name: str, load: str | None = None) -> pa.Table:
        """Return the rejected rows of a layer's loads and refused attempts; of one load, its rows as they came.

        Raises
        ------
        NotFound
            ``unknown-layer``: it is not there, and no attempt to make it was refused; ``unknown-load``
        InvalidInput
            ``load-refused``: nothing of the load was loaded; what `Quarantine.records` raises.
        """
        if load is not None:
            return self._rejected_rows(name, load)
        there = self.table(name).exists
        loads = self._loads(name)
        rows = self.quarantine.rows(loads, name, self.ledger.deleted_us(name))
        return rows if there or len(rows) else self.quarantine.rows(self.layer(name).loads)

    def _rejected_rows(self, name: str, load: str) -> pa.Table:
        refused = self.rejected(name)
        loads = {known.load: known for known in self._loads(name)}
        if load in loads:
            return self.quarantine.records(loads[load])
        if load in refused["load"].to_pylist():
            raise InvalidInput(
                "load-refused",
                f"load {load} was refused as a whole: nothing of its file was loaded",
                hint="mend the file itself and load it again",
            )
        raise NotFound(
            "unknown-load", f"layer '{name}' has no load '{load}'", nearest=nearest(load, loads),
        )  # fmt: skip

    @contextlib.contextmanager
    def founding(self, layer: str, definition: Definition) -> Iterator[None]:
        """Save a new layer's definition for the load inside; forget it again when that fails."""
        known = self.table(layer).exists
        if not known:
            saved = definition.model_copy(update={"id": layer}) if definition.id != layer else definition
            self._folder.write_text(with_digest(saved.to_toml()), "layers", f"{layer}.toml")
        try:
            yield
        except BaseException:
            if not known and not self.table(layer).exists:
                self.table(layer).table.drop()
                self._folder.delete("layers", f"{layer}.toml")
            raise

    def delete(self, layer: str, now_us: int) -> None:
        """Delete a layer's table and definition; the caller holds its lock.

        Raises
        ------
        NotFound
            ``unknown-layer``
        """
        self.layer(layer)
        table = self.table(layer).table
        with storage_errors(f"delete layer '{layer}'"), self._folder.staging(f"layer-{layer}") as staging:
            with table.set_aside(staging):  # at once; what is killed while it empties the rest is swept
                self.ledger.delete(layer, now_us)
            self._folder.delete("layers", f"{layer}.toml")

    def _saved(self, layer: str) -> Definition:
        if not self._folder.exists("layers", f"{layer}.toml"):
            raise FormatError(
                "damaged-city",
                f"layer '{layer}' has no definition: layers/{layer}.toml is missing",
                hint="bring it back from a copy of the city",
            )
        text = self._folder.read_text("layers", f"{layer}.toml")
        known = self._definitions.get(layer)
        if known is None or known[0] != text:
            known = (text, Definition.from_toml(text, name=f"layers/{layer}.toml"))
            self._definitions[layer] = known
        return known[1]


def read_definition(given: str | os.PathLike[str] | Definition) -> Definition:
    """Read a definition: a TOML file by its path, or a bundled one by its name; one that is read is returned."""
    if isinstance(given, Definition):
        return given
    path = Path(given)
    if path.suffix == ".toml":
        if not path.is_file():
            raise NotFound("unknown-definition", f"there is no definition file {path}")
        return Definition.from_toml(read_text(path), name=str(path))
    known = definitions()
    if str(given) not in known:
        raise NotFound(
            "unknown-definition",
            f"no bundled definition is called '{given}' (there are: {', '.join(known)})",
            nearest=nearest(str(given), known),
        )
    return Definition.from_toml(bundled_text("layers", f"{given}.toml"), name=f"{given}.toml")


def _bounds_us(snapshot: Snapshot, low: str, high: str) -> tuple[int, int] | None:
    lows = [file.low[low] for file in snapshot.files if low in file.low]
    highs = [file.high[high] for file in snapshot.files if high in file.high]
    return (_us(min(lows)), _us(max(highs))) if lows and highs else None


def _us(at: datetime) -> int:
    delta = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
