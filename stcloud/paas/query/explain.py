"""Explanations: what a question means, what will be read, and why, before any row is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stcloud.daas.table.schema import PART
from stcloud.iaas.engine.model import Fetch, Sql, Stage, Tell
from stcloud.iaas.table.footer import forecast, row_groups
from stcloud.iaas.table.table import File
from stcloud.paas.query.compile.compilation import Compiled
from stcloud.paas.query.plan.plan import By, Plan, Rows, Summary, restated_in
from stcloud.paas.query.resolve.resolver import layers_of
from stcloud.paas.query.run.inquiry import Inquiry

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a question would be answered.

    Attributes
    ----------
    plan
        The operators, in order.
    engine
        Name of the engine.
    version
        Version of the layer's table.
    partitions, files, row_groups, rows, bytes
        What would be read: ``(chosen, all)``. Row groups and rows are those that remain after the statistics of
        the footers; chosen bytes are compressed pages of the columns used, all bytes the sizes of the files.
    requests
        Of a city in a bucket: how many requests would be made for rows, and how many bytes they would read. What
        was read before lies in the working folder, and is not read again. None: nothing is asked of a bucket.
    cells
        ``(inner, edge)`` cells of each place's cover.
    refined
        ``(settled, tested)`` numbers of rows for each place: of row groups that lie only in inner cells, and of
        all others, of which only rows in edge cells are compared with the place exactly.
    layers
        Other layers that would be read, because places or groups name them.
    sql
        SQL statements in the dialect of the embedded engine; values are named parameters.
    facts
        How the question was understood.
    """

    plan: tuple[str, ...]
    engine: str
    version: int
    partitions: tuple[int, int]
    files: tuple[int, int]
    row_groups: tuple[int, int]
    rows: tuple[int, int]
    bytes: tuple[int, int]
    requests: tuple[int, int] | None
    cells: tuple[tuple[int, int], ...]
    refined: tuple[tuple[int, int], ...]
    layers: tuple[str, ...]
    sql: tuple[str, ...]
    facts: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        pairs = ("partitions", "files", "row_groups", "rows", "bytes")
        read = {name: {"read": getattr(self, name)[0], "of": getattr(self, name)[1]} for name in pairs}
        cells = [{"inner": inner, "edge": edge} for inner, edge in self.cells]
        refined = [{"settled": settled, "tested": tested} for settled, tested in self.refined]
        own = {"plan": list(self.plan), "engine": self.engine, "version": self.version}
        return (
            own
            | read
            | (
                {}
                if self.requests is None
                else {"requests": self.requests[0], "request_bytes": self.requests[1]}
            )
            | {"cells": cells, "refined": refined, "layers": list(self.layers), "sql": list(self.sql)}
        )

    def __str__(self) -> str:
        lines = [f"{'  ' * depth}{step}" for depth, step in enumerate(self.plan)]
        for name in ("partitions", "files", "row_groups", "rows", "bytes"):
            chosen, whole = getattr(self, name)
            lines.append(f"{name.replace('_', ' ')}: {chosen:,} of {whole:,}")
        if self.requests is not None:
            lines.append("requests: {:,}, of {:,} bytes".format(*self.requests))
        lines += [f"cells: {inner:,} inner, {edge:,} edge" for inner, edge in self.cells]
        lines += [
            f"rows to test: at most {tested:,}; {settled:,} lie in inner cells"
            for settled, tested in self.refined
        ]
        lines += [f"reads first: {', '.join(self.layers)}"] if self.layers else []
        return "\n".join([*lines, f"engine: {self.engine}, table version {self.version}"])


def explain(inquiry: Inquiry, goal: Rows | Summary, more: Sequence[str] = ()) -> Explanation:
    """Explain a question; reads the logs of its layers and the footers of the chosen files, and no row.

    Parameters
    ----------
    inquiry, goal
        The question.
    more
        What is done with the groups of an answer, in words.
    """
    explained = inquiry.explained()
    plan, compiled, layer = inquiry.plan(goal), explained.compiled(goal), inquiry.subject.layer
    by = goal.by if isinstance(goal, Summary) else ()
    snapshot, chosen = compiled.files.snapshot, compiled.files.files
    by_file = [list(row_groups(snapshot, file, compiled.bounded, compiled.columns)) for file in chosen]
    groups = [group for of_file in by_file for group in of_file]
    wanted = [group for group in groups if compiled.wants(group)]
    return Explanation(
        (*plan.described, *more),
        inquiry.subject.engine.name,
        snapshot.version,
        (_partitions(chosen), _partitions(snapshot.files)),
        (len(chosen), len(snapshot.files)),
        (len(wanted), len(groups)),
        (sum(group.rows for group in wanted), layer.rows),
        (sum(group.bytes for group in wanted), snapshot.bytes),
        _requests(compiled, by_file),
        tuple((region.inner_count, region.edge_count) for region in compiled.regions),
        _refined(compiled, wanted),
        _layers(inquiry, plan, by),
        tuple(sql for stage in compiled.stages for sql in _sql(stage)),
        explained.facts(),
    )


def _requests(compiled: Compiled, by_file: Sequence[Sequence[File]]) -> tuple[int, int] | None:
    """Return requests and bytes that the wanted row groups take from a bucket; None: the layer lies in a folder."""
    snapshot = compiled.files.snapshot
    if not snapshot.in_bucket:
        return None
    requests = 0, 0
    for file, groups in zip(compiled.files.files, by_file, strict=True):
        numbers = [number for number, group in enumerate(groups) if compiled.wants(group)]
        if numbers:
            more = forecast(snapshot, file, numbers, compiled.columns)
            requests = requests[0] + more[0], requests[1] + more[1]
    return requests


def _layers(inquiry: Inquiry, plan: Plan, by: Sequence[By]) -> tuple[str, ...]:
    """Return the other layers that a run reads first: those that are named, and the grid if it locates anew."""
    named, index = layers_of(inquiry.conditions, by), inquiry.subject.index
    anew = index is not None and restated_in(plan) is not None
    return (*named, index.grid.name) if index is not None and anew and index.grid.name not in named else named


def _sql(stage: Stage) -> list[str]:
    stage = stage.query() if isinstance(stage, Fetch | Tell) else stage
    return [stage.query.sql(dialect="duckdb")] if isinstance(stage, Sql) else []


def _refined(compiled: Compiled, groups: Sequence[File]) -> tuple[tuple[int, int], ...]:
    """Count rows of row groups in inner cells alone, and all others, for each place."""
    rows = np.array([group.rows for group in groups], np.int64)
    low, high = (_cells_of(groups, side) for side in ("low", "high"))
    settled = [region.settles(low, high) for region in compiled.regions]
    return tuple((int(rows[inner].sum()), int(rows[~inner].sum())) for inner in settled)


def _cells_of(groups: Sequence[File], side: str) -> NDArray[np.int64]:
    """Return the least or greatest cell of row groups; -1 where it is not known."""
    return np.array([getattr(group, side).get("st_cell", -1) for group in groups], np.int64)


def _partitions(files: tuple[File, ...]) -> int:
    return len({file.partition.get(PART) for file in files})
