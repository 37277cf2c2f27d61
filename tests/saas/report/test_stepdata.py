"""Charts of timelines: values hold from instant to instant, labelled at round instants of the city's clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import geopandas
import matplotlib as mpl
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

import stcloud
from stcloud.errors import Unsupported
from stcloud.paas.query import Answer
from stcloud.saas.report import chart_timeline
from stcloud.saas.report.chart import draw_chart
from stcloud.saas.report.roundinstants import round_instants
from stcloud.saas.report.stepdata import step_data
from stcloud.space import Lattice

mpl.use("Agg")
LATTICE = Lattice("EPSG:32618", (0, 0))
ZONE = "America/New_York"
NEW_YORK = ZoneInfo(ZONE)
US = pa.timestamp("us", ZONE)


def seconds(text, zone=NEW_YORK):
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def answer(steps, groups=()):
    """An answer of steps: group values, from, to (seconds or None), count."""
    columns = {name: [step[at] for step in steps] for at, name in enumerate(groups)}
    width = len(groups)
    for at, name in enumerate(("from", "to")):
        micros = [None if step[width + at] is None else step[width + at] * 1_000_000 for step in steps]
        columns[name] = pa.array(micros, US)
    columns["count"] = [step[-1] for step in steps]
    return Answer(pa.table(columns), LATTICE, groups=tuple(groups))


def data_of(steps, groups=(), known_s=10**9):
    return step_data(answer(steps, groups), {}, ZONE, known_s)


def test_a_value_holds_from_its_instant_to_the_next():
    data = data_of([(0, 100, 3), (100, 250, 5), (250, 400, 4)])
    assert data.form == "steps"
    assert data.positions.tolist() == [0, 100, 250, 400]
    assert data.panels[0].series[0].values[:3].tolist() == [3, 5, 4]
    assert np.isnan(data.panels[0].series[0].values[3])  # it ends there


def test_what_has_no_end_goes_on_to_the_edge_and_groups_have_gaps():
    data = data_of([("a", 0, 1000, 1), ("b", 200, 300, 7), ("b", 500, None, 2)], ["kind"])
    assert data.positions.tolist() == [0, 200, 300, 500, 1000, 1050]
    assert [panel.title for panel in data.panels] == ["a", "b"]
    nan = float("nan")
    np.testing.assert_array_equal(data.panels[0].series[0].values, [1, 1, 1, 1, nan, nan])
    np.testing.assert_array_equal(data.panels[1].series[0].values, [nan, 7, nan, 2, 2, 2])


def test_one_change_is_drawn_up_to_what_is_known():
    assert data_of([(0, None, 24)], known_s=500_000).positions.tolist() == [0, 500_000]
    assert data_of([(0, None, 24)], known_s=-5).positions.tolist() == [0, 86_400]


def test_an_instant_beyond_the_calendar_is_no_instant():
    table = answer([(0, 1000, 1), (1000, 2000, 2)]).table
    ends = pa.array([-(2**63) + 1, 1000 * 10**6], pa.int64()).cast(pa.timestamp("us", "UTC")).cast(US)
    data = step_data(Answer(table.set_column(0, "from", ends), LATTICE), {}, ZONE, 0)
    assert data.positions.tolist() == [950, 1000, 2000]
    assert data.panels[0].series[0].values[:2].tolist() == [1, 2]


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), min_size=1, max_size=12))
def test_every_position_has_the_value_of_the_step_that_holds_it(parts):
    steps, at = [], 0
    for length, value in parts:
        steps.append((at, at + length, value))
        at += length
    data = data_of(steps)
    for position, value in zip(data.positions.tolist(), data.panels[0].series[0].values, strict=True):
        held = [step[2] for step in steps if step[0] <= position < step[1]]
        assert held == ([] if np.isnan(value) else [value])


@pytest.mark.parametrize(
    ("steps", "groups", "text"),
    [
        ([], (), "nothing to draw"),
        ([(None, None, 3)], (), "nothing changes"),
        ([("a", "b", 0, 1, 2)], ("x", "y"), "one measure by one group"),
        ([(f"{at}", 0, 1, 2) for at in range(13)], ("x",), "at most 12 parts"),
    ],
)
def test_what_no_chart_shows_is_refused(steps, groups, text):
    with pytest.raises(Unsupported, match=text) as caught:
        data_of(steps, groups)
    assert caught.value.kind == "no-chart"


@pytest.mark.parametrize(
    ("first", "last", "texts"),
    [
        ("2024-01-01", "2024-12-31", ["2024-01", "2024-03", "2024-05", "2024-07", "2024-09", "2024-11"]),
        ("2013-06-01", "2023-06-01", [str(year) for year in range(2014, 2024)]),
        ("2024-11-02T22:00", "2024-11-03T04:30",  # the clock is put back at 2
         ["2024-11-02\n22:00", "2024-11-02\n23:00", *(f"2024-11-03\n0{hour}:00" for hour in range(5))]),
        ("2024-03-08", "2024-03-12", [f"2024-03-{day:02}" for day in range(8, 13)]),
    ],
)  # fmt: skip
def test_ticks_are_round_on_the_clock_of_the_zone(first, last, texts):
    ticks = round_instants(seconds(first), seconds(last), NEW_YORK, 10)
    shown = [text for _, text in ticks]
    if len(texts) == 5 and "-" in texts[0]:
        shown = [text for text in shown if text.endswith("00:00") or len(text) == 10]
        assert [text[:10] for text in shown] == texts
    else:
        assert shown == texts
    for at, text in ticks:
        there = datetime.fromtimestamp(at, NEW_YORK).replace(tzinfo=None).isoformat(" ")
        assert there.startswith(text.replace("\n", " "))


@given(st.integers(-45_000_000_000, 150_000_000_000), st.integers(1, 80_000_000_000), st.integers(2, 12))
def test_ticks_lie_between_the_ends_and_are_not_too_many(first, span, most):
    ticks = round_instants(first, first + span, NEW_YORK, most)
    assert all(first <= at <= first + span for at, _ in ticks)
    assert len(ticks) <= most + 2
    assert len({text for _, text in ticks}) == len(ticks)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    days = pd.date_range("2024-01-01 08:00", periods=40, freq="9D")
    calls = pd.DataFrame(
        {
            "id": range(40), "opened": days.strftime("%Y-%m-%d %H:%M"), "kind": ["lamp", "road"] * 20,
            "closed": (days + pd.Timedelta(days=31)).tz_localize(ZONE), "x": 500_000.0, "y": 4_500_000.0,
        }
    )  # fmt: skip
    areas = geopandas.GeoDataFrame(
        {"name": ["a", "b"]},
        geometry=[box(5e5, 45e5, 5e5 + 9, 45e5 + 9), box(5e5 + 9, 45e5, 5e5 + 18, 45e5 + 9)],
        crs="EPSG:32618",
    )
    folder = tmp_path_factory.mktemp("steps")
    with stcloud.create(folder / "york", crs="EPSG:32618", zone=ZONE) as city:
        city.load("calls", calls, key="id", time="opened", x="x", y="y", crs="EPSG:32618")
        city.load("areas", areas, key="name", valid_from="2013-01-01")
        yield city


def test_a_timeline_is_drawn_as_steps_with_its_zone(city, tmp_path):
    query = city.query("calls").what("kind = 'lamp'")
    timeline = query.timeline(end="closed", during="2024")
    data = step_data(timeline, {"count": "count"}, ZONE, 0)
    table = timeline.table
    assert len(data.positions) == len(table) + 1
    assert data.panels[0].series[0].values[:-1].tolist() == table["count"].to_pylist()
    canvas = draw_chart(data, title="Open", zone=ZONE)
    (axes,) = canvas.axes
    (line,) = axes.lines
    assert line.get_drawstyle() == "steps-post"
    assert axes.get_xlabel() == f"time, {ZONE}"
    path = chart_timeline(query, timeline, tmp_path / "open.svg", measures=["n = count"])
    assert path.read_text().startswith("<?xml")


def test_a_layer_that_never_changed_is_drawn(city, tmp_path):
    query = city.query("areas")
    assert chart_timeline(query, query.timeline(), tmp_path / "areas.png").stat().st_size > 5000
