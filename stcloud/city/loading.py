"""What loads into a city: under the layer's lock, or into a replica for a dry run.

Tested by ``tests/daas/load/test_dry_run.py``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from stcloud.city.parts import CityParts
from stcloud.daas.catalogue import Catalogue
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.load.loader import Loader
from stcloud.daas.names import NAMES_FILE
from stcloud.iaas.clock import Clock
from stcloud.iaas.store.replica import replica

__all__ = ["loader_of"]


@contextlib.contextmanager
def loader_of(
    parts: CityParts,
    configuration: CityConfiguration,
    clock: Clock,
    layer: str,
    wait_s: float,
    *,
    dry_run: bool,
) -> Iterator[Loader]:
    """Give what loads into a layer: `Conflict` ``locked`` when another load held it longer than ``wait_s`` seconds.

    A dry run loads into a replica of the layer's table and of the tables that all loads append to. Codes of a unit
    grid are left out there: they change no reckoning.
    """
    folder = parts.folder
    if not dry_run:
        with parts.catalogue.locked(layer, wait_s=wait_s):
            yield Loader(parts.catalogue, folder, configuration, clock, parts.grids.unit_coder(layer))
        return
    parts.catalogue.refuse_former(layer)
    place = f"layers/{parts.catalogue.naming.folder_of(layer)}"
    keys = ("ledger", "quarantine", NAMES_FILE, place, f"{place}.toml")
    catalogue = parts.catalogue
    for table in (catalogue.ledger.table, catalogue.quarantine.table, catalogue.table(layer).table):
        table.prepare_replica()
    with replica(folder, *keys) as copy:
        yield Loader(Catalogue(copy, configuration), copy, configuration, clock)
