"""The catalogue: which layers a city has, what each holds, and how its sources are read."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from stcloud.daas.charter import Charter
from stcloud.daas.definition import Definition
from stcloud.daas.layer import EventLayer
from stcloud.daas.ledger import Ledger, Quarantine, Reckoning
from stcloud.daas.schema import Attribute, attributes
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.iaas.bundle import bundled_text, definitions
from stcloud.iaas.folder import Folder, check_name, is_name, read_text, storage_errors
from stcloud.iaas.table import Snapshot, Table

__all__ = ["Catalogue", "Layer"]


@dataclass(frozen=True, slots=True)
class Layer:
    """What a city knows of one layer.

    Instants are UTC microseconds. ``span_us`` is closed, from the earliest to the latest time that an event
    starts; ``extent`` is ``(xmin, ymin, xmax, ymax)`` in the city's CRS, metres; both tell what was ever loaded.
    """

    name: str
    definition: Definition
    snapshot: Snapshot
    attributes: tuple[Attribute, ...]
    _loads: Callable[[], list[Reckoning]] = field(repr=False, compare=False)

    @property
    def loads(self) -> tuple[Reckoning, ...]:
        """The loads, oldest first; reads the ledger."""
        return tuple(self._loads())

    @property
    def kind(self) -> str:
        """``event``."""
        return self.definition.kind

    @property
    def rows(self) -> int:
        """Number of rows kept, superseded ones included."""
        return self.snapshot.rows

    @property
    def events(self) -> int:
        """Number of events believed in now."""
        return sum(file.nulls.get("st_recorded_to", file.rows) for file in self.snapshot.files)

    @property
    def bytes(self) -> int:
        """Size on disk of the current files."""
        return self.snapshot.bytes

    @property
    def span_us(self) -> tuple[int, int] | None:
        """From the earliest to the latest start, closed."""
        return _bounds_us(self.snapshot, "st_time", "st_time")

    @property
    def recorded_us(self) -> tuple[int, int] | None:
        """From the first to the newest load that changed the layer, closed."""
        bounds = _bounds_us(self.snapshot, "st_recorded_from", "st_recorded_from")
        ended = _bounds_us(self.snapshot, "st_recorded_to", "st_recorded_to")
        return (bounds[0], max(bounds[1], ended[1] if ended else bounds[1])) if bounds else None

    @property
    def extent(self) -> tuple[float, float, float, float] | None:
        """Bounding box of the placed events."""
        files = [file for file in self.snapshot.files if "st_x" in file.low]
        if not files:
            return None
        return (
            min(file.low["st_x"] for file in files),
            min(file.low["st_y"] for file in files),
            max(file.high["st_x"] for file in files),
            max(file.high["st_y"] for file in files),
        )


_RECENT = 50
"""Commits that are looked at for what the ledger may lack."""


class Catalogue:
    """The layers of the city in ``folder``."""

    def __init__(self, folder: Folder, charter: Charter) -> None:
        self._folder = folder
        self._charter = charter
        self._tables: dict[str, EventLayer] = {}
        self._definitions: dict[str, tuple[str, Definition]] = {}
        self.ledger = Ledger(Table(folder.path("ledger")))
        self.quarantine = Quarantine(Table(folder.path("quarantine")))

    def names(self) -> tuple[str, ...]:
        """Return the names of the layers that hold something, sorted."""
        with storage_errors("list the layers"):
            found = [path.stem for path in self._folder.path("layers").glob("*.toml")]
        return tuple(sorted(name for name in found if is_name(name) and self.events(name).exists))

    def layers(self) -> tuple[Layer, ...]:
        """Return all layers, by name."""
        return tuple(self.layer(name) for name in self.names())

    def layer(self, name: str) -> Layer:
        """Return one layer; `NotFound` ``unknown-layer`` names the nearest."""
        check_name(name)
        snapshot = self.events(name).current()
        if snapshot is None:
            known = self.names()
            have = ", ".join(known) or "none"
            raise NotFound(
                "unknown-layer",
                f"city '{self._charter.name}' has no layer '{name}' (it has: {have})",
                nearest=nearest(name, known),
            )
        loads = functools.partial(self._loads, name)
        return Layer(name, self._saved(name), snapshot, attributes(snapshot.schema), loads)

    def events(self, name: str) -> EventLayer:
        """Return a layer's table, there or not."""
        check_name(name)
        return self._tables.setdefault(name, EventLayer(name, Table(self._folder.path("layers", name))))

    def definition_for(self, layer: str, given: str | os.PathLike[str] | Definition | None) -> Definition:
        """Return the definition that a load of ``layer`` uses.

        Raises
        ------
        InvalidInput
            ``definition-needed`` at a first load without one; ``other-definition`` when a later load brings
            one that means something else than the city's.
        NotFound
            ``unknown-definition``, with the nearest bundled names.
        """
        saved = self._saved(layer) if self.events(layer).exists else None
        if given is None:
            if saved is None:
                raise InvalidInput(
                    "definition-needed",
                    f"layer '{layer}' is new: nothing says how to read its source",
                    hint="name a definition, or at least --time, and --lon and --lat or --x, --y and --crs",
                )
            return saved
        asked = given if isinstance(given, Definition) else read_definition(given)
        if saved is not None and saved.digest() != asked.digest():
            raise InvalidInput(
                "other-definition",
                f"layer '{layer}' was loaded with another definition than '{asked.id}'",
                hint=f"leave it out, or edit layers/{layer}.toml in the city's folder",
            )
        return saved or asked

    def recovered(self, layer: str, load: str) -> list[Reckoning]:
        """Return earlier loads with this identity, after mending what a killed load left.

        One that was killed between its commit and its entry is entered from its commit's note; files that it
        wrote and did not commit are deleted. The caller holds the layer's lock.
        """
        self.events(layer).table.sweep()
        entered = {one.attempt for one in self.ledger.loads(layer)}
        loads = self._loads(layer)
        self.ledger.write(one for one in loads if one.attempt not in entered)
        same = [one for one in loads if one.load.split(".")[0] == load]
        return [replace(one, known=True) for one in same]

    def _loads(self, layer: str) -> list[Reckoning]:
        """Return a layer's loads in the order of recording, entered in the ledger or just committed."""
        entered = self.ledger.loads(layer)
        attempts = {one.attempt for one in entered}
        events = self.events(layer)
        notes = events.table.notes(_RECENT) if events.exists else []
        missed = [one for one in map(Reckoning.from_row, notes) if one.attempt not in attempts]
        return sorted([*entered, *missed], key=lambda one: one.recorded_at_us)

    @contextlib.contextmanager
    def founding(self, layer: str, definition: Definition) -> Iterator[None]:
        """Save a new layer's definition for the load inside; forget it again when that fails."""
        known = self.events(layer).exists
        if not known:
            saved = definition.model_copy(update={"id": layer}) if definition.id != layer else definition
            self._folder.write_text(saved.to_toml(), "layers", f"{layer}.toml")
        try:
            yield
        except BaseException:
            if not known and not self.events(layer).exists:
                self.events(layer).table.drop()
                self._folder.path("layers", f"{layer}.toml").unlink(missing_ok=True)
            raise

    def _saved(self, layer: str) -> Definition:
        text = self._folder.read_text("layers", f"{layer}.toml")
        known = self._definitions.get(layer)
        if known is None or known[0] != text:
            known = (text, Definition.from_toml(text, name=f"layers/{layer}.toml"))
            self._definitions[layer] = known
        return known[1]


def read_definition(given: str | os.PathLike[str]) -> Definition:
    """Read a definition: a TOML file by its path, or a bundled one by its name."""
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
