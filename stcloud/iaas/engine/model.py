"""What an engine is: something that runs stages over tables and gives Arrow batches back.

An engine knows SQL, functions over batches and tables; it never sees a plan. Stages run in order, each
reading what the one before gave under the name `STAGE`. An engine needs no spatial extension and no time
zone database: instants are compared as instants, local time comes as integers.

Tested by ``tests/iaas/engine/test_duck.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import pyarrow as pa

from stcloud.iaas.table.footer import Meets, Sift
from stcloud.iaas.table.kept import Picks, WiderPicks
from stcloud.iaas.table.table import File, Snapshot

if TYPE_CHECKING:
    from sqlglot import exp

__all__ = [
    "STAGE",
    "Engine",
    "Fetch",
    "Files",
    "Meets",
    "Picks",
    "Refine",
    "Relation",
    "Sift",
    "Sql",
    "Stage",
    "Tell",
    "WiderPicks",
    "Writer",
]

STAGE = "stage"
"""The name under which a stage finds what the stage before gave."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A query, with the values it binds by name; values never become part of its text."""

    query: exp.Query
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetch:
    """Some columns of a relation's rows: all rows that later stages may want, and maybe more.

    Parameters
    ----------
    relation
        Its name.
    columns
        What is fetched.
    query
        Writes the same as SQL, narrowed by conditions that later stages repeat.
    wants
        Returns whether a file, or a row group described like one, may hold a wanted row. An engine that
        opens files itself may read what is wanted and run no SQL.
    bounded
        Columns whose bounds ``wants`` looks at.
    meets
        For columns of numbers, what judges row groups by their least and greatest numbers, ``(n,)`` each, whether
        they may hold a wanted row. Where there are any, ``wants`` judges files alone.
    sift
        Where later stages repeat it: an engine that opens files itself may read other columns only where rows pass.
    picks
        Where later stages repeat it, and the same rows are wanted soon again: an engine that opens files itself may
        keep their columns, and take the picked rows alone.
    """

    relation: str
    columns: tuple[str, ...]
    query: Callable[[], Sql]
    wants: Callable[[File], bool]
    bounded: tuple[str, ...]
    meets: Mapping[str, Meets] = field(default_factory=dict)
    sift: Sift | None = None
    picks: Picks | None = None


@dataclass(frozen=True, slots=True)
class Refine:
    """A function over record batches that keeps some rows, or adds columns to each.

    Parameters
    ----------
    function
        Must be picklable: a cluster applies it where the rows are.
    adds
        Columns that it adds, behind the others.
    """

    function: Callable[[pa.RecordBatch], pa.RecordBatch]
    adds: tuple[pa.Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Tell:
    """What is computed from all rows of the stage before, with no stage behind it.

    Parameters
    ----------
    function
        Computes it from rows in memory: where they are few, it takes less time than binding a statement to them.
    query
        Writes SQL that computes the same from any number of rows.
    """

    function: Callable[[pa.Table], pa.Table]
    query: Callable[[], Sql]


@dataclass(frozen=True, slots=True)
class Files:
    """Some files of one version of a table, read as one relation."""

    snapshot: Snapshot
    files: tuple[File, ...]


Stage: TypeAlias = Fetch | Sql | Refine | Tell
Relation: TypeAlias = Files | pa.Table


class Engine(Protocol):
    """An engine runs stages. Implementations: `stcloud.iaas.engine.duck.Duck`, `stcloud.iaas.engine.spark.Spark`."""

    @property
    def name(self) -> str:
        """Name of the engine in explanations."""

    @property
    def stretch_rows(self) -> int:
        """From how many rows on a statement of their own costs little, where rows are sorted stretch by stretch."""

    def run(self, stages: Sequence[Stage], relations: Mapping[str, Relation]) -> pa.RecordBatchReader:
        """Run stages over named relations and stream the rows of the last one.

        Parameters
        ----------
        stages
            One or more stages; the first is `Fetch` or `Sql`.
        relations
            Relations by their table names in the SQL.
        """

    def close(self) -> None:
        """Close connections."""


@runtime_checkable
class Writer(Protocol):
    """An engine that runs elsewhere, and writes large results where it is: `stcloud.iaas.engine.spark.Spark`."""

    def write(self, stages: Sequence[Stage], relations: Mapping[str, Relation], target: str) -> None:
        """Run stages and write the rows of the last one as Parquet into a new folder: whole, or not at all.

        Parameters
        ----------
        stages, relations
            As for `Engine.run`; rows come in any order.
        target
            Path or URL of the folder.

        Raises
        ------
        InvalidInput
            ``target-exists``
        """
