"""The audit: is what lies on disk whole? Files, keys, recorded periods, cells, the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import sqlglot

from stcloud.daas.catalogue import Layer
from stcloud.daas.table.feature import FeatureLayer, read_ends
from stcloud.daas.table.float_keys import mangled_keys
from stcloud.errors import FormatError, StorageError
from stcloud.iaas.engine.model import Engine, Files, Sql
from stcloud.iaas.table.check import broken_files
from stcloud.iaas.table.table import Table
from stcloud.space import Lattice

__all__ = ["Finding", "audit"]

_KEYS = """
SELECT st_key AS example FROM layer WHERE st_recorded_to IS NULL GROUP BY st_key HAVING count(*) > 1
"""
_PERIODS = """
SELECT st_key AS example FROM (
  SELECT st_key, st_recorded_from, st_recorded_to,
         lead(st_recorded_from) OVER (PARTITION BY st_key ORDER BY st_recorded_from) AS following FROM layer
) AS periods
WHERE st_recorded_to <= st_recorded_from OR st_recorded_to > following
   OR (st_recorded_to IS NULL AND following IS NOT NULL)
"""
_PLACES = "SELECT st_key, st_x, st_y, st_cell FROM layer WHERE st_x IS NOT NULL OR st_cell IS NOT NULL"
_LOADS = "SELECT DISTINCT st_load AS example FROM layer"
_BACKWARDS = """
SELECT st_key AS example FROM layer WHERE st_valid_to <= st_valid_from OR st_recorded_to <= st_recorded_from
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: how many faults, and one of them; without a layer it is about the city's tables."""

    layer: str | None
    check: str
    faults: int
    example: str | None = None


def audit(layer: Layer, lattice: Lattice, engine: Engine) -> Iterator[Finding]:
    """Run every check on one layer.

    Returns
    -------
    A finding a check: ``files`` (there, of the size and row count that the log says), ``keys`` (one current row
    each), ``key-text`` (no key is what an older version made of a float), ``periods`` (recorded periods of a key
    neither empty nor overlapping), ``cells`` (as the coordinates say), ``ledger`` (every load in the table is in
    it). Of features: ``files``, ``key-text``, ``overlap`` (valid periods of a key do not overlap), ``periods``,
    ``ends`` (each names a row), ``ledger``.
    """
    files = Files(layer.snapshot, layer.snapshot.files)
    broken = list(broken_files(files.snapshot, files.files))
    if not broken:
        try:
            content = list(_content(layer, files, lattice, engine))
        except (StorageError, FormatError) as error:
            broken = [error.message]
    yield _finding(layer, "files", broken)
    if not broken:
        yield from content


def _content(layer: Layer, files: Files, lattice: Lattice, engine: Engine) -> Iterator[Finding]:
    def ask(query: str) -> pa.RecordBatchReader:
        return engine.run([Sql(sqlglot.parse_one(query, dialect="duckdb"))], {"layer": files})  # type: ignore[arg-type]

    if layer.kind == "feature":
        yield from _features(layer, ask)
        yield _finding(layer, "key-text", mangled_keys(layer))
        return
    yield _finding(layer, "keys", ask(_KEYS).read_all()["example"].to_pylist())
    yield _finding(layer, "key-text", mangled_keys(layer))
    yield _finding(layer, "periods", ask(_PERIODS).read_all()["example"].to_pylist())
    yield _finding(layer, "cells", [key for batch in ask(_PLACES) for key in _misplaced(batch, lattice)])
    loads = set(ask(_LOADS).read_all()["example"].to_pylist())
    yield _finding(layer, "ledger", sorted(loads - {one.load for one in layer.loads}))


def _features(layer: Layer, ask: Callable[[str], pa.RecordBatchReader]) -> Iterator[Finding]:
    table = FeatureLayer(layer.name, Table.of(layer.snapshot))
    believed = table.believed(layer.snapshot)
    key = np.unique(np.asarray(believed.key.to_pylist(), object).astype(str), return_inverse=True)[1]
    order = np.lexsort((believed.start_us, key))
    key, start, end = key[order], believed.start_us[order], believed.end_us[order]
    overlapping = order[1:][(key[1:] == key[:-1]) & (start[1:] < end[:-1])]
    yield _finding(layer, "overlap", believed.key.take(pa.array(overlapping)).to_pylist())
    yield _finding(layer, "periods", ask(_BACKWARDS).read_all()["example"].drop_null().to_pylist())
    rows = (
        ask("SELECT st_row AS example FROM layer WHERE st_key IS NOT NULL").read_all()["example"].to_numpy()
    )
    lost = np.setdiff1d(read_ends(layer.snapshot).row, rows)
    yield _finding(layer, "ends", [str(one) for one in lost.tolist()])
    loads = set(ask(_LOADS).read_all()["example"].drop_null().to_pylist())
    yield _finding(layer, "ledger", sorted(loads - {one.load for one in layer.loads}))


def _finding(layer: Layer, check: str, examples: list[str]) -> Finding:
    return Finding(layer.name, check, len(examples), examples[0] if examples else None)


def _misplaced(batch: pa.RecordBatch, lattice: Lattice) -> list[str]:
    x, y = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
    cells = batch.column("st_cell").fill_null(0).to_numpy()
    wrong = np.flatnonzero(lattice.cells(x, y) != cells)
    return [batch.column("st_key")[int(at)].as_py() for at in wrong]
