"""The history of an answer: at every instant what a plain count of the rows says."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest

import stcloud
from stcloud.errors import StcloudError
from stcloud.paas.query.plan.plan import Summary
from stcloud.paas.query.run.sequencing import sequenced
from stcloud.testing.scenes import csv_texts, typed_events
from stcloud.time import DayRun

CRS, ZONE = "EPSG:4548", "Asia/Shanghai"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> stcloud.City:
    """Marks that end soon, late, never, at once, or before they began."""
    root = tmp_path_factory.mktemp("sequencing")
    ends = ("2024-03-05T12:00", "2024-04-01", "", "2024-03-02", "2024-03-01")
    lines = [
        f"k{at},2024-03-{1 + at % 9:02},5e5,3.5e6,{'ab'[at % 2]},{at / 10},{at},{at},true,2024-01-01,{ends[at % 5]}"
        for at in range(30)
    ]
    csv_texts("id,at,x,y,note,n,m,i,ok,day,done\n" + "\n".join(lines)).to_csv(root / "marks.csv", index=False)
    city = stcloud.create(root / "city", crs=CRS, zone=ZONE)
    city.load("marks", root / "marks.csv", definition=typed_events(CRS))
    return city


@pytest.mark.parametrize("during", ["2024-03-02/2024-03-08", "2024-03-04T10:00/..", None])
def test_at_every_instant_the_timeline_is_a_plain_count(city: stcloud.City, during: str | None) -> None:
    rows = city.query("marks").rows().to_records()
    found = city.query("marks").timeline("count", "sum(n)", "mean(i)", by=["note"], during=during, end="done")
    instants = {one for row in rows for one in (row["at"], row["done"]) if one is not None}
    for step in found.to_records():
        last = step["to"] or max(instants) + HOUR
        inside = [one for one in instants if step["from"] <= one < last]
        for at in (step["from"], *inside, last - timedelta(microseconds=1)):
            held = [row for row in rows if row["note"] == step["note"] and _holds(row, at)]
            assert step["count"] == len(held)
            assert step["sum_n"] == (pytest.approx(sum(row["n"] for row in held), rel=1e-9) if held else None)
            assert step["mean_i"] == (
                pytest.approx(sum(row["i"] for row in held) / len(held)) if held else None
            )
    for _, steps in itertools.groupby(found.to_records(), key=lambda one: one["note"]):
        for one, other in itertools.pairwise(list(steps)):
            assert one["to"] == other["from"]
            assert (one["count"], one["sum_n"], one["mean_i"]) != (
                other["count"],
                other["sum_n"],
                other["mean_i"],
            )


def _holds(row: dict[str, object], at: datetime) -> bool:
    start, end = row["at"], row["done"]
    assert isinstance(start, datetime)
    return start <= at and (end is None or (isinstance(end, datetime) and at < end))


def test_of_nothing_a_span_is_told(city: stcloud.City) -> None:
    found = city.query("marks").what("note = 'nobody'").timeline(during="2024", end="done").to_records()
    assert [(one["from"].year, one["to"].year, one["count"]) for one in found] == [(2024, 2025, 0)]
    assert city.query("marks").what("note = 'nobody'").timeline(end="done").to_records() == []
    by_note = city.query("marks").what("note = 'nobody'").timeline(by=["note"], during="2024", end="done")
    assert by_note.to_records() == []


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({}, "no-period"), ({"end": "note"}, "wrong-type"), ({"end": "gone"}, "unknown-column"),
        ({"end": "done", "by": ["month"]}, "not-additive"), ({"end": "done", "during": "soon"}, "unreadable-time"),
    ],
)  # fmt: skip
def test_what_has_no_timeline_is_refused(city: stcloud.City, asked: dict[str, object], kind: str) -> None:
    with pytest.raises(StcloudError) as refused:
        city.query("marks").timeline(**asked)  # type: ignore[arg-type]
    assert refused.value.kind == kind


def test_a_timeline_by_runs_of_days_is_refused_as_by_bins_of_the_calendar(city: stcloud.City) -> None:
    with pytest.raises(StcloudError) as refused:
        sequenced(city.query("marks").inquiry(), Summary((DayRun(7, 3),)), "2024-03", "done")
    assert refused.value.kind == "not-additive"
