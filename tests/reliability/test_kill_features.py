"""A load of features that dies at any step leaves the layer as it was or as it should be, and the next load whole."""

import pytest

import stcloud
from stcloud.testing.features import define

HEAD = "k,wkt\n"
FIRST = HEAD + "a,POINT (500000 3500000)\nb,POINT (500010 3500000)\n"
SECOND = HEAD + "a,POINT (500000 3500000)\nb,POINT (500020 3500000)\nc,POINT (500030 3500000)\n"
FEATURE, TABLE = "stcloud.daas.table.feature", "stcloud.iaas.table.table"
MOMENTS = [
    ("stcloud.iaas.table.sorter", "Sorter", "flush", "before"),
    (FEATURE, "FeatureLayer", "write_rows", "after"),
    (FEATURE, "FeatureLayer", "write_ends", "after"),
    (TABLE, "Table", "commit", "before"),
    (TABLE, "DeltaTable", "create_write_transaction", "before"),
    (TABLE, "DeltaTable", "create_write_transaction", "after"),
    (FEATURE, "FeatureLayer", "compact", "before"),
]
COMMITTED = {("DeltaTable", "create_write_transaction", "after"), ("FeatureLayer", "compact", "before")}


def state(city, at, **known):
    return [row["k"] for row in stcloud.open(city).features("things").as_of(at, **known).to_records()]


@pytest.mark.costly
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: " ".join((one[3], *one[1:3])))
def test_a_snapshot_that_dies_at_a_step_is_whole_or_absent(die, tmp_path, moment):
    folder = tmp_path / "city"
    for name, text in (("first.csv", FIRST), ("second.csv", SECOND)):
        (tmp_path / name).write_text(text)
    city = stcloud.create(folder, crs="EPSG:4548", zone="Asia/Shanghai")
    definition = define(crs="EPSG:4548")
    first = city.load("things", tmp_path / "first.csv", definition=definition, valid_from="2013-01-01")

    die(moment, folder, "things", tmp_path / "second.csv", valid_from="2023-01-01")

    done = state(folder, "2024-01-01") == ["a", "b", "c"]
    assert done or state(folder, "2024-01-01") == ["a", "b"]
    assert done == (moment[1:] in COMMITTED)
    assert state(folder, "2024-01-01", known_at=first.recorded_at_us) == ["a", "b"]
    assert [one for one in stcloud.open(folder).check() if one.faults] == []

    again = stcloud.open(folder).load("things", tmp_path / "second.csv", valid_from="2023-01-01")
    assert again.known == done
    assert (again.accepted, again.updated, again.unchanged) == (1, 1, 1)
    assert state(folder, "2024-01-01") == ["a", "b", "c"]
    assert state(folder, "2020-01-01") == ["a", "b"]
    assert [one.source for one in stcloud.open(folder).features("things").loads] == [
        "first.csv",
        "second.csv",
    ]
    assert [one for one in stcloud.open(folder).check() if one.faults] == []
