"""Copies of layers follow the loads, and keep nothing of what a purge has removed."""

from functools import partial

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import stcloud
from stcloud.errors import InvalidDefinition, InvalidInput
from stcloud.iaas.table import snapshot
from stcloud.iaas.table.datafile import read_pieces
from stcloud.saas.rights.permits import Permits
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import Principal
from stcloud.saas.rights.stored import StoredPart

POLICY = """
[[allow]]
who = "zhao"
do = "read"
layers = "requests"
what = "kind <> 'z'"
where = "areas:A"
"""
AREAS = """
id = "areas"
kind = "feature"
key = ["code"]
[space]
column = "wkt"
crs = "EPSG:4326"
"""


def frame(*ids, kind="x", lon=174.5):
    count = len(ids)
    return pd.DataFrame(
        {
            "id": ids,
            "at": [f"2024-0{1 + n % 3}-01" for n in range(count)],
            "lon": lon,
            "lat": -36.9,
            "kind": kind,
        }
    )


def area(east):
    corners = f"174 -37,{east} -37,{east} -36,174 -36,174 -37"
    return pd.DataFrame({"code": ["A"], "wkt": [f"POLYGON(({corners}))"]})


def keys(city):
    return city.query("requests").rows().to_pandas().st_key.tolist()


def data_files(place):
    return {path for path in (place / "copies").rglob("*.parquet") if "_delta_log" not in path.parts}


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland") as made:
        definition = stcloud.Definition.from_toml(AREAS, name="areas")
        made.load("areas", area(175), definition=definition, valid_from="2020")
        made.load("requests", frame("a", "b", "c"), key="id", time="at", lon="lon", lat="lat")
        yield made


def test_copies_follow_the_loads_and_copy_only_what_is_new(city, tmp_path):
    permits = Permits(city, Policy.from_toml(POLICY, name="policy.toml"), tmp_path / "copies")
    seen = permits.city_for(Principal("zhao"))
    assert keys(seen) == ["a", "b", "c"]
    before = data_files(tmp_path)
    city.load("requests", frame("d", kind="z"))
    city.load("requests", frame("e"))
    assert keys(seen) == ["a", "e", "b", "c"]
    assert len(data_files(tmp_path) - before) == 1
    assert before <= data_files(tmp_path)
    city.load("requests", frame("b", kind="z"))  # what a row has become may not be seen
    assert keys(seen) == ["a", "e", "c"]
    city.load("areas", area(174.2), valid_from="2020")  # areas of rules are those of now
    assert keys(seen) == []
    permits.close()


def test_what_was_purged_is_in_no_copy(city, tmp_path):
    permits = Permits(city, Policy.from_toml(POLICY, name="policy.toml"), tmp_path / "copies")
    seen = permits.city_for(Principal("zhao"))
    assert keys(seen) == ["a", "b", "c"]
    city.purge("requests", before="2024-01-15")
    permits.renew()
    held = pd.concat([pd.read_parquet(path) for path in data_files(tmp_path)])
    assert sorted(held.st_key) == ["b", "c"]
    assert keys(seen) == ["b", "c"]
    city.delete("requests")
    permits.renew()
    assert data_files(tmp_path) == set()
    assert seen.layers() == ()
    permits.close()


def test_rows_are_limited_by_what_is_stored(city):
    policy = Policy.from_toml(
        POLICY.replace("requests", "areas").replace("kind <> 'z'", "area_m2 > 1"), name="p"
    )
    grants = policy.grants(Principal("zhao"))
    rule = grants.of("areas").model_copy(update={"where": ()})
    with pytest.raises(InvalidInput, match="area_m2") as caught:
        StoredPart.of(rule, city, city.layer("areas"), b"")
    assert caught.value.kind == "unstored-limit"


