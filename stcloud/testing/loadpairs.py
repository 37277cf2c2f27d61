"""Two cities that load alike, one of them on a cluster: after each load all that they hold is compared.

Tested by `tests/conformance/test_cluster_loads.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import stcloud
from stcloud.daas.reckoning import Reckoning
from stcloud.errors import StcloudError

__all__ = ["Cities", "dying", "held"]

_NOON_US = 1_717_243_200_000_000


class Cities:
    """Two cities that load alike, one of them on a cluster; all that they hold is compared after each load.

    Parameters
    ----------
    folder
        Where the cities lie, and the working folder of a bucket.
    engine, crs, zone
        Of the loads, and of the cities.
    bucket
        Address of the city that is loaded by the engine; None: it lies in the folder too.
    """

    def __init__(self, folder: Path, engine: Any, *, crs: str, zone: str, bucket: str | None = None) -> None:
        self.folders = (folder / "here", folder / "cluster")
        self.addresses = (str(folder / "here"), bucket or str(folder / "cluster"))
        self.cache = folder / "cache"
        self.engines = (None, engine)
        self.now_us = _NOON_US
        for place in self.addresses:
            stcloud.create(place, crs=crs, zone=zone, cache=self.cache).close()

    def load(self, layer: str, *sources: Path, **terms: Any) -> list[Reckoning] | StcloudError:
        """Load sources; return the reckonings, or the error that both cities raise."""
        self.now_us += 1_000_000
        done = [self._load(at, layer, sources, terms) for at in (0, 1)]
        here, cluster = done
        if isinstance(here, StcloudError) or isinstance(cluster, StcloudError):
            assert (type(cluster), str(cluster)) == (type(here), str(here))
        else:
            assert [figures(reckoning) for reckoning in cluster] == [figures(reckoning) for reckoning in here]
        self.compare(layer)
        return cluster

    def _load(
        self, at: int, layer: str, sources: tuple[Path, ...], terms: dict[str, Any]
    ) -> list[Reckoning] | StcloudError:
        with stcloud.open(self.addresses[at], clock=lambda: self.now_us, cache=self.cache) as city:
            try:
                loaded = city.load(layer, *sources, engine=self.engines[at], **terms)
            except StcloudError as error:
                return error
        return loaded if isinstance(loaded, list) else [loaded]

    def compare(self, layer: str) -> None:
        """Raise `AssertionError` where the cities hold not the same of a layer."""
        here, cluster = (self._held(address, layer) for address in self.addresses)
        assert cluster == here

    def _held(self, address: str, layer: str) -> Any:
        with stcloud.open(address, cache=self.cache) as city:
            return held(city, layer)


def dying(whole: Callable[..., Any], at: int) -> Callable[..., Any]:
    """Return a function that does what ``whole`` does, and raises `KeyboardInterrupt` after its ``at``-th call."""
    count = 0

    def call(*given: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        done = whole(*given, **named)
        if count == at:
            raise KeyboardInterrupt
        return done

    return call


def figures(reckoning: Reckoning) -> dict[str, Any]:
    """Return all that a reckoning says but for the name of its attempt, which is drawn."""
    return {name: value for name, value in asdict(reckoning).items() if name != "attempt"}


def held(city: stcloud.City, layer: str) -> Any:
    """Return all rows of a layer with all of their columns, its quarantine and its rejected rows, or why not."""
    try:
        known = city.layer(layer)
    except StcloudError as error:
        return error.kind
    snapshot = known.snapshot
    table = snapshot.read(snapshot.files) if snapshot.files else snapshot.schema.empty_table()
    by_month: dict[Any, int] = {}
    if "st_row" in table.schema.names:
        table = _with_ends(table)
    else:
        months = sorted((file.partition["st_month"], file.rows) for file in snapshot.files)
        by_month = {month: sum(rows for name, rows in months if name == month) for month, _ in months}
    names = ("st_key", "st_recorded_from", "st_valid_from", "st_time", "st_digest")
    order = [(name, "ascending") for name in names if name in table.schema.names]
    again = [city.rejected(layer, load=load.load).to_pylist() for load in known.loads if load.rejected]
    refused = city.rejected(layer).sort_by(
        [("load", "ascending"), ("row", "ascending"), ("reason", "ascending")]
    )
    return table.schema, table.sort_by(order).to_pylist(), by_month, refused.to_pylist(), again


def _with_ends(rows: pa.Table) -> pa.Table:
    """Return beliefs of features with the instants at which they ended, and without their numbers."""
    begun = rows.filter(pc.is_valid(rows["st_key"]))
    ends = rows.filter(pc.is_null(rows["st_key"])).select(["st_row", "st_recorded_to"]).to_pylist()
    until = {end["st_row"]: end["st_recorded_to"] for end in ends}
    numbers = begun["st_row"].to_pylist()
    assert len(until) == len(ends)
    assert len(set(numbers)) == len(numbers) >= len(until)
    assert until.keys() <= set(numbers)
    kept = begun["st_recorded_to"]
    folded = [own or until.get(number) for number, own in zip(numbers, kept.to_pylist(), strict=True)]
    at = begun.schema.get_field_index("st_recorded_to")
    field = begun.schema.field(at)
    return begun.set_column(at, field, pa.array(folded, field.type)).drop_columns(["st_row"])
