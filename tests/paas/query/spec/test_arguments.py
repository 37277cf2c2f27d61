"""Arguments of queries take what people have; each form means what the text means."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput

ZONE, CRS = "Pacific/Auckland", "EPSG:32760"
NOW_US = int(pd.Timestamp("2024-03-06 01:00", tz=ZONE).timestamp()) * 1_000_000  # the day before in UTC


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arguments")
    hours = pd.date_range("2024-03-01", "2024-03-08", freq="3h", inclusive="left")
    pd.DataFrame(
        {
            "id": range(len(hours)), "at": hours.strftime("%Y-%m-%d %H:%M"), "kind": ["elm", "oak"] * 28,
            "x": [300_000.0 + 20 * row for row in range(56)], "y": 5_900_000.0,
        }
    ).to_parquet(folder / "trees.parquet")  # fmt: skip
    stcloud.create(folder / "town", crs=32760, zone=ZONE).close()
    with stcloud.open(folder / "town", clock=lambda: NOW_US + 123_456) as city:
        city.load("trees", folder / "trees.parquet", key="id", time="at", x="x", y="y", crs=pyproj.CRS(32760))
        yield city


def total(query):
    return query.count().to_records()[0]["count"]


def test_a_crs_is_text_a_number_or_one_of_pyproj(city):
    assert city.configuration.crs == CRS
    wkt = "POLYGON((299990 5899990, 300090 5899990, 300090 5900010, 299990 5900010, 299990 5899990))"
    for crs in (CRS, 32760, np.int64(32760), pyproj.CRS(32760)):
        assert total(city.query("trees").where(f"wkt:{wkt}", crs=crs)) == 5
        assert total(city.query("trees").what(f"S_INTERSECTS(geometry, {wkt})", crs=crs)) == 5
        assert city.query("trees").to_geopandas(crs).crs == CRS
    for wrong in (True, 1.5, [32760]):
        with pytest.raises(InvalidInput) as caught:
            city.query("trees").where(f"wkt:{wkt}", crs=wrong)
        assert caught.value.kind == "unknown-crs"


def test_a_cell_is_text_a_number_or_one_of_numpy(city):
    counted = city.query("trees").count(by="cell:1km").to_pandas()
    cell, count = counted["cell_1km"].to_numpy()[0], counted["count"].iloc[0]
    for form in (np.int64(cell), int(cell), f"cell:{cell}"):
        assert total(city.query("trees").where(form)) == count


@pytest.mark.parametrize("form", [tuple, list, np.array], ids=lambda form: form.__name__)
def test_four_numbers_are_a_box(city, form):
    trees = city.query("trees")
    frame = trees.to_geopandas(4326).iloc[:5]
    west, south, east, north = frame.total_bounds + np.array([-1e-5, -1e-5, 1e-5, 1e-5])
    assert total(trees.where(form([west, south, east, north]))) == 5
    assert total(trees.where(f"bbox:{west},{south},{east},{north}")) == 5
    assert total(trees.where(form([299_990.0, 5_899_990.0, 300_090.0, 5_900_010.0]), crs=32760)) == 5
    assert total(trees.where(form([0.0, 0, 1, 1]), form([west, south, east, north]))) == 5


@pytest.mark.parametrize(
    ("box", "kind"),
    [((1, 2, 3), "unknown-where"), ((1, 2, 3, 4, 5), "unknown-where"), ((5, 5, 5, 5), "empty-area")],
)
def test_what_is_no_box_is_refused(city, box, kind):
    with pytest.raises(InvalidInput) as caught:
        city.query("trees").where(box)
    assert caught.value.kind == kind
    with pytest.raises(InvalidInput):
        city.query("trees").where(box, crs=32760)


DAY = [
    "2024-03-05", date(2024, 3, 5), np.datetime64("2024-03-05"), (date(2024, 3, 5), date(2024, 3, 6)),
    (datetime(2024, 3, 5), datetime(2024, 3, 6)), (pd.Timestamp("2024-03-05", tz=ZONE), "2024-03-06"),
    [np.datetime64("2024-03-05T00:00"), pd.Timestamp("2024-03-06")], "2024-03-05/2024-03-06",
    (datetime(2024, 3, 4, 11, tzinfo=UTC), datetime(2024, 3, 5, 13, tzinfo=timezone(timedelta(hours=2)))),
]  # fmt: skip


@pytest.mark.parametrize("when", DAY, ids=repr)
def test_a_day_in_every_form(city, when):
    query = city.query("trees").when(when)
    keys = query.to_pandas()["id"].tolist()
    assert keys == list(range(32, 40))
    assert query.facts()["when"].startswith("2024-03-05T00:00+13:00/2024-03-06T00:00+13:00")


def test_longer_spans_of_numpy_and_open_ends(city):
    trees = city.query("trees")
    assert total(trees.when(np.datetime64("2024-03"))) == 56
    assert total(trees.when(np.datetime64("2024-03-05T06"))) == 1
    assert total(trees.when((date(2024, 3, 7), None))) == 8
    assert total(trees.when((None, date(2024, 3, 2)), date(2024, 3, 4))) == 16


@pytest.mark.parametrize(
    "wrong", [datetime(2024, 3, 5), pd.Timestamp("2024-03-05"), pd.NaT, np.datetime64("NaT"), (pd.NaT, None),
              np.datetime64("2024-03-05", "ns"), 5, (1, 2, 3)], ids=repr,
)  # fmt: skip
def test_what_is_no_span_is_refused(city, wrong):
    with pytest.raises(InvalidInput) as caught:
        city.query("trees").when(wrong)
    assert caught.value.kind == "unreadable-time"


def test_relative_times_are_seen_from_the_clock_of_the_city(city):
    trees = city.query("trees")
    assert trees.when("yesterday").to_pandas()["id"].tolist() == list(range(32, 40))
    assert total(trees.when("today")) == 8
    assert total(trees.when("last 24 hours")) == 8
    assert "'yesterday' is as of 2024-03-06T01:00+13:00" in trees.when("yesterday").facts()["when"]
    assert total(trees.when("yesterday", now=date(2024, 3, 3))) == 8
    assert total(trees.when("yesterday", now="2024-01-01")) == 0
    asked = stcloud.Question(layer="trees", when="yesterday", count=True)
    assert city.ask(asked).to_records() == [{"count": 8}]


def test_one_text_is_one_name(city):
    trees = city.query("trees")
    assert trees.count("kind").to_records() == trees.count(["kind"]).to_records()
    assert trees.top(1, "kind").to_records() == trees.top(1, ["kind"]).to_records()
    assert (
        trees.measure(by="kind", order="-kind").to_records()
        == trees.measure(by=["kind"], order=["-kind"]).to_records()
    )
    assert trees.rows(3, order="-id").to_records() == trees.rows(3, order=["-id"]).to_records()
    assert trees.plan("kind") == trees.plan(["kind"])
    assert trees.plan(order="-id") == trees.plan(order=["-id"])
    assert str(trees.explain("kind", order="-count")) == str(trees.explain(["kind"], order=["-count"]))


def test_a_question_takes_one_text_and_instants():
    bare = stcloud.Question(
        layer="trees", what="id > 3", where="bbox:1,2,3,4", when="2024", by="kind", measure="count", order="-count",
        known_at=datetime(2024, 3, 5), as_of=date(2024, 3, 5),
    )  # fmt: skip
    listed = stcloud.Question(
        layer="trees", what=["id > 3"], where=["bbox:1,2,3,4"], when=["2024"], by=["kind"], measure=["count"],
        order=["-count"], known_at="2024-03-05T00:00:00.000000", as_of="2024-03-05",
    )  # fmt: skip
    assert bare == listed
    assert stcloud.Question.from_toml(bare.to_toml(), name="t") == bare


@pytest.mark.parametrize(
    "at",
    [date(2031, 1, 1), datetime(2031, 1, 1), pd.Timestamp("2031-01-01"), np.datetime64("2031-01-01")],
    ids=repr,
)
def test_recorded_time_is_an_instant_of_any_form(city, at):
    assert total(city.query("trees").known_at(at)) == 56
    early = at - (timedelta(days=9000) if not isinstance(at, np.datetime64) else np.timedelta64(9000, "D"))
    assert total(city.query("trees").known_at(early)) == 0
    assert shapely.is_valid(city.query("trees").to_geopandas().geometry).all()