def test_what_no_longer_fits_is_refused_without_a_word_of_the_rest(city, tmp_path):
    permits = Permits(city, Policy.from_toml(POLICY, name="policy.toml"), tmp_path / "copies")
    city.rename("areas", "secrets")
    city.delete("secrets")
    with pytest.raises(InvalidDefinition) as caught:
        permits.city_for(Principal("zhao")).query("requests")
    assert caught.value.kind == "unfit-policy"
    assert str(caught.value) == "the policy does not fit layer 'requests' any more; check it against the city"
    permits.close()


def many(count):
    """Return events of one month in about a hundred cells, some without a place."""
    random = np.random.default_rng(7)
    lon = np.where(random.random(count) < 0.02, np.nan, 174.5 + random.random(count) / 20)
    kinds, hours = random.choice(list("xyz"), count, p=[0.02, 0.08, 0.9]), random.integers(0, 600, count)
    at = pd.Timestamp("2024-03-02", tz="Pacific/Auckland") + pd.to_timedelta(hours, "h")
    return pd.DataFrame({"id": np.arange(count), "at": at, "lon": lon, "lat": -36.9, "kind": kinds})


LIMITS = {
    "what = \"kind <> 'x'\"": lambda frame: frame[frame.kind != "x"],
    "what = \"kind = 'x'\"": lambda frame: frame[frame.kind == "x"],
    "position = 'cell:1km'": lambda frame: frame,
}


@pytest.mark.parametrize("limit", LIMITS, ids=["most", "few", "cells"])
def test_a_file_is_copied_in_pieces_and_its_copy_is_that_of_the_whole(limit, tmp_path, monkeypatch):
    city = stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland")
    city.load("requests", many(20_000), key="id", time="at", lon="lon", lat="lat", datum="wgs84")
    policy = Policy.from_toml(POLICY.partition("what")[0] + limit, name="policy.toml")
    shown, largest = StoredPart.shown, []

    def noted(part, rows):
        largest[-1] = max(largest[-1], len(rows))
        return shown(part, rows)

    monkeypatch.setattr(StoredPart, "shown", noted)
    copies = []
    for rows in (1 << 18, 1):
        largest.append(0)
        monkeypatch.setattr(snapshot, "read_pieces", partial(read_pieces, piece_rows=rows))
        permits = Permits(city, policy, tmp_path / str(rows))
        answer = permits.city_for(Principal("zhao")).query("requests").rows().table
        files = [pq.ParquetFile(path) for path in data_files(tmp_path / str(rows))]
        groups = [file.metadata.row_group(n).num_rows for file in files for n in range(file.num_row_groups)]
        copies.append((answer, groups, [file.read() for file in files]))
        permits.close()
    assert largest == [20_000, 8_192]
    (whole, groups, files), (answer, groups_again, files_again) = copies
    assert len(whole) == len(LIMITS[limit](many(20_000)))
    assert answer.equals(whole)
    assert (groups_again, files_again) == (groups, files)
    assert all(rows == 8_192 for rows in groups[:-1])
    city.close()


def test_a_copy_that_failed_is_made_anew(city, tmp_path, monkeypatch):
    permits = Permits(city, Policy.from_toml(POLICY, name="policy.toml"), tmp_path / "copies")
    seen = permits.city_for(Principal("zhao"))
    shown, calls = StoredPart.shown, []

    def failing(part, rows):
        calls.append(rows)
        if len(calls) == 2:
            raise OSError("the disk is full")
        return shown(part, rows)

    assert keys(seen) == ["a", "b", "c"]
    city.load("requests", frame("d", "e", "f"))
    monkeypatch.setattr(StoredPart, "shown", failing)
    with pytest.raises(OSError, match="full"):
        keys(seen)
    assert sorted(keys(seen)) == ["a", "b", "c", "d", "e", "f"]
    permits.close()


def test_what_a_killed_process_left_is_not_read(city, tmp_path):
    policy = Policy.from_toml(POLICY, name="policy.toml")
    for _ in range(2):
        permits = Permits(city, policy, tmp_path / "copies")
        assert keys(permits.city_for(Principal("zhao"))) == ["a", "b", "c"]
