"""Keeping events indexed: which layer is indexed on which grid, and bringing it up to date.

Tested by `tests/paas/grid/test_index.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import xxhash

from stcloud.daas.catalogue import Catalogue
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.table.schema import UNIT
from stcloud.errors import FormatError, InvalidInput, NotFound
from stcloud.iaas.job import Job
from stcloud.iaas.store.folder import Folder, check_name
from stcloud.iaas.store.oserror import storage_errors
from stcloud.paas.cache import Cache
from stcloud.paas.grid.duty import DutyGrids
from stcloud.paas.grid.grid import UnitGrid
from stcloud.paas.grid.index import Affected, Indexed, UnitCoder, affected, index_events

__all__ = ["Indexer"]

_FOLDER = "index"


@dataclass(frozen=True, slots=True)
class Indexer:
    """The indexes of a city's events.

    Parameters
    ----------
    catalogue, folder, configuration, cache
        The city's.
    """

    catalogue: Catalogue
    folder: Folder
    configuration: CityConfiguration
    cache: Cache

    def grid(self, name: str) -> UnitGrid:
        """Return a grid; `NotFound` ``unknown-layer``, `InvalidInput` ``not-a-grid``."""
        layer = self.catalogue.layer(name)
        place = self.folder.arrays(_FOLDER, self.catalogue.naming.folder_of(name))
        lattice, zone = self.configuration.lattice, self.configuration.zone
        return UnitGrid(layer, self.catalogue.features(name), lattice, place, zone, self.cache)

    def duties(self, name: str) -> DutyGrids:
        """Return a layer of duty grids; `NotFound` ``unknown-layer``, `InvalidInput` ``not-duties``."""
        return DutyGrids(self.catalogue.layer(name), self.catalogue.features(name))

    def grids(self) -> tuple[str, ...]:
        """Return the names of the layers that are unit grids."""
        layers = (self.catalogue.layer(name) for name in self.catalogue.names())
        return tuple(
            layer.name
            for layer in layers
            if isinstance(layer.definition, FeatureDefinition) and layer.definition.grid is not None
        )

    def of(self, events: str) -> tuple[UnitGrid, int] | None:
        """Return the grid that a layer of events is indexed on, and as it was known when; None: on none."""
        place = self._note(events)
        with storage_errors(f"read {place}"):
            if (
                not self.folder.exists(_FOLDER, place)
                or UNIT not in self.catalogue.layer(events).snapshot.schema.names
            ):
                return None
        try:
            note = json.loads(self.folder.read_text(_FOLDER, place))
            folder, known_us = str(note["grid"]), int(note["known_us"])
            if note.get("check", _check(folder, known_us)) != _check(folder, known_us):
                return None  # a byte has changed: it proves nothing either
        except (FormatError, ValueError, KeyError, TypeError):
            return None  # it proves nothing: they are to be indexed again
        name = self.catalogue.naming.name_of(folder)
        if self.catalogue.naming.folder_of(name) != folder:
            return None  # it was deleted, and another layer got its name
        try:
            return self.grid(name), known_us
        except (NotFound, InvalidInput):
            return None  # there is no such grid any more

    def _note(self, events: str) -> str:
        """Return the name of the file that says which grid a layer of events is indexed on, by its folder."""
        return f"{self.catalogue.naming.folder_of(check_name(events))}.json"

    def forget(self, layer: str) -> None:
        """Let events not be indexed any more, until they are again; of a grid, let go of what was made ready."""
        self.folder.delete(_FOLDER, self._note(layer))
        self.folder.arrays(_FOLDER, self.catalogue.naming.folder_of(layer)).clear()

    def unit_coder(self, events: str) -> Callable[[pa.RecordBatch], pa.Array] | None:
        """Return what gives the unit codes of rows that are to be loaded; None when the layer is not indexed."""
        index = self.of(events) if self.catalogue.table(events).exists else None
        if index is None:
            return None
        return UnitCoder(index[0].units())

    def chosen(self, events: str, grid: str | None) -> UnitGrid:
        """Return the grid to index on: the given one, or else as before, or else the city's only one."""
        before = self.of(events)
        if grid is not None:
            return self.grid(grid)
        if before is not None:
            return before[0]
        known = self.grids()
        if len(known) != 1:
            have = f"it has several: {', '.join(known)}" if known else "it has none"
            raise InvalidInput(
                "which-grid", f"city '{self.configuration.name}' has no one unit grid to index on ({have})",
                hint="name it: --grid LAYER",
            )  # fmt: skip
        return self.grid(known[0])

    def index(self, events: str, grid: UnitGrid, job: Job) -> Indexed:
        """Bring the index of a layer of events up to date; the caller holds the layer's lock."""
        before = self.of(events)
        changed = None
        if before is not None and before[0].name == grid.name:
            changed = self._changed(grid, before[1])
        if changed is None:  # killed on the way, some have codes of one grid and some of another
            self.forget(events)
        done = index_events(self.catalogue.events(events), grid.units(), changed, job)
        folder = self.catalogue.naming.folder_of(grid.name)
        check = _check(folder, grid.known_us)
        text = json.dumps({"grid": folder, "known_us": grid.known_us, "check": check})
        self.folder.write_text(text, _FOLDER, self._note(events))
        return done

    def outdated(self, loaded: str) -> tuple[str, ...]:
        """Return the layers of events to index after a load: itself, or those that are indexed on the loaded grid.

        What is loaded into a city with one unit grid is indexed on it.
        """
        layer = self.catalogue.layer(loaded) if self.catalogue.table(loaded).current() else None
        if layer is None:
            return ()
        if layer.kind == "event":
            index = self.of(loaded)
            fresh = len(self.grids()) == 1 if index is None else index[1] < index[0].known_us
            return (loaded,) if fresh else ()
        events = [name for name in self.catalogue.names() if self.catalogue.layer(name).kind == "event"]
        indexed = {name: self.of(name) for name in events}
        return tuple(
            name
            for name, index in indexed.items()
            if index is not None and index[0].name == loaded and index[1] < index[0].known_us
        )

    def _changed(self, grid: UnitGrid, known_us: int) -> Affected | None:
        """Tell where a grid differs from what it was known to be; None: everywhere, maybe."""
        recorded, snapshot = grid.layer.recorded_us, grid.layer.snapshot
        if recorded is None or not recorded[0] <= known_us <= recorded[1]:
            return None  # it was deleted and made anew
        then, now = (grid.table.believed(snapshot, at_us) for at_us in (known_us, recorded[1]))
        return affected(grid.table, snapshot, then, now)


def _check(folder: str, known_us: int) -> str:
    """Return a digest of what is noted of an index; notes of older versions have none."""
    return str(xxhash.xxh64_hexdigest(f"{folder} {known_us}".encode()))
