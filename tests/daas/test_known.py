"""What a layer is, as known at an instant, is what the catalogue gave after the last load before."""

import geopandas as gpd
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.daas.known import layer_as_known
from stcloud.daas.table.layer import EventLayer

DAYS = st.sampled_from(["2024-03-31", "2024-04-07", "2024-04-08"])
ROWS = st.tuples(st.sampled_from("abcde"), DAYS, st.integers(0, 5))
LOADS = st.lists(st.tuples(st.lists(ROWS, min_size=1, max_size=4), st.booleans()), min_size=2, max_size=3)


def described(layer):
    return layer.attributes, layer.extent, layer.span_us, [load.load for load in layer.loads]


def events(rows, wide):
    frame = pd.DataFrame(rows, columns=["id", "at", "n"]).drop_duplicates("id", keep="last")
    frame["at"] = pd.to_datetime(frame["at"]).dt.tz_localize("Pacific/Auckland")
    frame["lon"], frame["lat"] = 174.7 + frame["n"] / 100, -36.8 - frame["n"] / 50
    return frame.assign(wide=frame["n"]) if wide else frame


def compacted(city, tmp_path):
    """Put the rows of all loads into few files."""
    table = city.parts.catalogue.table("calls").table
    EventLayer("calls", table).compact(tmp_path, least=2)


@settings(max_examples=3)
@given(LOADS, st.booleans())
def test_a_layer_as_known_is_what_it_was_then(tmp_path_factory, loads, merged):
    folder = tmp_path_factory.mktemp("known")
    with stcloud.create(folder / "city", crs="EPSG:2193", zone="Pacific/Auckland") as city:
        then = []
        wide = False
        for rows, wider in loads:
            wide = wide or wider
            city.load("calls", events(rows, wide), key="id", time="at", lon="lon", lat="lat", again=True)
            layer = city.layer("calls")
            then.append((layer.loads[-1].recorded_at_us, described(layer)))
        if merged:
            compacted(city, folder)
        layer = city.layer("calls")
        assert layer_as_known(layer, then[0][0] - 1) is None
        for at_us, expected in then:
            assert described(layer_as_known(layer, at_us)) == expected
            assert described(layer_as_known(layer, at_us + 1)) == expected
        assert described(layer_as_known(layer, then[-1][0] + 10**9)) == described(layer)


def test_versions_of_features_as_known(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:2193", zone="Pacific/Auckland") as city:
        then = []
        for year, keys in ((2020, "ab"), (2018, "bc"), (2022, "c"), (2023, "ab")):
            lon = [174.7 + ord(key) / 1e4 + year / 1e5 for key in keys]
            places = gpd.points_from_xy(lon, [-36.8] * len(keys)).buffer(0.001)
            frame = gpd.GeoDataFrame({"k": list(keys)}, geometry=places, crs="EPSG:4326")
            city.load("plots", frame, key="k", valid_from=str(year), mode="changes")
            layer = city.layer("plots")
            then.append((layer.loads[-1].recorded_at_us, described(layer)))
        layer = city.layer("plots")
        assert layer_as_known(layer, then[0][0] - 1) is None
        for at_us, expected in then:
            assert described(layer_as_known(layer, at_us)) == expected
