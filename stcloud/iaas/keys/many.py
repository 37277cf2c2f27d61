"""Settle keys by DuckDB, which spills what does not fit: the same outcome as `few.py`, whatever their number.

Tested by `tests/iaas/keys/test_keys.py`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stcloud.iaas.engine.connections import connect, file_errors, literal
from stcloud.iaas.keys.settled import (
    NOT_RENUMBERED,
    DuplicateRule,
    KnownRows,
    Outcomes,
    Settled,
)
from stcloud.iaas.table.checksum import verify_columns

__all__ = ["settle_many"]

_BATCH_ROWS = 1 << 17
_OUTCOMES = pa.array(["new", "changed", "same"])  # 1, 2 and 3: `NEW`, `CHANGED` and `SAME`

_REFUSED = "SELECT number, key FROM came WHERE key IN (SELECT key FROM judged WHERE outcome = 'conflicting')"
_CURRENT = """
CREATE TABLE current AS
SELECT {key} AS key, {digest} AS digest, parse_filename(filename) AS file
FROM read_parquet($paths, filename = true) WHERE {ended} IS NULL AND hash({key}) % $parts = $part
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


def settle_many(
    path: Path,
    scratch: Path,
    known: KnownRows,
    *,
    rule: DuplicateRule,
    compare: bool,
    part_rows: int,
) -> Settled:
    """Return what becomes of rows ``(number, key, digest)`` of a Parquet file; see `Keys.settle`.

    Where they are more than ``part_rows`` they are settled in parts, by the hash of their keys: what DuckDB keeps
    beside its limit grows with them. Keys that are numbered may come to be others, so they are settled at once.
    """
    rows = pq.read_metadata(path).num_rows
    parts = 1 if rule == "keep" else max(1, math.ceil(rows / part_rows))

    def settled() -> Iterator[Settled]:
        for part in range(parts):
            with connect(memory="512MB", scratch=str(scratch)) as connection:
                yield _settled(connection, path, known, rule, _KeyPart(part, parts), compare=compare)

    with file_errors():
        return next(settled()) if parts == 1 else _together(settled())


@dataclass(frozen=True, slots=True)
class _KeyPart:
    """Keys whose hash is ``number`` modulo ``of``."""

    number: int
    of: int


def _together(parts: Iterable[Settled]) -> Settled:
    """Return what became of the rows of all parts, which have no key in common.

    Each is let go of before the next is made: the outcomes of a part are a byte for each row of the whole source.
    """
    outcomes, repeated = np.zeros(0, np.uint8), 0
    conflicting: dict[int, str] = {}
    superseded: defaultdict[str, list[pa.Array]] = defaultdict(list)
    for part in parts:
        if len(outcomes) < len(part.outcomes):
            outcomes = np.concatenate([outcomes, np.zeros(len(part.outcomes) - len(outcomes), np.uint8)])
        outcomes[: len(part.outcomes)] |= part.outcomes
        repeated += part.repeated
        conflicting.update(part.conflicting)
        for file, keys in part.superseded.items():
            superseded[file].append(keys)
    joined = {file: pa.concat_arrays(keys) for file, keys in superseded.items()}
    return Settled(outcomes, repeated=repeated, conflicting=conflicting, superseded=joined)


def _settled(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    known: KnownRows,
    rule: DuplicateRule,
    part: _KeyPart,
    *,
    compare: bool,
) -> Settled:
    run = connection.execute
    run("SET preserve_insertion_order = false")
    given = connection.read_parquet(literal(path))
    if part.of > 1:
        given = given.filter(f"hash(key) % {part.of} = {part.number}")
    given.create_view("given" if rule == "keep" else "came")
    renumbered = NOT_RENUMBERED
    if rule == "keep":
        run(_NUMBERED)
        run(_WITH_NUMBERED)
        kept = run("SELECT number, key FROM numbered ORDER BY number").fetchnumpy()
        renumbered = np.asarray(kept["number"], np.int64), pa.array(kept["key"], pa.string())
    low, high = run("SELECT min(key), max(key) FROM came").fetchone() or (None, None)
    paths = known.paths(low, high)
    if paths:
        names = {"key": known.key, "digest": known.digest, "ended": known.ended}
        verify_columns(paths, known.columns)
        run(
            _CURRENT.format(**names),
            {"paths": [literal(path) for path in paths], "parts": part.of, "part": part.number},
        )
    else:
        run(_NO_CURRENT)
    run(_SUSPECTS)
    run(_REPEATED.format(pick="min" if rule == "first" else "max"))
    run(_JUDGED, {"refuse": rule in ("refuse", "keep"), "compare": compare})

    refused = run(_REFUSED).fetchall()
    lost = run("SELECT sum(times - 1)::BIGINT FROM judged WHERE outcome <> 'conflicting'").fetchone()
    changed = run("SELECT file, list(key) FROM judged WHERE outcome = 'changed' GROUP BY file").fetchall()
    return Settled(
        _outcomes(connection),
        repeated=int(lost[0] or 0) if lost else 0,
        conflicting=dict(refused),
        superseded={file: pa.array(keys, pa.string()) for file, keys in changed},
        renumbered=renumbered,
    )


def _outcomes(connection: duckdb.DuckDBPyConnection) -> Outcomes:
    """Return a byte for each row: numbers of eight bytes would let memory grow with the source."""
    ((last,),) = connection.execute("SELECT max(number) FROM came").fetchall()
    outcomes = np.zeros((last or 0) + 1, np.uint8)
    judged = connection.sql("SELECT number, outcome FROM judged WHERE outcome <> 'conflicting'")
    with judged.to_arrow_reader(_BATCH_ROWS) as batches:
        for rows in batches:
            code = pc.index_in(rows.column(1), value_set=_OUTCOMES)
            outcomes[rows.column(0).to_numpy()] = pc.add(code, 1).to_numpy()
    return outcomes
