"""An answer is read by whatever reads Arrow, counted, gone through, shown and drawn."""

import sys

import matplotlib as mpl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import stcloud
from stcloud.errors import InvalidInput, MissingExtra, Unsupported

mpl.use("Agg")
ZONE = "Pacific/Auckland"


@pytest.fixture(scope="module")
def requests(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answer")
    pd.DataFrame(
        {
            "id": range(60), "opened": [f"2024-01-{1 + day % 31:02} 07:00" for day in range(60)],
            "x": [300_000.0 + 150 * (row % 7) for row in range(60)], "y": 5_900_000.0,
            "kind": ["oak", "elm", "ash"] * 20, "size": range(60),
        }
    ).to_parquet(folder / "trees.parquet")  # fmt: skip
    with stcloud.create(folder / "auckland", crs="EPSG:32760", zone=ZONE) as city:
        city.load("trees", folder / "trees.parquet", key="id", time="opened", x="x", y="y", crs="EPSG:32760")
        yield city.query("trees")


def test_rows_are_gone_through_as_dicts(requests):
    answer = requests.rows()
    assert len(answer) == 60
    assert list(answer) == answer.to_records()
    first = next(iter(answer))
    assert first["st_time"].utcoffset().total_seconds() == 13 * 3600


@pytest.mark.parametrize("side", [250, 500])
def test_blocks_have_the_squares_that_numpy_counts_by(requests, side):
    answer = requests.count(by=f"cell:{side}m")
    frame = answer.to_geopandas()
    rows = requests.rows().to_pandas()
    squares = rows[["st_x", "st_y"]].floordiv(side).mul(side).value_counts()
    assert len(frame) == len(squares)
    for square, count, cell in zip(frame.geometry, frame["count"], frame[f"cell_{side}m"], strict=True):
        west, south, east, north = square.bounds
        assert (east - west, north - south, square.area) == (side, side, side**2)
        assert count == squares[west, south]
        assert requests.where(f"cell:{cell}").count().to_records() == [{"count": count}]
        assert requests.where(int(cell)).measure("per_km2").to_records() == [
            {"per_km2": count / square.area * 1e6}
        ]


def test_cells_of_other_sizes_are_refused_with_those_there_are(requests):
    with pytest.raises(
        InvalidInput, match="no cells of '300m'; use one of 10m, 100m, 250m, 500m, 1km"
    ) as caught:
        requests.count(by="cell:300m")
    assert caught.value.kind == "unknown-level"


def test_an_answer_is_an_arrow_stream(requests):
    answer = requests.rows()
    assert pa.table(answer).equals(answer.to_arrow())
    assert pl.DataFrame(answer).equals(answer.to_polars())
    assert answer.to_polars().height == 60
    assert pa.RecordBatchReader.from_stream(answer).read_all().num_rows == 60


def test_without_polars_the_error_says_what_to_install(requests, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtra) as caught:
        requests.count().to_polars()
    assert caught.value.kind == "polars-needed"
    assert "pip install polars" in caught.value.hint


def test_a_repr_shows_the_first_rows_and_counts_the_rest(requests):
    lines = repr(requests.count(by=["day"])).splitlines()
    assert lines[0].startswith("Answer of trees: 31 groups, known at ")
    assert lines[1:3] == ["day         count", "2024-01-01      2"]
    assert lines[-1] == "… and 26 more rows"
    assert "<td>2024-01-10</td>" in requests.count(by=["day"])._repr_html_()
    assert "<td>2024-01-11</td>" not in requests.count(by=["day"])._repr_html_()


def test_groups_name_the_columns_that_were_grouped_by(requests):
    assert requests.count(by=["kind", "hour-of-day"]).groups == ("kind", "hour_of_day")
    assert requests.rows().groups == ()


def test_a_plot_is_a_map_or_a_chart(requests):
    weeks = requests.count(by=["week"]).plot()
    assert len(weeks.lines) == 1
    assert weeks.lines[0].get_ydata().tolist() == requests.count(by=["week"]).table["count"].to_pylist()
    bars = requests.count(by=["kind"]).plot(legend=False)
    assert [bar.get_height() for bar in bars.patches] == [20, 20, 20]
    assert len(requests.count(by=["week", "kind"]).plot().lines) == 3
    cells = requests.measure("count", "sum(size)", by=["cell:100m"]).plot("sum_size")
    assert len(cells.collections[0].get_paths()) == 7
    assert len(requests.rows().plot().collections[0].get_offsets()) == 60
    for axes in (weeks, bars, cells):
        mpl.pyplot.close(axes.figure)


def test_what_cannot_be_drawn_is_refused(requests):
    with pytest.raises(Unsupported, match="has no place") as caught:
        requests.count().plot()
    assert caught.value.kind == "no-plot"
    with pytest.raises(InvalidInput, match="no column 'cuont'"):
        requests.count(by=["week"]).plot("cuont")
    with pytest.raises(Unsupported, match="on top of each other"):
        requests.count(by=["cell:100m", "week"]).plot()
