"""Facts of all cases of a log, many at once, as known at an instant and read at an instant; memory stays flat.

Law: **facts of the log are the facts of the states**. They equal `facts_of` the fold of each log.

Tested by `tests/paas/case/test_casefacts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.iaas.records import Records
from stcloud.paas.case.bundle import share
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.deadlines import Deadlines
from stcloud.paas.case.facts import COUNTED, FACTS, INSTANT, POSTS, STAGES_DUE, TEXTS, unit_parts
from stcloud.paas.case.interval import CLOCK_STATES
from stcloud.paas.case.logcolumns import NO_INSTANT, Instants
from stcloud.paas.case.replayedcases import ReplayedCases, starting
from stcloud.paas.case.storedlogs import COLUMNS, StoredLogs
from stcloud.paas.case.vocabulary import Deed

__all__ = ["RowsOf", "case_facts", "entry_logs", "fact_columns", "fact_rows", "instants"]

_ROWS = 80_000

RowsOf = Callable[[ReplayedCases, Deadlines], Mapping[str, pa.Array]]
"""Columns of replayed cases, and of their deadlines without regard to bundles."""


def case_facts(
    records: Records, rules: CaseRules, known_us: int, at_us: int | None = None
) -> pa.RecordBatchReader:
    """Return the facts of all cases of a log; its schema is `FACTS`.

    Cases are in the order of their numbers, but those that share a deadline with others: they come last.

    Parameters
    ----------
    records, rules
        The log, and its rules as they were known.
    known_us
        A pinned instant: what was recorded by then was known.
    at_us
        The instant that cases are read at; None: ``known_us``.

    Raises
    ------
    FormatError
        ``broken-case-log``, ``rule-missing``, ``damaged-records``.
    NotFound
        ``unknown-rule``.
    """
    logs = entry_logs(records, known_us)
    batches = fact_rows(logs, rules, known_us if at_us is None else at_us, FACTS, fact_columns)
    return pa.RecordBatchReader.from_batches(FACTS, batches)


def entry_logs(records: Records, known_us: int, *, rows: int = _ROWS) -> Iterator[StoredLogs]:
    """Give all logs as they were known at a pinned instant, with about so many actions at a time."""
    return map(StoredLogs.of, records.whole_logs(known_us, columns=COLUMNS, rows=rows))


def fact_rows(
    logs: Iterable[StoredLogs], rules: CaseRules, at_us: int, schema: pa.Schema, columns: RowsOf
) -> Iterator[pa.RecordBatch]:
    """Give columns of all cases that are opened at an instant, batch by batch; other arguments are of `case_facts`.

    Parameters
    ----------
    schema, columns
        What is computed of cases, among it ``number``, ``started_at``, ``due_at`` and ``due_provisional``.
    """
    withheld: list[_Bundled] = []
    for stored in logs:
        rows: list[pa.RecordBatch] = []
        for workflow, cases in starting(stored, rules):
            mine = stored if len(cases) == stored.columns.cases else stored.take(cases)
            batch, bundled = _rows(ReplayedCases(mine, workflow, rules, at_us), schema, columns)
            rows += [batch] if batch.num_rows else []
            withheld += [] if bundled is None else [bundled]
        if len(rows) == 1:
            yield rows[0]
        elif rows:
            both = pa.concat_batches(rows)
            yield both.take(pc.array_sort_indices(both.column("number")))
    if withheld:
        yield _shared(withheld, schema)


def fact_columns(cases: ReplayedCases, deadlines: Deadlines) -> dict[str, pa.Array]:
    """Return the columns of `FACTS`."""
    is_terminal, rank = cases.is_terminal, cases.rank
    columns = {
        "counted": pa.array(cases.replay.is_counted), "cancelled": pa.array(is_terminal & (rank == 0)),
        "open": pa.array(~is_terminal), "suspended": pa.array(cases.clock == CLOCK_STATES.index("paused")),
        "exempt": pa.array(cases.replay.has_flag("overdue_exempt")),
        "forced": pa.array(cases.replay.has_flag("forced")),
        "self_handled": pa.array(cases.replay.has_flag("self_handled")),
        "duty_grid": pa.nulls(cases.cases, pa.string()),
    }  # fmt: skip
    columns |= {name: cases.kept.last(name) for name in (*TEXTS, "lon", "lat", "satisfaction")}
    columns |= unit_parts(columns["cell"])
    columns["verified_public"] = pa.array(cases.is_verified_public(columns["source"]))
    columns |= {name: pa.array(cases.replay.count(name)) for name in COUNTED}
    columns |= {name: cases.post(deed) for name, deed in POSTS.items()}
    return columns | {name: instants(values) for name, values in _instants(cases, deadlines).items()}


def _instants(cases: ReplayedCases, deadlines: Deadlines) -> dict[str, Instants]:
    cancelled = cases.is_terminal & (cases.rank == 0)
    return {
        "reported_at": cases.replay.opened_us,
        "filed_at": np.where(cancelled, NO_INSTANT, cases.first_us(1)),
        "dispatched_at": np.where(cancelled, NO_INSTANT, cases.first_us(2)),
        "handled_at": cases.since_us(3), "closed_at": cases.since_us(4),
        "verify_ordered_at": cases.waits_us(Deed.VERIFIED), "verified_at": cases.done_us(Deed.VERIFIED),
        "check_ordered_at": cases.waits_us(Deed.CHECKED), "checked_at": cases.done_us(Deed.CHECKED),
        "extended_at": cases.done_us(Deed.EXTENDED), "recorded_at": cases.recorded_us,
        **{name: deadlines.stages[stage] for name, stage in STAGES_DUE.items()},
    }  # fmt: skip


def instants(values_us: Instants) -> pa.Array:
    """Return instants as a column; `NO_INSTANT` is null."""
    return pa.array(values_us, pa.int64(), mask=values_us == NO_INSTANT).cast(INSTANT)


@dataclass(frozen=True, slots=True, eq=False)
class _Bundled:
    """Rows of cases that share their deadlines with others, and what each has alone."""

    rows: pa.RecordBatch
    bundle: pa.Array
    stated: Instants
    deadlines: tuple[Instants, NDArray[np.bool_], NDArray[np.bool_]]


def _rows(cases: ReplayedCases, schema: pa.Schema, columns: RowsOf) -> tuple[pa.RecordBatch, _Bundled | None]:
    """Return the rows of cases that are opened, and apart from them those of cases in bundles."""
    deadlines = Deadlines.of(cases.clock_cases(), cases.rules, cases.at_us, tuple(STAGES_DUE.values()))
    stated = _stated(cases)
    made = dict(columns(cases, deadlines))
    made |= {
        "number": cases.logs.numbers,
        **_due(deadlines.own_us, deadlines.provisional, deadlines.paused, stated),
    }
    started = np.where(stated == NO_INSTANT, deadlines.started_us, cases.replay.opened_us)
    made["started_at"] = instants(started)
    batch = pa.record_batch([made[name] for name in schema.names], schema=schema)
    bundle = cases.kept.last("bundle")
    if not cases.is_opened.all():
        batch = batch.filter(pa.array(cases.is_opened))
    if bundle.null_count == len(bundle):
        return batch, None
    opened, apart = cases.is_opened, bundle.is_valid().to_numpy(zero_copy_only=False)
    own = (
        deadlines.own_us[opened & apart],
        deadlines.provisional[opened & apart],
        deadlines.paused[opened & apart],
    )
    inside = pa.array(apart[opened])
    bundled = _Bundled(
        batch.filter(inside), bundle.filter(pa.array(opened & apart)), stated[opened & apart], own
    )
    return batch.filter(pc.invert(inside)), bundled


def _stated(cases: ReplayedCases) -> Instants:
    """Return the deadlines that the sources of cases state."""
    due = cases.kept.last("due")
    stated: Instants = due.fill_null(NO_INSTANT).to_numpy(zero_copy_only=False)
    return stated


def _due(
    due_us: Instants, provisional: NDArray[np.bool_], paused: NDArray[np.bool_], stated: Instants
) -> dict[str, pa.Array]:
    """Return the deadlines of whole cases: those that sources state, else those of clocks that are not paused."""
    due = np.where(stated != NO_INSTANT, stated, np.where(paused, NO_INSTANT, due_us))
    unsure = provisional & (stated == NO_INSTANT)
    return {"due_at": instants(due), "due_provisional": pa.array(unsure, mask=due == NO_INSTANT)}


def _shared(withheld: list[_Bundled], schema: pa.Schema) -> pa.RecordBatch:
    """Return the rows of cases in bundles with the deadlines that these share."""
    rows = pa.concat_batches([part.rows for part in withheld])
    order = pc.array_sort_indices(rows.column("number"))
    names = pa.concat_arrays([part.bundle for part in withheld]).take(order).dictionary_encode()
    places = order.to_numpy()
    own, provisional, paused = (
        np.concatenate([part.deadlines[i] for part in withheld])[places] for i in range(3)
    )
    stated = np.concatenate([part.stated for part in withheld])[places]
    due, unsure = share(names.indices.to_numpy(zero_copy_only=False).astype(np.int64), own, provisional)
    columns = dict(zip(schema.names, rows.take(order).columns, strict=True)) | _due(
        due, unsure, paused, stated
    )
    return pa.record_batch([columns[name] for name in schema.names], schema=schema)
