"""The oracle: a third implementation of loads and questions, plain, slow and obvious.

It keeps every state of every key in a list, asks each of them one thing after another, and leaves points to
pyproj and shapely, clocks to `zoneinfo`. What an engine answers must equal what it answers, row for row.

Tested by `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import cql2
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from stcloud.errors import NotFound
from stcloud.testing.almanac import BINS, bin_of, happens, read_instant, read_span
from stcloud.testing.chronology import OPEN, Lasting
from stcloud.testing.ground import Ground
from stcloud.testing.logic import evaluate
from stcloud.testing.measures import MEASURES, Durations, Row
from stcloud.testing.reader import Record, RowReader

if TYPE_CHECKING:
    from stcloud.daas.definition import EventDefinition
    from stcloud.daas.load.event_load import Mode
    from stcloud.testing.question import Places, Question, Times

__all__ = ["ExpectedLoad", "Oracle", "State"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class State:
    """What was believed of a key from one load until another, ``[from, to)``."""

    record: Record
    from_us: int
    to_us: int | None = None

    def believed(self, at_us: int) -> bool:
        """Tell whether it was believed at an instant of recorded time."""
        return self.from_us <= at_us and (self.to_us is None or at_us < self.to_us)


@dataclass(frozen=True, slots=True)
class ExpectedLoad:
    """What a load should come to: counts as in a reckoning, and why rows were refused, by their number."""

    recorded_at_us: int
    counts: Mapping[str, int] = field(default_factory=dict)
    unplaced_by: Mapping[str, int] = field(default_factory=dict)
    refusals: Mapping[int, str] = field(default_factory=dict)
    known: bool = False


class Oracle:
    r"""One layer of a city, as it should be.

    Parameters
    ----------
    definition
        How its rows are read.
    crs, origin, zone
        The city's metric CRS, its lattice's south-west corner (metres) and its time zone.

    Examples
    --------
    >>> from stcloud.testing.scenes import csv_texts, typed_events
    >>> oracle = Oracle(typed_events("EPSG:32618"), "EPSG:32618", (-4_000_000, -1_000_000), "America/New_York")
    >>> rows = csv_texts("id,at,x,y,note,n,m,i,ok,day,done\n1,2024-03-05,5e5,4.5e6,,,,,,,\n,,,,,,,,,,")
    >>> oracle.load(rows, mode="changes", now_us=5).refusals
    {2: 'missing-key'}
    """

    def __init__(self, definition: EventDefinition, crs: str, origin: tuple[int, int], zone: str) -> None:
        self.states: list[State] = []
        self.columns: list[str] = []
        self._definition = definition
        self._zone = ZoneInfo(zone)
        self._ground = Ground(crs, origin)
        self._reader = RowReader(definition, self._ground, self._zone)
        self._seen: dict[object, ExpectedLoad] = {}
        self._current: dict[str, State] = {}

    def load(self, rows: pd.DataFrame, *, mode: Mode, now_us: int) -> ExpectedLoad:
        """Take in a file.

        Parameters
        ----------
        rows
            Text as the file has it; the first row has number 1.
        mode
            As for `City.load`.
        now_us
            The present, UTC microseconds.
        """
        identity = (mode, *rows.columns, *rows.to_numpy().ravel().tolist())
        if identity in self._seen:
            earlier = self._seen[identity]
            return ExpectedLoad(earlier.recorded_at_us, earlier.counts, known=True)
        last_us = max((load.recorded_at_us for load in self._seen.values()), default=now_us - 1)
        expected = self._take(rows, mode, max(now_us, last_us + 1))
        self._seen[identity] = expected
        return expected

    @property
    def recorded_us(self) -> list[int]:
        """Instants of all loads, in their order."""
        return sorted(load.recorded_at_us for load in self._seen.values())

    def answer(self, question: Question) -> pd.DataFrame:
        """Return the rows or counts that a question asks for."""
        records = self._matching(question)
        return (
            self._rows(records, question.limit) if question.by is None else self._measured(records, question)
        )

    def _take(self, rows: pd.DataFrame, mode: Mode, now_us: int) -> ExpectedLoad:
        texts = [dict(zip(rows.columns, row, strict=True)) for row in rows.itertuples(index=False)]
        read = {
            number: self._reader.read(row, keys_only=mode == "delete") for number, row in enumerate(texts, 1)
        }
        refusals = {number: reason for number, reason in read.items() if isinstance(reason, str)}
        records = {number: record for number, record in read.items() if isinstance(record, Record)}
        earlier = self.columns if self._seen else []
        if mode == "delete" and not self._seen:
            raise NotFound("unknown-layer", "a layer that is not there is no layer to delete from")
        counts = Counter(read=len(texts))
        stored: list[Record] = []
        for numbers in _by_key(records).values():
            outcome, refused = self._judge(numbers, records, mode)
            refusals |= refused
            counts.update(outcome)
            counts["duplicates"] += len(numbers) - len(refused) - outcome.total()
            if not refused:
                self._settle(records[self._winner(numbers)], outcome, mode, now_us, stored)
        if mode != "delete" and (stored or not earlier):  # a load that stores nothing brings no column
            self._add_columns(rows.columns, earlier)
        adjusted = sum(record.adjusted for number, record in records.items() if number not in refusals)
        unplaced = Counter(record.unplaced for record in stored if record.unplaced)
        counts.update(rejected=len(refusals), time_adjusted=adjusted, unplaced=unplaced.total())
        return ExpectedLoad(now_us, _all_counts(counts), dict(unplaced), dict(sorted(refusals.items())))

    def _add_columns(self, names: Iterable[str], earlier: list[str]) -> None:
        kept = self._reader.kept(names)
        shown = [column.rename or name for name, column in kept.items()]
        self.columns = [*earlier, *(name for name in shown if name not in earlier)]

    def _winner(self, numbers: list[int]) -> int:
        return numbers[0] if self._definition.duplicates == "first" else numbers[-1]

    def _judge(
        self, numbers: list[int], records: Mapping[int, Record], mode: Mode
    ) -> tuple[Counter[str], dict[int, str]]:
        """Return what becomes of the row that stands for a key, and which rows of the key are refused."""
        texts = [records[number].texts for number in numbers]
        if self._definition.duplicates == "refuse" and any(row != texts[0] for row in texts):
            return Counter(), dict.fromkeys(numbers, "conflicting-key")
        winner = self._winner(numbers)
        current = self._current.get(records[winner].key)
        if mode == "append" and current is not None:
            return Counter(), {winner: "known-key"}
        if mode == "delete":
            return Counter(["updated" if current else "unchanged"]), {}
        if current is None:
            return Counter(["accepted"]), {}
        return Counter(["unchanged" if current.record.equals(records[winner]) else "updated"]), {}

    def _settle(
        self, record: Record, outcome: Counter[str], mode: Mode, now_us: int, stored: list[Record]
    ) -> None:
        if outcome["updated"]:
            self._current.pop(record.key).to_us = now_us
        if mode != "delete" and not outcome["unchanged"]:
            self._current[record.key] = State(record, now_us)
            self.states.append(self._current[record.key])
            stored.append(record)

    def _matching(self, question: Question) -> list[Record]:
        at_us = self._known_us(question.known_at)
        records = [state.record for state in self.states if state.believed(at_us)]
        for what in question.what:
            records = self._that(records, what, question.what_crs)
        for where in question.where:
            records = self._there(records, where)
        for when in question.when:
            records = self._then(records, when)
        return sorted(records, key=lambda record: (record.time, record.key))

    def _known_us(self, known_at: str | int | None) -> int:
        newest_us = self.recorded_us[-1] if self._seen else 0
        if known_at is None:
            return newest_us
        at_us = (
            known_at
            if isinstance(known_at, int)
            else (read_instant(known_at, self._zone) - _EPOCH) // timedelta(microseconds=1)
        )
        return min(at_us, newest_us)

    def _that(self, records: list[Record], what: str | Mapping[str, Any], crs: str | None) -> list[Record]:
        tree = cql2.parse_text(what).to_json() if isinstance(what, str) else json.loads(json.dumps(what))
        shapes: dict[str, BaseGeometry] = {}

        def project(shape: BaseGeometry) -> BaseGeometry:
            if shape.wkt not in shapes:
                shapes[shape.wkt] = self._ground.project(shape, crs)
            return shapes[shape.wkt]

        return [
            record for record in records if evaluate(tree, self._named(record), self._zone, project) is True
        ]

    def _named(self, record: Record) -> dict[str, Any]:
        """Return what filters may name: what every event has, and over it its own columns."""
        own: dict[str, Any] = {
            "key": record.key,
            "time": record.time,
            "geometry": None if record.position is None else shapely.Point(record.position[:2]),
        }
        if self._definition.time.end:
            own["period"] = Lasting(record.time, OPEN if record.ends is None else record.ends)
        always = {f"st_{'geom' if name == 'geometry' else name}": value for name, value in own.items()}
        return own | always | dict.fromkeys(self.columns) | dict(record.values or {})

    def _there(self, records: list[Record], where: Places) -> list[Record]:
        placed = [(record, record.position) for record in records if record.position is not None]
        inside = self._ground.lie_in([position for _, position in placed], where)
        return [record for (record, _), there in zip(placed, inside, strict=True) if there]

    def _then(self, records: list[Record], when: Times) -> list[Record]:
        now = None if when.now is None else read_instant(when.now, self._zone)
        spans = [read_span(text, self._zone, now) for text in when.texts] or [(None, None)]
        return [record for record in records if happens(record.time, spans, when, self._zone)]

    def _rows(self, records: list[Record], limit: int | None) -> pd.DataFrame:
        lasting = {"st_time_to"} if self._definition.time.end else set()
        names = ["st_key", "st_time", *lasting, *self.columns, "st_x", "st_y", "st_cell", "st_unplaced"]
        rows = [self._row(record) for record in records[:limit]]
        return pd.DataFrame([[row[name] for name in names] for row in rows], columns=names, dtype=object)

    def _row(self, record: Record) -> dict[str, Any]:
        x, y, cell = record.position or (None, None, None)
        own = {
            "st_key": record.key,
            "st_time": record.time,
            "st_time_to": record.ends,
            "st_unplaced": record.unplaced,
        }
        values = dict.fromkeys(self.columns) | dict(record.values or {})
        return own | {"st_x": x, "st_y": y, "st_cell": cell} | values

    def _measured(self, records: list[Record], question: Question) -> pd.DataFrame:
        by = question.by or ()
        until = None if question.until is None else _EPOCH + timedelta(microseconds=question.until)
        measures = [MEASURES[name] for name in question.measures or ("count",)]
        groups: dict[Any, list[Row]] = {} if by else {(): []}
        for record in records:
            group = tuple(self._group(record, text) for text in by)
            groups.setdefault(group, []).append(dict.fromkeys(self.columns) | dict(record.values or {}))
        names = [*(_field(text) for text in by), *(name for name, _ in measures)]
        rows = [
            [*(label for _, label in group), *(measure(rows, until) for _, measure in measures)]
            + ([Durations(rows, until).open] if until is not None else [])
            for group, rows in sorted(groups.items(), key=lambda item: item[0])
        ]
        names += ["open"] if until is not None else []
        if any("done - at" in name for name in question.measures or ()):
            ordered = [rows for _, rows in sorted(groups.items(), key=lambda item: item[0])]
            below = [Durations(rows, until).negative for rows in ordered]
            if any(below):
                names.append("negative")
                rows = [[*row, count] for row, count in zip(rows, below, strict=True)]
        return pd.DataFrame(rows, columns=names, dtype=object)

    def _group(self, record: Record, by: str) -> tuple[tuple[object, ...], Any]:
        """Return what a record's group is sorted by, nulls last, and its label."""
        if by in BINS:
            return bin_of(record.time, by, self._zone)
        if by.startswith("cell:"):
            size, position = by.removeprefix("cell:"), record.position
            value = None if position is None else self._ground.cell_by(position, size)
        else:
            value = (record.values or {}).get(by.strip('"'))
        return ((True,), None) if value is None else ((False, value), value)


def _field(by: str) -> str:
    if by.startswith("cell:"):
        return by.replace(":", "_")
    return by.replace("-", "_") if by in BINS else by.strip('"')


def _by_key(records: Mapping[int, Record]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = {}
    for number, record in records.items():
        numbers.setdefault(record.key, []).append(number)
    return numbers


def _all_counts(counts: Mapping[str, int]) -> dict[str, int]:
    names = (
        "read",
        "accepted",
        "updated",
        "unchanged",
        "duplicates",
        "rejected",
        "unplaced",
        "time_adjusted",
    )
    return {name: counts.get(name, 0) for name in names}
