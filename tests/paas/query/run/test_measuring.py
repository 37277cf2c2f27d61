"""Laws of measures: order and pages lose nothing; what cannot be measured is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import StcloudError
from stcloud.testing.examples import examples
from stcloud.testing.scenes import csv_texts, typed_events

CRS = "EPSG:4548"
FIELDS = ("note", "n", "i", "ok", "day", "done", "at")


def rows(count: int) -> str:
    notes, days = ("a", "b", "", "路"), ("2024-01-01", "2024-02-29", "")
    lines = [
        f"k{number:03},2024-03-{1 + number % 28:02},5e5,3.5e6,{notes[number % 4]},{number % 7 or ''},{number},"
        f"{number % 5},{('true', 'false', '')[number % 3]},{days[number % 3]},"
        + (f"2024-04-{1 + number % 30:02}" if number % 4 else "")
        for number in range(count)
    ]
    return "id,at,x,y,note,n,m,i,ok,day,done\n" + "\n".join(lines)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> stcloud.City:
    root: Path = tmp_path_factory.mktemp("measuring")
    csv_texts(rows(40)).to_csv(root / "marks.csv", index=False)
    city = stcloud.create(root / "city", crs=CRS, zone="Asia/Shanghai")
    city.load("marks", root / "marks.csv", definition=typed_events(CRS))
    return city


order = st.lists(st.sampled_from(FIELDS), max_size=3, unique=True).flatmap(
    lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in names))
)


def ranked(frame: pd.DataFrame, by: tuple[str, ...], last: tuple[str, ...]) -> pd.DataFrame:
    """Sort one column after another, the least first, each time leaving the rest as it was; null last."""
    for one in [*last[::-1], *by[::-1]]:
        frame = frame.sort_values(one.removeprefix("-"), ascending=not one.startswith("-"), kind="stable")
    return frame


def plain_rows(frame: pd.DataFrame) -> list[list[object]]:
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


@settings(
    max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order, st.integers(1, 15))
def test_pages_are_the_ordered_rows_cut(city: stcloud.City, by: tuple[str, ...], size: int) -> None:
    asked = city.query("marks")
    pages, after = [], None
    for _ in range(41):  # a cursor that leads nowhere new would never end
        page = asked.rows(size, order=by, after=after)
        pages += page.to_arrow()["st_key"].to_pylist()
        after = page.next
        if after is None:
            break
    expected = ranked(asked.rows().to_arrow().to_pandas(), by, ("st_time", "st_key"))
    assert pages == expected["st_key"].tolist()


@settings(
    max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.sampled_from(FIELDS), min_size=1, max_size=2, unique=True), st.integers(1, 9),
    st.sampled_from([(), ("-count",), ("mean_m", "-count"), ("-mean_m",)]),
)  # fmt: skip
def test_pages_are_the_ordered_groups_cut(
    city: stcloud.City, by: list[str], size: int, order: tuple[str, ...]
) -> None:
    asked = city.query("marks")
    having = "count > 1 AND (mean_m > 5 OR mean_m IS NULL)"
    whole = asked.measure("count", "mean(m)", by=by, having=having, order=order)
    found, after = [], None
    for _ in range(41):
        page = asked.measure("count", "mean(m)", by=by, having=having, order=order, limit=size, after=after)
        found += page.to_records()
        after = page.next
        if after is None:
            break
    assert found == whole.to_records()
    plain = asked.measure("count", "mean(m)", by=by).to_arrow().to_pandas()
    kept = plain[(plain["count"] > 1) & ((plain["mean_m"] > 5) | plain["mean_m"].isna())]
    assert plain_rows(whole.to_arrow().to_pandas()) == plain_rows(ranked(kept, order, tuple(by)))


def test_a_page_is_of_the_answer_that_the_first_was_of(city: stcloud.City, tmp_path: Path) -> None:
    other = stcloud.create(tmp_path / "city", crs=CRS, zone="Asia/Shanghai")
    csv_texts(rows(10)).to_csv(tmp_path / "a.csv", index=False)
    csv_texts(rows(20)).to_csv(tmp_path / "b.csv", index=False)
    other.load("marks", tmp_path / "a.csv", definition=typed_events(CRS))
    first = other.query("marks").rows(6)
    other.load("marks", tmp_path / "b.csv")
    second = other.query("marks").rows(6, after=first.next)
    assert (len(first), len(second), second.next) == (6, 4, None)
    assert second.facts["known_at"] == first.facts["known_at"]
    assert other.query("marks").count().to_records() == [{"count": 20}]


def test_the_top_are_the_greatest_counts(city: stcloud.City) -> None:
    counts = city.query("marks").count(["note"]).to_records()
    greatest = sorted(counts, key=lambda one: -one["count"])[:2]
    assert city.query("marks").top(2, ["note"]).to_records() == greatest


def test_what_has_not_ended_counts_until_an_instant(city: stcloud.City) -> None:
    asked = city.query("marks").what("id IN ('k000', 'k001')")
    ended = asked.measure("count", "mean(days(done - at))").to_records()
    assert ended == [{"count": 2, "mean_done_minus_at_d": 31.0}]
    at_its_end = asked.what("id = 'k001'").measure("mean(days(done - at))", until="2024-04-02").to_records()
    assert at_its_end == [{"mean_done_minus_at_d": 31.0, "open": 0}]
    so_far = asked.measure("mean(days(done - at))", until="2024-03-03").to_records()
    assert so_far == [{"mean_done_minus_at_d": 1.5, "open": 2}]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"measures": ["mean(note)"]}, "wrong-type"),
        ({"measures": ["mean(days(n))"]}, "wrong-type"),
        ({"measures": ["meen(n)"]}, "unknown-measure"),
        ({"measures": ["mean("]}, "unreadable-measure"),
        ({"measures": ["quantile(n)"]}, "unreadable-measure"),
        ({"measures": ["quantile(n, 2)"]}, "unreadable-measure"),
        ({"measures": ["mean(nn)"]}, "unknown-column"),
        ({"measures": ["count", "count"]}, "repeated-group"),
        ({"measures": ["note = count"], "by": ["note"]}, "repeated-group"),
        ({"until": "2024"}, "no-duration"),
        ({"order": ["kount"]}, "unknown-order"),
        ({"order": ["count", "-count"]}, "repeated-order"),
        ({"having": "kount > 2"}, "unknown-column"),
        ({"limit": -1}, "bad-limit"),
        ({"after": "what?"}, "unreadable-cursor"),
        ({"after": "WyJhIiwxXQ"}, "other-question"),
    ],
)
def test_what_cannot_be_measured_is_refused(city: stcloud.City, asked: dict[str, object], kind: str) -> None:
    measures = asked.pop("measures", ())
    with pytest.raises(StcloudError) as refused:
        city.query("marks").measure(*measures, **asked)  # type: ignore[arg-type, misc]
    assert refused.value.kind == kind
    assert "\n" not in str(refused.value)
