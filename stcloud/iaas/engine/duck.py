"""The embedded engine: DuckDB over the files that the log names; few rows are read and counted without it.

Tested by ``tests/iaas/engine/test_duck.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from stcloud.errors import InternalError, InvalidInput
from stcloud.iaas.engine.model import Fetch, Files, Refine, Relation, Sql, Stage, Tell
from stcloud.iaas.engine.stop import heed_stop
from stcloud.iaas.spool import Pipe
from stcloud.iaas.table.footer import fetch
from stcloud.iaas.table.kept import KeptColumns

if TYPE_CHECKING:
    from stcloud.iaas.engine.connections import Connections, Given

__all__ = ["Duck"]


class Duck:
    """DuckDB in this process, started when the first statement is run: stages over few rows need none.

    Parameters
    ----------
    memory
        The most that DuckDB may hold before it spills to disk.
    small_rows
        Up to so many rows in wanted row groups, files are read without SQL: binding a statement to them takes longer.
    """

    name = "duckdb"
    stretch_rows = 1 << 18

    def __init__(self, *, memory: str = "1GB", small_rows: int = 1_000_000) -> None:
        self._memory, self._small_rows = memory, small_rows
        self._connections: Connections | None = None
        self._kept = KeptColumns()
        self._lock = threading.Lock()
        self._closed = False

    def run(self, stages: Sequence[Stage], relations: Mapping[str, Relation]) -> pa.RecordBatchReader:
        """Run stages over named relations and stream what the last one gives."""
        self._refuse_closed()
        given: Given = None
        for stage in stages:
            heed_stop()
            given = self._stage(stage, relations, given)
        if given is None:
            raise InternalError("no-stage", "a plan gave no stage to run")
        if isinstance(given, Pipe):
            return given.reader()
        return given.to_reader() if isinstance(given, pa.Table) else given

    def close(self) -> None:
        """Let go of the connections; twice does no harm."""
        with self._lock:
            self._closed, connections, self._connections = True, self._connections, None
        self._kept.clear()
        if connections is not None:
            connections.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise InvalidInput(
                "engine-closed", "the engine of this query was closed", hint="open the city again"
            )

    def _run(self, stage: Sql, relations: Mapping[str, Relation], given: Given) -> Given:
        """Run a statement on DuckDB, which is started for the first one."""
        from stcloud.iaas.engine.connections import Connections  # noqa: PLC0415  (slow to import)

        with self._lock:
            self._refuse_closed()
            if self._connections is None:
                self._connections = Connections(memory=self._memory, small_rows=self._small_rows)
            connections = self._connections
        return connections.run(stage, relations, given)

    def _stage(self, stage: Stage, relations: Mapping[str, Relation], given: Given) -> Given:
        if isinstance(stage, Refine):
            return None if given is None else _refine(stage, given)
        if isinstance(stage, Sql):
            return self._run(stage, relations, given)
        if isinstance(stage, Tell):
            few = isinstance(given, pa.Table) and given.num_rows <= self._small_rows
            return stage.function(given) if few else self._run(stage.query(), relations, given)
        rows = _fetch(stage, relations, self._small_rows, self._kept)
        return self._run(stage.query(), relations, None) if rows is None else rows


def _fetch(
    stage: Fetch, relations: Mapping[str, Relation], most_rows: int, kept: KeptColumns
) -> pa.Table | None:
    """Read the wanted row groups when they are few."""
    relation = relations[stage.relation]
    if not isinstance(relation, Files):
        return None
    if stage.picks is not None:
        from stcloud.iaas.table.picking import picked  # noqa: PLC0415  (counts need none)

        return picked(
            relation.snapshot, relation.files, stage.columns, bounded=stage.bounded, most_rows=most_rows,
            meets=stage.meets, picks=stage.picks, kept=kept,
        )  # fmt: skip
    return fetch(
        relation.snapshot, relation.files, stage.columns, stage.wants, bounded=stage.bounded,
        most_rows=most_rows, meets=stage.meets, sift=stage.sift,
    )  # fmt: skip


def _refine(stage: Refine, given: pa.Table | pa.RecordBatchReader | Pipe) -> pa.Table | Pipe:
    """Apply the function to what was fetched; to what streams as it is read."""
    schema = pa.schema([*given.schema, *stage.adds])
    if isinstance(given, pa.Table):
        batches = given.combine_chunks().to_batches()
        return pa.Table.from_batches(map(stage.function, batches), schema)
    pipe = given if isinstance(given, Pipe) else Pipe(given.schema, given)
    return pipe.through(stage.function, schema)
