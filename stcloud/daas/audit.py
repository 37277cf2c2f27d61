"""The audit: is what lies on disk whole? Files, keys, recorded periods, cells, the ledger.

Tested by `tests/reliability/test_damage.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import sqlglot

from stcloud.daas.catalogue import Layer
from stcloud.daas.table.float_keys import mangled_keys
from stcloud.errors import FormatError, StorageError
from stcloud.iaas.engine.model import Engine, Files, Sql
from stcloud.iaas.table.check import broken_files
from stcloud.iaas.table.table import Table
from stcloud.space import Lattice

__all__ = ["Finding", "audit"]

_LOADS = "SELECT DISTINCT st_load AS example FROM layer"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: the number of faults and an example; without a layer it is about the city."""

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

    kind = layer.layer_kind
    table = kind.table(layer.name, Table.of(layer.snapshot))
    for check, examples in kind.findings(table, layer.snapshot, ask, lattice):
        yield _finding(layer, check, examples)
    yield _finding(layer, "key-text", mangled_keys(layer))
    loads = set(ask(_LOADS).read_all()["example"].drop_null().to_pylist())
    yield _finding(layer, "ledger", sorted(loads - {load.load for load in layer.loads}))


def _finding(layer: Layer, check: str, examples: list[str]) -> Finding:
    return Finding(layer.name, check, len(examples), examples[0] if examples else None)
