"""What loads into a city: under the layer's lock, or into a replica for a dry run.

Tested by ``tests/daas/load/test_dry_run.py``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stcloud.city import below
from stcloud.city.parts import CityParts
from stcloud.daas.catalogue import Catalogue
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.exchange.readonly import refuse_received
from stcloud.daas.load.loader import Loader
from stcloud.daas.names import NAMES_FILE
from stcloud.errors import Unsupported
from stcloud.iaas.clock import Clock
from stcloud.iaas.engine.cluster import Cluster, Connected, without_parameters
from stcloud.iaas.store.replica import replica

if TYPE_CHECKING:
    from stcloud.iaas.engine.model import Engine

__all__ = ["cluster_of", "loader_of"]


@contextlib.contextmanager
def loader_of(
    parts: CityParts,
    configuration: CityConfiguration,
    clock: Clock,
    layer: str,
    wait_s: float,
    *,
    dry_run: bool,
    cluster: Cluster | None = None,
) -> Iterator[Loader]:
    """Give what loads into a layer: `Conflict` ``locked`` when another load held it longer than ``wait_s`` seconds.

    A dry run loads into a replica of the layer's table and of the tables that all loads append to. Codes of a unit
    grid are left out there: they change no reckoning.
    """
    folder = parts.folder
    refuse_received(parts.catalogue, layer)
    if not dry_run:
        with parts.catalogue.locked(layer, wait_s=wait_s):
            coder = parts.grids.unit_coder(layer)
            yield Loader(parts.catalogue, folder, configuration, clock, coder, cluster)
        return
    parts.catalogue.refuse_former(layer)
    place = f"layers/{parts.catalogue.naming.folder_of(layer)}"
    keys = ("ledger", "quarantine", NAMES_FILE, place, f"{place}.toml")
    catalogue = parts.catalogue
    for table in (catalogue.ledger.table, catalogue.quarantine.table, catalogue.table(layer).table):
        table.prepare_replica()
    with replica(folder, *keys) as copy:
        yield Loader(Catalogue(copy, configuration), copy, configuration, clock)


@contextlib.contextmanager
def cluster_of(
    engine: str | Engine | None, sources: Sequence[object], *, dry_run: bool
) -> Iterator[Cluster | None]:
    """Give the workers of an engine while a load runs; None for an engine in this process.

    Raises
    ------
    Unsupported
        ``engine-lacks``: the rows come from memory, or it is a dry run.
    StorageError
        ``engine-unreachable``
    """
    if engine is None or engine == "duckdb":
        yield None
        return
    if dry_run:
        raise _lacks(engine, "a dry run loads into a replica that its workers do not see")
    memory = next((source for source in sources if not isinstance(source, str | os.PathLike)), None)
    if memory is not None:
        raise _lacks(engine, f"a {type(memory).__name__} lies in the memory of this process")
    with contextlib.ExitStack() as held:
        started = engine
        if isinstance(started, str):
            started = below.start(started)
            held.callback(started.close)
        yield Cluster(started) if isinstance(started, Connected) else None


def _lacks(engine: str | Engine, why: str) -> Unsupported:
    name = without_parameters(engine if isinstance(engine, str) else engine.name)
    return Unsupported(
        "engine-lacks", f"{name} cannot do this load: {why}",
        hint="load without engine=", in_shell="load without --engine",
    )  # fmt: skip
