"""Keys: which of the rows that came are new, changed, known or repeated; on disk when they are many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stcloud.errors import InternalError
from stcloud.iaas.engine.duck import connect, file_errors, literal
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.checksum import verify_columns

__all__ = ["DuplicateRule", "Keys", "KnownRows", "Settled"]

DuplicateRule: TypeAlias = Literal["last", "first", "refuse", "keep"]
"""Which row stands for a key that came several times: the last, the first, none where they differ, or each.

Kept rows have a running number after their key from the second on, in the order of their digests."""

Renumbered: TypeAlias = tuple[np.ndarray, pa.Array]
_NONE: Renumbered = (np.empty(0, np.int64), pa.array([], pa.string()))
_SCHEMA = pa.schema([("number", pa.int64()), ("key", pa.string()), ("digest", pa.binary())])
_REFUSED = "SELECT number, key FROM came WHERE key IN (SELECT key FROM judged WHERE outcome = 'conflicting')"
_CURRENT = """
CREATE TABLE current AS
SELECT {key} AS key, {digest} AS digest, parse_filename(filename) AS file
FROM read_parquet($paths, filename = true) WHERE {ended} IS NULL
"""
_NO_CURRENT = "CREATE TABLE current (key VARCHAR, digest BLOB, file VARCHAR)"
_NUMBERED = """
CREATE TABLE numbered AS
SELECT number, key || ' #' || place AS key, digest, place FROM (
  SELECT number, key, digest, row_number() OVER (PARTITION BY key ORDER BY digest, number) AS place FROM given
  WHERE hash(key) IN (SELECT hash(key) FROM given GROUP BY hash(key) HAVING count(*) > 1)
) AS several WHERE place > 1
"""
_WITH_NUMBERED = """
CREATE VIEW came AS
SELECT * FROM given WHERE number NOT IN (SELECT number FROM numbered)
UNION ALL SELECT number, key, digest FROM numbered
"""
# Most keys come once: grouping hashes finds the few that may not, and only those are looked at closely.
_SUSPECTS = "CREATE TABLE suspect AS SELECT hash(key) AS h FROM came GROUP BY h HAVING count(*) > 1"
_REPEATED = """
CREATE TABLE repeated AS
SELECT key, {pick}(number) AS number, arg_{pick}(digest, number) AS digest,
       count(*) AS times, count(DISTINCT digest) AS readings
FROM came WHERE hash(key) IN (SELECT h FROM suspect) GROUP BY key
"""
_JUDGED = """
CREATE TABLE judged AS
SELECT winner.number, winner.key, winner.times, current.file,
       CASE WHEN readings > 1 AND $refuse THEN 'conflicting'
            WHEN current.key IS NULL THEN 'new'
            WHEN $compare AND current.digest = winner.digest THEN 'same'
            ELSE 'changed' END AS outcome
FROM (SELECT number, key, digest, 1 AS times, 1 AS readings FROM came
      WHERE hash(key) NOT IN (SELECT h FROM suspect)
      UNION ALL SELECT number, key, digest, times, readings FROM repeated) AS winner
LEFT JOIN current USING (key)
"""


@dataclass(frozen=True, slots=True)
class KnownRows:
    """Rows of Parquet files whose keys are known.

    Parameters
    ----------
    paths
        Returns the files that may hold keys from a least to a greatest one, both inclusive; None: there are no keys.
    key, digest
        Names of the columns of keys, text, and of digests, binary.
    ended
        Name of a column: rows that have a value there do not count.
    """

    paths: Callable[[str | None, str | None], Sequence[str]]
    key: str
    digest: str
    ended: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the rows that came, by row number.

    Attributes
    ----------
    new, changed, same
        Numbers of the rows that stand for their key: it was unknown, known with another digest, or known
        exactly so. Ascending int64.
    repeated
        How many rows gave way to another row of their key.
    conflicting
        Numbers and keys of rows refused because their key came with several readings.
    superseded
        Keys of ``changed`` by the file that holds their current state.
    renumbered
        Numbers of rows, ascending, and their keys, of rows that are kept though their key came before.
    """

    new: np.ndarray
    changed: np.ndarray
    same: np.ndarray
    repeated: int
    conflicting: Mapping[int, str]
    superseded: Mapping[str, pa.Array]
    renumbered: Renumbered = _NONE

    @property
    def stored(self) -> np.ndarray:
        """Numbers of the rows to store, ascending."""
        return np.sort(np.concatenate((self.new, self.changed)), kind="stable")


