import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import Unsupported
from stcloud.paas.query import Answer
from stcloud.saas.report.chartdata import chart_data
from stcloud.space import Lattice
from stcloud.testing.examples import examples
from stcloud.time import Bin, Zone

LATTICE = Lattice.for_crs("EPSG:4548")
COUNT = {"count": "count"}


def answer(**columns):
    return Answer(pa.table(columns), LATTICE, {})


def test_weeks_without_rows_have_the_count_zero_and_no_median():
    given_ = answer(week=["2024-W52", "2025-W02"], count=[3, 4], p90_n=[1.0, 2.0])
    data = chart_data(given_, ["week"], COUNT)
    assert (data.form, data.labels) == ("lines", ("2024-W52", "2025-W01", "2025-W02"))
    assert [panel.measure for panel in data.panels] == ["count", "p90_n"]
    np.testing.assert_array_equal(data.panels[0].series[0].values, [3, 0, 4])
    np.testing.assert_array_equal(data.panels[1].series[0].values, [1, np.nan, 2])


def test_weeks_that_were_left_out_are_gaps_of_counts_too():
    data = chart_data(answer(week=["2024-W01", "2024-W03"], count=[3, 4]), ["week"], COUNT, whole=False)
    np.testing.assert_array_equal(data.panels[0].series[0].values, [3, np.nan, 4])


@settings(deadline=None, max_examples=examples(40))
@given(
    st.sampled_from([kind for kind in Bin if not kind.recurs and kind is not Bin.HOUR]),
    st.integers(0, 2 * 10**15),
)
def test_bins_lie_in_order_and_are_written_as_answers_write_them(kind, at_us):
    zone = Zone("Asia/Shanghai")
    numbers = kind.numbers(np.array([at_us]), zone)[0] + np.arange(4)
    labels = [str(kind.label(int(number))) for number in numbers]
    data = chart_data(answer(**{kind.value: [labels[0], labels[3]], "count": [1, 1]}), [kind.value], COUNT)
    assert data.labels == tuple(labels)


def test_the_hour_that_comes_twice_has_two_places():
    labels = ["2024-11-03T01:00-04:00", "2024-11-03T01:00-05:00"]
    data = chart_data(answer(hour=labels, count=[1, 2]), ["hour"], COUNT)
    assert data.labels == tuple(labels)


def test_weekdays_are_all_there_in_their_order():
    data = chart_data(answer(weekday=[2, 7], count=[5, 6]), ["weekday"], COUNT)
    assert data.labels == ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    assert data.panels[0].series[0].values.tolist() == [0, 5, 0, 0, 0, 0, 6]


def test_categories_keep_the_order_of_the_answer_and_nothing_is_called_none():
    data = chart_data(answer(kind=["b", None, "a"], count=[9, 5, 1]), ["kind"], COUNT)
    assert (data.form, data.labels) == ("bars", ("b", "(none)", "a"))
    assert data.panels[0].series[0].values.tolist() == [9, 5, 1]


def test_a_column_that_is_called_like_a_bin_is_a_category():
    data = chart_data(answer(week=["first", "second"], count=[1, 2]), ["week"], COUNT)
    assert data.form == "bars"


def test_two_groupings_are_panels_with_time_along_the_axis():
    given_ = answer(kind=["a", "a", "b"], month=["2024-01", "2024-03", "2024-02"], count=[1, 2, 3])
    data = chart_data(given_, ["kind", "month"], COUNT)
    assert [panel.title for panel in data.panels] == ["a", "b"]
    assert data.group == "month"
    assert [panel.series[0].values.tolist() for panel in data.panels] == [[1, 0, 2], [0, 3, 0]]


def test_of_two_categories_the_one_with_fewer_values_makes_the_panels():
    given_ = answer(kind=["a", "b", "c"], open=["x", "x", "y"], count=[1, 2, 3])
    data = chart_data(given_, ["kind", "open"], COUNT)
    assert (data.group, [panel.title for panel in data.panels]) == ("kind", ["x", "y"])
    np.testing.assert_array_equal(data.panels[0].series[0].values, [1, 2, np.nan])


def test_compared_measures_are_two_series():
    given_ = answer(kind=["a"], count=[3], count_before=[5], count_change=[-2], count_change_pct=[-40.0])
    (panel,) = chart_data(given_, ["kind"], COUNT).panels
    assert [(series.label, series.values.tolist()) for series in panel.series] == [
        ("count", [3]),
        ("before", [5]),
    ]


MANY = [f"kind {number}" for number in range(41)]


@pytest.mark.parametrize(
    ("columns", "groups", "text", "hint"),
    [
        ({"count": [3]}, [], "one number", "--by month"),
        ({"st_key": ["a"], "n": [1]}, [], "rows are no chart", "--by month"),
        ({"a": ["x"], "b": ["x"], "c": ["x"], "count": [1]}, ["a", "b", "c"], "3", "-o FILE.csv"),
        ({"kind": MANY, "count": [1] * 41}, ["kind"], "41 bars", "--limit 20"),
        (
            {"kind": MANY, "month": ["2024-01"] * 41, "count": [1] * 41},
            ["month", "kind"],
            "41 values",
            "narrow",
        ),
        (
            {"kind": ["a"], "month": ["2024-01"], "count": [1], "p90": [1.0]},
            ["month", "kind"],
            "one measure",
            "one",
        ),
        ({"kind": ["a"], "max_name": ["z"]}, ["kind"], "none", "--measure count"),
        (
            {"kind": pa.array([], pa.string()), "count": pa.array([], pa.int64())},
            ["kind"],
            "no groups",
            "widen",
        ),
        ({"day": ["0001-01-01", "9999-01-01"], "count": [1, 1]}, ["day"], "3,651,", "longer bin"),
    ],
)
def test_what_no_chart_shows_is_refused_in_one_line_with_what_to_do(columns, groups, text, hint):
    with pytest.raises(Unsupported) as caught:
        chart_data(answer(**columns), groups, COUNT)
    assert caught.value.kind == "no-chart"
    assert text in caught.value.message
    assert hint.removeprefix("--") in caught.value.hint
    assert "\n" not in str(caught.value)
