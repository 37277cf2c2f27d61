"""Load by load, alerts are those of a model that looks at all rows after each load; what is kept does not matter."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stcloud.daas.table.schema import INSTANT, Attribute
from stcloud.paas.episode import EpisodeRule
from stcloud.paas.query.plan.limits import NO_LIMITS
from stcloud.paas.standing import LayerEvaluation, StandingRule
from stcloud.paas.standing.alertbook import AlertBook
from stcloud.paas.standing.boundrule import BoundRule, ReadingColumn, tracker_of
from stcloud.paas.standing.layerevaluation import LoadedRows
from stcloud.testing.examples import examples
from stcloud.testing.standing import LoggedRow, SlowAlerts, slow_counts, slow_readings, slow_visits
from stcloud.time import Zone

MINUTE = 60_000_000
DAY = 86_400 * 1_000_000
FIRST_LOAD = 10 * DAY
SCHEMA = pa.schema([
    ("st_key", pa.string()), ("st_time", INSTANT), ("st_x", pa.float64()), ("st_y", pa.float64()),
    ("st_cell", pa.int64()), ("st_recorded_from", INSTANT), ("st_recorded_to", INSTANT), ("mover", pa.string()),
    ("level", pa.float64()),
])  # fmt: skip
MOVER = Attribute("mover", "mover", "text")
SHOWN = ("from_us", "to_us", "crossed_us", "peak", "peak_us", "rows", "last_us")


@dataclass(frozen=True)
class IsHigh:
    """Keep rows of which the level is above a half; no child of `Resolved`, of which the suites know all."""

    columns, limits = frozenset(["level"]), NO_LIMITS

    def mask(self, rows):
        return np.asarray(pc.greater(rows.column("level"), 0.5).to_numpy(zero_copy_only=False), np.bool_)


def bound(document, *conditions, name="rule", version=1):
    rule = StandingRule.from_document(
        {"id": name, "question": {"layer": "fixes", "by": "mover", "what": "a = 1"}} | document, name="r"
    )
    measured = ReadingColumn("level", step_us=60 * MINUTE) if rule.value else None
    return BoundRule(
        rule, version, conditions, (MOVER,), -(2**62), 2**62, FIRST_LOAD, None, tracker_of(rule, measured), measured,
        (), None, Zone("Asia/Shanghai"), f"{name} {version}",
    )  # fmt: skip


def batch(rows):
    columns = {
        "st_key": [row.key for row in rows], "st_time": [row.time_us for row in rows], "st_x": [1.0] * len(rows),
        "st_y": [2.0] * len(rows), "st_cell": [0] * len(rows), "st_recorded_from": [row.from_us for row in rows],
        "st_recorded_to": [row.to_us for row in rows], "mover": [row.group for row in rows],
        "level": [row.level for row in rows],
    }  # fmt: skip
    arrays = [
        pa.array(columns[field.name], pa.int64()).cast(INSTANT)
        if field.type == INSTANT
        else pa.array(columns[field.name], field.type)
        for field in SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def loads_of(rows):
    instants = sorted({row.from_us for row in rows} | {row.to_us for row in rows if row.to_us})
    return [
        LoadedRows(
            at_us,
            batch([row for row in rows if row.from_us == at_us]),
            batch([row for row in rows if row.to_us == at_us]),
        )
        for at_us in instants
    ]


class Log:
    """Rows of a layer; counts how often they are read again."""

    def __init__(self, rows):
        self.rows, self.reads = rows, 0

    def history(self, _, known_us):
        self.reads += 1
        return batch(
            [
                row
                for row in self.rows
                if row.from_us <= known_us and (row.to_us is None or row.to_us > known_us)
            ]
        )


def shown(alerts):
    return [
        {name: getattr(each.incident, name) for name in SHOWN}
        | {name: getattr(each, name) for name in ("group", "raised_us", "lateness_us", "late", "status")}
        for each in alerts
    ]


def run(rule, rows, *, state=None):
    """Return the alerts of a log; ``state``: what is kept goes through JSON (`kept`) after each load, or is lost."""
    log = Log(rows)
    evaluation = LayerEvaluation(log.history)
    evaluation.add(rule)
    everything = {}
    for load in loads_of(rows):
        for alert in evaluation.load(load):
            everything[alert.id] = alert
        if state == "kept":
            kept = json.loads(json.dumps(evaluation.state()))
            evaluation = LayerEvaluation(log.history, AlertBook(everything.values))
            evaluation.restore(kept, [rule])
    assert (
        evaluation.book.changed() == sorted(everything.values(), key=lambda each: each.order)
        or state == "kept"
    )
    return sorted(everything.values(), key=lambda each: each.order)


@st.composite
def logs(draw, levels=(0.0, 1.0), groups="ab", span=400, step=5):
    """Draw rows of a few loads: late ones, some corrected, some withdrawn."""
    rows, live = [], {}
    for load in range(draw(st.integers(1, 6))):
        at_us = FIRST_LOAD + (load + 1) * 1000 * MINUTE
        for number in range(draw(st.integers(0, 7))):
            if live and draw(st.integers(0, 4)) == 0:
                key = draw(st.sampled_from(sorted(live)))
                before = live.pop(key)
                if before.from_us == at_us:
                    live[key] = before
                    continue
                rows[rows.index(before)] = replace(before, to_us=at_us)
                if draw(st.booleans()):
                    continue
                group = before.group
            else:
                key, group = f"{load}.{number}", draw(st.sampled_from(groups))
            time_us = draw(st.integers(0, span // step)) * step * MINUTE
            row = LoggedRow(key, group, time_us, draw(st.sampled_from(levels)), at_us)
            live[key] = row
            rows.append(row)
    return rows


PHASES = [Phase.explicit, Phase.generate]
LENGTHS = st.sampled_from((0, 10, 15, 60))
DATED = settings(deadline=None, phases=PHASES, max_examples=examples(150))


def expected(slow, rows):
    for load in loads_of(rows):
        slow.load(rows, load.at_us)
    return [
        {name: each[name] for name in (*SHOWN, "group", "raised_us", "lateness_us", "late", "status")}
        for each in slow.shown()
    ]


def same(rule, slow, rows):
    alerts = run(rule, rows)
    assert shown(alerts) == expected(slow, rows)
    assert len({each.id for each in alerts}) == len(alerts)
    assert run(rule, rows, state="kept") == alerts


@DATED
@given(logs(span=300), st.integers(1, 3), st.integers(0, 2), LENGTHS, st.sampled_from((0, 30)))
def test_oracle_of_counts(rows, least, lower, quiet, late):
    lasting = max(1, least - lower)
    rule = bound({
        "at_least": least, "within": "30min", "ends_below": lasting, "quiet": f"{quiet}min", "lateness": f"{late}min",
    }, IsHigh())  # fmt: skip
    slow = SlowAlerts(slow_counts(30 * MINUTE, least, lasting, quiet * MINUTE), late * MINUTE)
    same(rule, slow, [replace(row, level=1.0) for row in rows])


@DATED
@given(
    logs(levels=(10.0, 75.0, 76.0, 115.0, 116.0, float("nan")), span=1800, step=30),
    st.sampled_from(("0h", "1h", "2h")),
    st.booleans(),
    st.sampled_from(("0h", "1h")),
)
def test_oracle_of_readings(rows, least, releases, gap):
    rows = list({(row.group, row.time_us): row for row in reversed(rows)}.values())
    document = {"value": "level", "above": 115.0, "for": least, "gap": gap} | (
        {"ends_below": 75.0} if releases else {}
    )
    episodes = EpisodeRule.from_document({"id": "rule", "layer": "fixes"} | document, name="r")
    same(bound(document), SlowAlerts(slow_readings(episodes, 60 * MINUTE)), rows)


@DATED
@given(logs(), LENGTHS, st.sampled_from((None, 10, 60)), LENGTHS)
def test_oracle_of_movers(rows, least, gap, quiet):
    rule = bound(
        {"for": f"{least}min", "quiet": f"{quiet}min"} | ({} if gap is None else {"gap": f"{gap}min"}),
        IsHigh(),
    )
    slow = SlowAlerts(slow_visits(least * MINUTE, None if gap is None else gap * MINUTE, quiet * MINUTE))
    same(rule, slow, rows)


COUNTED = ({"at_least": 2, "within": "30min", "quiet": "10min"}, (IsHigh(),), (1.0,))
MEASURED = (
    {"value": "level", "above": 115.0, "for": "1h", "gap": "1h", "ends_below": 75.0},
    (),
    (10.0, 76.0, 116.0, float("nan")),
)
MOVED = ({"gap": "10min", "quiet": "10min", "for": "10min"}, (IsHigh(),), (0.0, 1.0))


@st.composite
def arrivals(draw, levels, *, orderly):
    """Draw rows as they come; ``orderly``: in order of their times, and none is corrected."""
    step = 60 if levels is MEASURED[2] else 5  # readings come as often as their step says
    times = draw(
        st.lists(st.tuples(st.integers(0, 40), st.sampled_from("ab")), min_size=1, max_size=25, unique=True)
    )
    if orderly:
        times.sort()
    rows = [
        LoggedRow(f"{number:02}", group, at * step * MINUTE, draw(st.sampled_from(levels)), 0)
        for number, (at, group) in enumerate(times)
    ]
    if not orderly:
        for row in draw(st.lists(st.sampled_from(rows), max_size=5)):
            rows.append(replace(row, level=draw(st.sampled_from(levels))))
    return rows


def batched(rows, ends):
    """Return rows as loads of them leave them: of a batch the latest of each key counts."""
    logged, live = [], {}
    for number, (start, end) in enumerate(zip((0, *ends), (*ends, len(rows)), strict=True)):
        at_us = FIRST_LOAD + (number + 1) * 1000 * MINUTE
        for row in {row.key: row for row in rows[start:end]}.values():
            before = live.get(row.key)
            if before is not None and repr(before.level) == repr(row.level):
                continue
            if before is not None:
                logged[logged.index(before)] = replace(before, to_us=at_us)
            live[row.key] = replace(row, from_us=at_us)
            logged.append(live[row.key])
    return logged


def incidents(alerts, *more):
    names = ("rule", "version", "group", "status", "threshold", *more)
    shown = [[each.incident, *(getattr(each, name) for name in names)] for each in alerts if each.is_believed]
    return sorted(map(repr, shown))


@DATED
@given(st.data(), st.sampled_from((COUNTED, MEASURED, MOVED)), st.booleans())
def test_replay_is_live(data, kind, orderly):
    """In whatever batches rows come, the same incidents have alerts; in order of time these are the same ones."""
    document, conditions, levels = kind
    rule = bound(document, *conditions)
    rows = data.draw(arrivals(levels, orderly=orderly))
    ends = st.lists(st.integers(0, len(rows)), max_size=6).map(sorted)
    live, replayed = (run(rule, batched(rows, data.draw(ends))) for _ in range(2))
    assert incidents(live) == incidents(replayed)
    if orderly:
        assert all(each.is_believed for each in live)
        assert incidents(live, "id") == incidents(replayed, "id")