class Keys:
    """Collects ``(number, key, digest)`` of rows and settles them against rows that are known.

    Parameters
    ----------
    folder
        Where it may spill; the owner removes it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "keys.parquet"
        self._writer: pq.ParquetWriter | None = pq.ParquetWriter(
            self._path, _SCHEMA, compression="lz4", use_dictionary=False, write_statistics=False
        )

    def add(self, numbers: pa.Array, keys: pa.Array, digests: pa.Array) -> None:
        """Take some rows; a number comes once."""
        if self._writer is None:
            raise InternalError("settled", "keys came after they were settled")
        with storage_errors("lay down keys"):
            self._writer.write_batch(pa.RecordBatch.from_arrays([numbers, keys, digests], schema=_SCHEMA))

    def settle(self, known: KnownRows, *, rule: DuplicateRule, compare: bool = True) -> Settled:
        """Decide which row stands for each key and compare it with the known one.

        Without ``compare`` every known key counts as changed.
        """
        self.close()
        with file_errors(), connect(memory="512MB", scratch=str(self._folder / "spill")) as connection:
            return self._settled(connection, known, rule, compare=compare)

    def _settled(
        self, connection: duckdb.DuckDBPyConnection, known: KnownRows, rule: DuplicateRule, *, compare: bool
    ) -> Settled:
        run = connection.execute
        run("SET preserve_insertion_order = false")
        connection.read_parquet(literal(self._path)).create_view("given" if rule == "keep" else "came")
        renumbered = _NONE
        if rule == "keep":
            run(_NUMBERED)
            run(_WITH_NUMBERED)
            kept = run("SELECT number, key FROM numbered ORDER BY number").fetchnumpy()
            renumbered = np.asarray(kept["number"], np.int64), pa.array(kept["key"], pa.string())
        low, high = run("SELECT min(key), max(key) FROM came").fetchone() or (None, None)
        paths = known.paths(low, high)
        if paths:
            names = {"key": known.key, "digest": known.digest, "ended": known.ended}
            verify_columns(paths, tuple(names.values()))
            run(_CURRENT.format(**names), {"paths": [literal(path) for path in paths]})
        else:
            run(_NO_CURRENT)
        run(_SUSPECTS)
        run(_REPEATED.format(pick="min" if rule == "first" else "max"))
        run(_JUDGED, {"refuse": rule in ("refuse", "keep"), "compare": compare})

        def numbers(outcome: str) -> np.ndarray:
            rows = run("SELECT number FROM judged WHERE outcome = $v", {"v": outcome}).fetchnumpy()
            return np.sort(np.asarray(rows["number"], np.int64))

        refused = run(_REFUSED).fetchall()
        lost = run("SELECT sum(times - 1)::BIGINT FROM judged WHERE outcome <> 'conflicting'").fetchone()
        changed = run("SELECT file, list(key) FROM judged WHERE outcome = 'changed' GROUP BY file").fetchall()
        return Settled(
            new=numbers("new"),
            changed=numbers("changed"),
            same=numbers("same"),
            repeated=int(lost[0] or 0) if lost else 0,
            conflicting=dict(refused),
            superseded={file: pa.array(keys, pa.string()) for file, keys in changed},
            renumbered=renumbered,
        )

    def close(self) -> None:
        """Finish the file; nothing more can be added."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
