"""Changes of a city's layers, each under the layer's lock: loads, loads that are undone, events that are indexed.

Tested by `tests/reliability/test_race.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from stcloud.city.keywords import LOCK_WAIT_S, GivenEngine
from stcloud.city.loading import cluster_of, loader_of
from stcloud.city.parts import CityParts
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.exchange.readonly import refuse_received
from stcloud.daas.load.draft import Drafted, Options
from stcloud.daas.load.notes import with_clock_note
from stcloud.daas.load.sequence import Given, LoadSequence, LoadTerms, drafted, spool
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.renaming import rename_layer
from stcloud.errors import InvalidInput, StcloudError
from stcloud.iaas.clock import Clock
from stcloud.iaas.job import Job
from stcloud.iaas.source.memory.spooling import ready
from stcloud.iaas.source.paths import expanded
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.again import anew_when_overtaken
from stcloud.paas.grid import Indexed

__all__ = ["LayerChanges", "Watchers"]


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who follows a load; see `City.load`."""

    on_loaded: Callable[[Reckoning], None] | None = None
    on_failed: Callable[[StcloudError], None] | None = None
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class LayerChanges:
    """Changes the layers of a city, and brings the indexes up to date that a change leaves behind.

    Parameters
    ----------
    parts, configuration, clock
        The city's.
    wait_s
        How long another writer of the layer is waited for, in seconds.
    """

    parts: CityParts
    configuration: CityConfiguration
    clock: Clock
    wait_s: float = LOCK_WAIT_S

    def load(
        self, layer: str, sources: Sequence[object], terms: LoadTerms, watchers: Watchers, *, dry_run: bool,
        engine: GivenEngine = None,
    ) -> list[Reckoning]:  # fmt: skip
        """Load sources and return their reckonings; see `City.load`."""
        job = watchers.job
        with (
            cluster_of(engine, sources, dry_run=dry_run) as cluster,
            loader_of(
                self.parts, self.configuration, self.clock, layer, self.wait_s, dry_run=dry_run,
                cluster=cluster,
            ) as loader,
        ):  # fmt: skip
            delivery = LoadSequence(
                loader, layer, terms, job or Job(), watchers.on_loaded, watchers.on_failed
            )
            delivery.run(expanded(sources))
        if delivery.loaded and not dry_run:  # also when a later file failed
            self._follow(layer, job)
        return delivery.reckonings()

    def draft(
        self, layer: str, source: object, definition: Given, options: Options, *, dated: bool
    ) -> Drafted:
        """Return the definition that a load would use; see `City.draft`."""
        folder = partial(spool, self.parts.catalogue, self.parts.folder, layer, self.wait_s)
        with ready(source, folder, form=options.source_format) as file:
            return drafted(self.parts.catalogue, layer, file, definition, options, dated=dated)

    def undo(self, layer: str, load: str) -> Reckoning:
        """Undo a load and return the reckoning; see `City.undo`."""
        known = self.parts.catalogue
        kind = known.layer(layer).layer_kind
        refuse_received(known, layer)

        @anew_when_overtaken
        def undone() -> Reckoning:
            known.recovered(layer, load, self.clock)
            table = kind.table(layer, known.table(layer).table)
            return kind.undo(table, known.ledger, load, self.clock())

        with known.locked(layer, wait_s=self.wait_s), storage_errors(f"take back {load}"):
            done = undone()
        self._follow(layer, None)
        return with_clock_note(done, self.clock(), None, self.configuration.zone)

    def index(self, events: str, grid: str | None, job: Job | None) -> Indexed:
        """Store with every event the code of its cell; see `City.index`."""
        grids, catalogue = self.parts.grids, self.parts.catalogue
        if catalogue.layer(events).layer_kind.versioned:
            raise InvalidInput(
                "not-events", f"layer '{events}' holds features", hint="index a layer of events"
            )
        with catalogue.locked(events, wait_s=self.wait_s):
            return grids.index(events, grids.chosen(events, grid), job or Job())

    def give_name(self, old: str, new: str) -> bool:
        """Rename a layer; see `City.rename`."""
        return rename_layer(self.parts.catalogue, self.parts.folder, old, new, self.clock, wait_s=self.wait_s)

    def _follow(self, layer: str, job: Job | None) -> None:
        for events in self.parts.grids.outdated(layer):
            self.index(events, None, job)
