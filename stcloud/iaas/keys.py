"""Keys: which of the rows that came are new, changed, known or repeated; on disk when they are many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from stcloud.iaas.duck import connect
from stcloud.iaas.table import Snapshot

__all__ = ["Keys", "Settled"]

_CURRENT = """
CREATE TABLE current AS
SELECT st_key AS key, st_digest AS digest, parse_filename(filename) AS file
FROM read_parquet($paths, filename = true) WHERE st_recorded_to IS NULL
"""
_NO_CURRENT = "CREATE TABLE current (key VARCHAR, digest BLOB, file VARCHAR)"
_WINNERS = """
CREATE TABLE winner AS
SELECT key, {pick}(number) AS number, arg_{pick}(digest, number) AS digest,
       count(*) AS times, count(DISTINCT digest) AS readings
FROM came GROUP BY key
"""
_JUDGED = """
CREATE TABLE judged AS
SELECT winner.*, current.file,
       CASE WHEN times > 1 AND readings > 1 AND $refuse THEN 'conflicting'
            WHEN current.key IS NULL THEN 'new'
            WHEN $compare AND current.digest = winner.digest THEN 'same'
            ELSE 'changed' END AS verdict
FROM winner LEFT JOIN current USING (key)
"""


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
    """

    new: np.ndarray
    changed: np.ndarray
    same: np.ndarray
    repeated: int
    conflicting: Mapping[int, str]
    superseded: Mapping[str, pa.Array]

    @property
    def stored(self) -> np.ndarray:
        """Numbers of the rows to store, ascending."""
        return np.union1d(self.new, self.changed)


class Keys:
    """Collects ``(number, key, digest)`` of rows and settles them against a table's current state.

    Parameters
    ----------
    folder
        Where it may spill; the owner removes it.
    """

    def __init__(self, folder: Path) -> None:
        self._connection = connect(
            memory="384MB", scratch=str(folder / "spill"), path=str(folder / "keys.duckdb")
        )
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute("CREATE TABLE came (number BIGINT, key VARCHAR, digest BLOB)")

    def add(self, numbers: pa.Array, keys: pa.Array, digests: pa.Array) -> None:
        """Take some rows; a number comes once."""
        self._connection.register("batch", pa.table({"number": numbers, "key": keys, "digest": digests}))
        self._connection.execute("INSERT INTO came SELECT number, key, digest FROM batch")
        self._connection.unregister("batch")

    def settle(
        self, snapshot: Snapshot, *, rule: Literal["last", "first", "refuse"], compare: bool = True
    ) -> Settled:
        """Decide which row stands for each key and compare it with the current state in ``snapshot``.

        Without ``compare`` every known key counts as changed.
        """
        run = self._connection.execute
        paths = snapshot.paths(file for file in snapshot.files if file.nulls.get("st_recorded_to") != 0)
        if paths:
            run(_CURRENT, {"paths": paths})
        else:
            run(_NO_CURRENT)
        run(_WINNERS.format(pick="min" if rule == "first" else "max"))
        run(_JUDGED, {"refuse": rule == "refuse", "compare": compare})
        refused = self._rows(
            "SELECT number, key FROM came WHERE key IN (SELECT key FROM judged WHERE verdict = 'conflicting')"
        )
        losers = self._rows("SELECT sum(times - 1)::BIGINT FROM judged WHERE verdict <> 'conflicting'")
        changed = self._rows("SELECT file, list(key) FROM judged WHERE verdict = 'changed' GROUP BY file")
        return Settled(
            new=self._numbers("new"),
            changed=self._numbers("changed"),
            same=self._numbers("same"),
            repeated=int(losers[0][0] or 0),
            conflicting=dict(refused),
            superseded={file: pa.array(keys, pa.string()) for file, keys in changed},
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _numbers(self, verdict: str) -> np.ndarray:
        found = self._connection.execute(
            "SELECT number FROM judged WHERE verdict = $v ORDER BY number", {"v": verdict}
        )
        return np.asarray(found.fetchnumpy()["number"], np.int64)

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()
