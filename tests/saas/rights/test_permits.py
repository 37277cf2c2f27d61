"""Who may do the same shares one view of a city."""

from concurrent.futures import ThreadPoolExecutor

import geopandas
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidDefinition, StcloudError
from stcloud.saas.rights.permits import Permits
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import ANONYMOUS, Principal
from stcloud.space.tilegrid import Tile
from stcloud.testing.vectortiles import read_tile


def test_who_may_do_the_same_shares_one_view(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        text = '[[allow]]\nwho = "role:desk"\ndo = "read"\nlayers = "*"\n'
        permits = Permits(city, Policy.from_toml(text, name="policy.toml"), tmp_path / "copies")
        desk = frozenset({"desk"})
        assert permits.city_for(Principal("a", desk)) is permits.city_for(Principal("b", desk))
        assert (
            permits.city_for(Principal("c"))
            is permits.city_for(ANONYMOUS)
            is not permits.city_for(Principal("a", desk))
        )
        seen = permits.city_for(ANONYMOUS)
        permits.close()
        with pytest.raises(StcloudError, match="closed"):
            seen.layers()
        assert city.layers() == ()


def test_a_policy_that_does_not_fit_is_refused_at_once(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        text = '[[allow]]\nwho = "zhao"\ndo = "read"\nlayers = "nothing"\n'
        with pytest.raises(InvalidDefinition, match="no layer 'nothing'"):
            Permits(city, Policy.from_toml(text, name="policy.toml"))


def test_threads_share_a_view_while_rows_are_loaded(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        rows = pd.DataFrame({"id": [0, 1], "at": "2024-03-01", "lon": 117.0, "lat": 31.9, "kind": ["x", "z"]})
        city.load("requests", rows, key="id", time="at", lon="lon", lat="lat")
        text = '[[allow]]\nwho = "zhao"\ndo = "read"\nlayers = "*"\nwhat = "kind = \'x\'"\n'
        permits = Permits(city, Policy.from_toml(text, name="policy.toml"), tmp_path / "copies")

        def ask(_):
            (record,) = permits.city_for(Principal("zhao")).query("requests").count(by=["kind"]).to_records()
            return record["kind"], record["count"]

        with ThreadPoolExecutor(4) as pool:
            asked = pool.map(ask, range(24))
            for number in range(1, 4):
                city.load("requests", rows.assign(id=[2 * number, 2 * number + 1]))
            answers = list(asked)
        assert {kind for kind, _ in answers} == {"x"}
        assert {count for _, count in answers} <= {1, 2, 3, 4}
        assert ask(0) == ("x", 4)
        permits.close()


def test_groups_that_are_kept_for_tiles_are_those_of_who_asks(tmp_path):
    with stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        rows = pd.DataFrame(
            {"id": [0, 1, 2], "at": "2024-03-01", "lon": 117.0, "lat": 31.9, "kind": ["x", "z", "z"]}
        )
        city.load("requests", rows, key="id", time="at", lon="lon", lat="lat")
        area = geopandas.GeoDataFrame(
            {"k": ["a"]}, geometry=[shapely.box(116.9, 31.8, 117.1, 32)], crs="EPSG:4326"
        )
        city.load("areas", area, key="k", valid_from="2024-01-01")
        text = (
            '[[allow]]\nwho = ["zhao", "qian"]\ndo = "read"\nlayers = "areas"\n'
            '[[allow]]\nwho = "zhao"\ndo = "read"\nlayers = "requests"\nwhat = "kind = \'x\'"\n'
            '[[allow]]\nwho = "qian"\ndo = "read"\nlayers = "requests"\nwhat = "kind = \'z\'"\n'
        )
        permits = Permits(city, Policy.from_toml(text, name="policy.toml"), tmp_path / "copies")

        def count(seen):
            content = seen.query("requests").tile(
                12, *Tile.at(117, 31.9, 12).place, by="in:areas", measures="count"
            )
            return [feature.attributes["count"] for feature in read_tile(content)["requests"].features]

        views = [city, *(permits.city_for(Principal(name)) for name in ("zhao", "qian"))]
        assert [count(view) for view in views * 2] == [[3], [1], [2]] * 2
        permits.close()
