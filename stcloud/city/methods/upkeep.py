"""The upkeep of a city: names, deletion, checks of its files, and their clearing.

Tested by `tests/city/test_city.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stcloud.city import below
from stcloud.city.keywords import LOCK_WAIT_S
from stcloud.city.methods.opened import OpenedCity

if TYPE_CHECKING:
    from stcloud.daas.audit import Finding
    from stcloud.daas.purge.purge import Purged
    from stcloud.time import Instant

__all__ = ["CityUpkeep"]


class CityUpkeep(OpenedCity):
    """What keeps a city in order."""

    def rename(self, layer: str, name: str, *, wait_s: float = LOCK_WAIT_S) -> bool:
        """Rename a layer; return False if it has that name already. It keeps its history, loads and indexes.

        Who uses the old name gets an error with the new one, pins with it hold, and no other layer may have it.
        Raises `NotFound` ``unknown-layer``, ``renamed-layer``; `InvalidInput` ``bad-name``, ``name-taken``.
        """
        return self._changes(wait_s).give_name(layer, name)

    def purge(
        self, layer: str, *, before: Instant | None = None, what: str | Iterable[str] = (),
        columns: str | Iterable[str] = (), again: bool = False, dry_run: bool = False, wait_s: float = LOCK_WAIT_S,
    ) -> list[Purged]:  # fmt: skip
        """Remove rows, or their values in some ``columns``, for good: from past beliefs and from disk, too.

        Events that began, features that ended ``before`` an instant (or a span, ``last 2 years``), with a version of
        which all CQL2 filters are true. ``again`` repeats recorded purges without filter, ``dry_run`` only counts.

        Raises
        ------
        NotFound, InvalidInput, Unsupported
            ``scope-needed``, ``unclear-scope``, ``unknown-column``, ``needed-column``; ``no-key``, ``no-purge``.
        """
        stated = below.LayerPurge.of(before, what, columns, again=again, dry_run=dry_run)
        return stated.run(self._parts, self.configuration, self._clock, layer, wait_s=wait_s)

    def delete(self, layer: str, *, wait_s: float = LOCK_WAIT_S) -> None:
        """Delete a layer's table and definition; the ledger keeps its loads. `NotFound` ``unknown-layer``."""
        with self._catalogue.locked(layer, wait_s=wait_s):
            self._parts.grids.forget(layer)
            self._parts.joins(layer).clear()
            self._parts.pixels(layer).clear()
            self._catalogue.delete(layer, self._clock())

    def check(self, layer: str | None = None) -> list[Finding]:
        """Check the files of one layer, or of the whole city, for damage; return a finding for each check.

        A file that cannot be read is a fault of its check. Raises `StorageError` ``no-permission`` if a file may not
        be read.
        """
        parts = self._parts
        layers = below.LayersCheck(
            parts.folder, parts.catalogue, self.configuration, parts.engine, self._clock
        )
        return list(below.CityCheck(layers).city() if layer is None else layers.known_layer(layer))

    def vacuum(self, *, retain_hours: float = 24, force: bool = False) -> int:
        """Delete files that have not been part of a table for ``retain_hours`` hours; return how many.

        Loads and queries may run at the same time, and no history is lost. Less than one hour needs ``force``,
        because running queries may then fail; without it: `InvalidInput` ``retention-too-short``.
        """
        return below.vacuum_city(self._catalogue, self._parts.folder, retain_hours=retain_hours, force=force)
